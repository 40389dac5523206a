// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * debugfs.c - the text files below /sys/kernel/debug/nicsim.
 *
 * All files may be used at any time. Removal waits for users of a file.
 */
#include <linux/debugfs.h>
#include <linux/module.h>
#include <linux/seq_file.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "nicsim.h"

/* Copies the text that a user has written to a file, without the newline. */
static int get_text(char *to, size_t size, const char __user *from, size_t len)
{
	if (len >= size)
		return -EINVAL;
	if (copy_from_user(to, from, len))
		return -EFAULT;
	to[len] = '\0';
	strim(to);
	return 0;
}

/* ---- knobs: the private data of a file says which knob it is ---- */

struct knob_file {
	struct nicsim_asic *asic;
	enum nicsim_knob knob;
};

static struct knob_file knob_files[NICSIM_KNOB__COUNT];

static ssize_t knob_read(struct file *file, char __user *to, size_t len, loff_t *at)
{
	const struct knob_file *k = file->private_data;
	char text[32];
	int n = nicsim_knob_get(k->asic, k->knob, text, sizeof(text));

	return simple_read_from_buffer(to, len, at, text, n);
}

static ssize_t knob_write(struct file *file, const char __user *from, size_t len, loff_t *at)
{
	const struct knob_file *k = file->private_data;
	char text[32];
	int err = get_text(text, sizeof(text), from, len);

	if (!err)
		err = nicsim_knob_set(k->asic, k->knob, text);
	return err ?: len;
}

static const struct file_operations knob_fops = {
	.owner = THIS_MODULE,
	.open = simple_open,
	.read = knob_read,
	.write = knob_write,
	.llseek = default_llseek,
};

/* ---- files with a show function, and some with a store function ---- */

#define SHOW(name) \
	static int name##_open(struct inode *inode, struct file *file) \
	{ \
		return single_open(file, name##_show, inode->i_private); \
	} \
	static const struct file_operations name##_fops = { \
		.owner = THIS_MODULE, \
		.open = name##_open, \
		.read = seq_read, \
		.llseek = seq_lseek, \
		.release = single_release, \
	}

#define SHOW_AND_STORE(name) \
	static ssize_t name##_write(struct file *file, const char __user *from, size_t len, loff_t *at) \
	{ \
		char text[NICSIM_TEXT_LEN]; \
		int err = get_text(text, sizeof(text), from, len); \
		\
		if (!err) \
			err = name##_store(((struct seq_file *)file->private_data)->private, text); \
		return err ?: len; \
	} \
	static int name##_open(struct inode *inode, struct file *file) \
	{ \
		return single_open(file, name##_show, inode->i_private); \
	} \
	static const struct file_operations name##_fops = { \
		.owner = THIS_MODULE, \
		.open = name##_open, \
		.read = seq_read, \
		.write = name##_write, \
		.llseek = seq_lseek, \
		.release = single_release, \
	}

static u64 total(const struct nicsim_asic *asic, enum nicsim_counter c)
{
	u64 sum = 0;
	unsigned int i;

	for (i = 0; i < asic->num_ports; i++)
		sum += nicsim_counter(&asic->ports[i], c);
	return sum;
}

static int hits_show(struct seq_file *s, void *unused)
{
	seq_printf(s, "%llu\n", total(s->private, NICSIM_C_hits));
	return 0;
}
SHOW(hits);

static int misses_show(struct seq_file *s, void *unused)
{
	seq_printf(s, "%llu\n", total(s->private, NICSIM_C_misses));
	return 0;
}
SHOW(misses);

static int used_show(struct seq_file *s, void *unused)
{
	struct nicsim_asic *asic = s->private;

	seq_printf(s, "%d\n", atomic_read(&asic->used));
	return 0;
}
SHOW(used);

static int peak_show(struct seq_file *s, void *unused)
{
	struct nicsim_asic *asic = s->private;

	seq_printf(s, "%u\n", READ_ONCE(asic->peak));
	return 0;
}
SHOW(peak);

#define TALLY(name) \
	static int name##_show(struct seq_file *s, void *unused) \
	{ \
		struct nicsim_asic *asic = s->private; \
		\
		mutex_lock(&asic->lock); \
		seq_printf(s, "%llu\n", asic->tallies.name); \
		mutex_unlock(&asic->lock); \
		return 0; \
	} \
	SHOW(name)

TALLY(inserts);
TALLY(deletes);
TALLY(refused);
TALLY(lost_rules);
TALLY(stats_reads);
TALLY(unknown_deletes);

/* Prints all counters, summed over all ports, as "name value". */
static int counters_show(struct seq_file *s, void *unused)
{
	struct nicsim_asic *asic = s->private;
	int i;

	for (i = 0; i < NICSIM_C__COUNT; i++)
		seq_printf(s, "%s %llu\n", nicsim_counter_names[i], total(asic, i));
	mutex_lock(&asic->lock);
	seq_printf(s, "entries %u\nused %d\npeak %u\nmasks %u\n", asic->num_entries,
		   atomic_read(&asic->used), asic->peak, asic->num_masks);
	seq_printf(s, "inserts %llu\ndeletes %llu\nrefused %llu\nstats_reads %llu\n",
		   asic->tallies.inserts, asic->tallies.deletes, asic->tallies.refused,
		   asic->tallies.stats_reads);
	seq_printf(s, "unknown_deletes %llu\nlost_rules %llu\nresets %llu\n",
		   asic->tallies.unknown_deletes, asic->tallies.lost_rules, asic->tallies.resets);
	mutex_unlock(&asic->lock);
	return 0;
}
SHOW(counters);

static int port_counters_show(struct seq_file *s, void *unused)
{
	struct nicsim_port *port = s->private;
	int i;

	for (i = 0; i < NICSIM_C__COUNT; i++)
		seq_printf(s, "%s %llu\n", nicsim_counter_names[i], nicsim_counter(port, i));
	return 0;
}
SHOW(port_counters);

static int profile_show(struct seq_file *s, void *unused)
{
	struct nicsim_asic *asic = s->private;

	seq_printf(s, "%s\n", asic->profile->name);
	return 0;
}
SHOW(profile);

static int switch_id_show(struct seq_file *s, void *unused)
{
	struct nicsim_asic *asic = s->private;

	if (asic->switch_id_len)
		seq_printf(s, "%*phN\n", asic->switch_id_len, asic->switch_id);
	else
		seq_puts(s, "none\n");
	return 0;
}

static int switch_id_store(struct nicsim_asic *asic, const char *text)
{
	return nicsim_set_switch_id(asic, text);
}
SHOW_AND_STORE(switch_id);

static int fail_text_show(struct seq_file *s, void *unused)
{
	seq_printf(s, "%s\n", ((struct nicsim_asic *)s->private)->fail_text);
	return 0;
}

/* A concurrent reader may see a mixture of the old and the new text, which is harmless. */
static int fail_text_store(struct nicsim_asic *asic, const char *text)
{
	strscpy(asic->fail_text, text, sizeof(asic->fail_text));
	return 0;
}
SHOW_AND_STORE(fail_text);

static int full_text_show(struct seq_file *s, void *unused)
{
	seq_printf(s, "%s\n", ((struct nicsim_asic *)s->private)->full_text);
	return 0;
}

static int full_text_store(struct nicsim_asic *asic, const char *text)
{
	strscpy(asic->full_text, text, sizeof(asic->full_text));
	return 0;
}
SHOW_AND_STORE(full_text);

static int lose_show(struct seq_file *s, void *unused)
{
	seq_puts(s, "0\n");
	return 0;
}

static int lose_store(struct nicsim_asic *asic, const char *text)
{
	unsigned int n;
	int err = kstrtouint(text, 0, &n);

	if (err)
		return err;
	mutex_lock(&asic->lock);
	nicsim_table_lose(asic, n);
	mutex_unlock(&asic->lock);
	return 0;
}
SHOW_AND_STORE(lose);

static int reset_show(struct seq_file *s, void *unused)
{
	seq_puts(s, "0\n");
	return 0;
}

static int reset_store(struct nicsim_asic *asic, const char *text)
{
	bool is_wanted;
	int err = kstrtobool(text, &is_wanted);

	if (err || !is_wanted)
		return err;
	mutex_lock(&asic->lock);
	nicsim_table_lose(asic, U32_MAX);
	asic->tallies.resets++;
	mutex_unlock(&asic->lock);
	return 0;
}
SHOW_AND_STORE(reset);

static int cable_show(struct seq_file *s, void *unused)
{
	struct nicsim_port *port = s->private;

	seq_printf(s, "%d\n", READ_ONCE(port->has_cable));
	return 0;
}

static int cable_store(struct nicsim_port *port, const char *text)
{
	bool has_cable;
	int err = kstrtobool(text, &has_cable);

	if (!err)
		nicsim_set_cable(port, has_cable);
	return err;
}
SHOW_AND_STORE(cable);

/* ---- entries of the flow table ---- */

static void *entries_start(struct seq_file *s, loff_t *at)
{
	struct nicsim_asic *asic = s->private;

	mutex_lock(&asic->lock);
	return seq_list_start(&asic->entries, *at);
}

static void *entries_next(struct seq_file *s, void *v, loff_t *at)
{
	return seq_list_next(v, &((struct nicsim_asic *)s->private)->entries, at);
}

static void entries_stop(struct seq_file *s, void *v)
{
	mutex_unlock(&((struct nicsim_asic *)s->private)->lock);
}

/* Prints an entry that the hardware has. */
static int rules_show(struct seq_file *s, void *v)
{
	const struct nicsim_entry *e = list_entry(v, struct nicsim_entry, list);

	if (e->mask)
		nicsim_entry_print(s, e);
	return 0;
}

/* Prints an entry that the hardware has lost without telling tc. */
static int lost_show(struct seq_file *s, void *v)
{
	const struct nicsim_entry *e = list_entry(v, struct nicsim_entry, list);

	if (!e->mask)
		nicsim_entry_print(s, e);
	return 0;
}

#define SHOW_ENTRIES(name) \
	static const struct seq_operations name##_seq = { \
		.start = entries_start, \
		.next = entries_next, \
		.stop = entries_stop, \
		.show = name##_show, \
	}; \
	static int name##_open(struct inode *inode, struct file *file) \
	{ \
		int err = seq_open(file, &name##_seq); \
		\
		if (!err) \
			((struct seq_file *)file->private_data)->private = inode->i_private; \
		return err; \
	} \
	static const struct file_operations name##_fops = { \
		.owner = THIS_MODULE, \
		.open = name##_open, \
		.read = seq_read, \
		.llseek = seq_lseek, \
		.release = seq_release, \
	}

SHOW_ENTRIES(rules);
SHOW_ENTRIES(lost);

/* ---- the log: the last requests with their results, and losses ---- */

static int log_show(struct seq_file *s, void *unused)
{
	struct nicsim_asic *asic = s->private;
	u64 i;

	mutex_lock(&asic->lock);
	i = asic->log_next > NICSIM_LOG_SIZE ? asic->log_next - NICSIM_LOG_SIZE : 0;
	for (; i < asic->log_next; i++) {
		const struct nicsim_log *log = &asic->log[i % NICSIM_LOG_SIZE];
		char buf[16];

		seq_printf(s, "%llu %llu.%06llu %c %s", log->number, log->time_ns / NSEC_PER_SEC,
			   log->time_ns % NSEC_PER_SEC / NSEC_PER_USEC, log->op,
			   log->result ? nicsim_errno_name(-log->result, buf, sizeof(buf)) : "ok");
		if (log->text[0])
			seq_printf(s, " \"%s\"", log->text);
		if (log->rule) {
			seq_putc(s, ' ');
			nicsim_rule_print(s, log->rule);
		}
		seq_putc(s, '\n');
	}
	mutex_unlock(&asic->lock);
	return 0;
}
SHOW(log);

/* ---- creation and removal ---- */

void nicsim_debugfs_add(struct nicsim_asic *asic)
{
	struct dentry *dir, *ports;
	unsigned int i;

	dir = debugfs_create_dir(NICSIM_NAME, NULL);
	asic->dir = dir;
	for (i = 0; i < NICSIM_KNOB__COUNT; i++) {
		knob_files[i].asic = asic;
		knob_files[i].knob = i;
		debugfs_create_file(nicsim_knob_rows[i].name, 0644, dir, &knob_files[i], &knob_fops);
	}
#define READ_ONLY(name) debugfs_create_file(#name, 0444, dir, asic, &name##_fops)
#define READ_WRITE(name) debugfs_create_file(#name, 0644, dir, asic, &name##_fops)
	READ_ONLY(hits);
	READ_ONLY(misses);
	READ_ONLY(used);
	READ_ONLY(peak);
	READ_ONLY(inserts);
	READ_ONLY(deletes);
	READ_ONLY(refused);
	READ_ONLY(lost_rules);
	READ_ONLY(stats_reads);
	READ_ONLY(unknown_deletes);
	READ_ONLY(counters);
	READ_ONLY(profile);
	READ_ONLY(rules);
	READ_ONLY(lost);
	READ_ONLY(log);
	READ_WRITE(switch_id);
	READ_WRITE(fail_text);
	READ_WRITE(full_text);
	READ_WRITE(lose);
	READ_WRITE(reset);
#undef READ_ONLY
#undef READ_WRITE
	ports = debugfs_create_dir("ports", dir);
	for (i = 0; i < asic->num_ports; i++) {
		struct nicsim_port *port = &asic->ports[i];
		struct dentry *at;
		char name[16];

		snprintf(name, sizeof(name), "%u", i);
		at = debugfs_create_dir(name, ports);
		debugfs_create_file("counters", 0444, at, port, &port_counters_fops);
		debugfs_create_file("cable", 0644, at, port, &cable_fops);
	}
}

void nicsim_debugfs_del(struct nicsim_asic *asic)
{
	debugfs_remove_recursive(asic->dir);
}
