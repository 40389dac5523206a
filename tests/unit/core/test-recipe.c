/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "unit/unit.h"

#include <string.h>

#include "core/port/recipe.h"
#include "core/rules/slot.h"

static struct tuple tuple_of(const char *text)
{
	struct tuple t;

	assert_int_equal(tuple_from_str(text, &t), 0);
	return t;
}

static unsigned int class_of(const char *in, const char *out)
{
	struct tuple a = tuple_of(in), b = tuple_of(out);

	return recipe_class_of(&a, &b);
}

static void class_of_a_rewrite(void **state UNUSED)
{
	static const char in[] = "tcp 10.0.0.1:1 > 10.0.0.2:2";

	assert_int_equal(class_of(in, in), 0);
	/* An address or a port: both are the same class. */
	assert_int_equal(class_of(in, "tcp 10.9.9.9:1 > 10.0.0.2:2"), RECIPE_SRC);
	assert_int_equal(class_of(in, "tcp 10.0.0.1:9 > 10.0.0.2:2"), RECIPE_SRC);
	assert_int_equal(class_of(in, "tcp 10.0.0.1:1 > 10.9.9.9:2"), RECIPE_DST);
	assert_int_equal(class_of(in, "tcp 10.0.0.1:1 > 10.0.0.2:9"), RECIPE_DST);
	assert_int_equal(class_of(in, "tcp 10.0.0.1:9 > 10.9.9.9:2"), RECIPE_SRC | RECIPE_DST);
	assert_int_equal(class_of("udp 10.0.0.1:1 > 10.0.0.2:2", "udp 10.0.0.1:1 > 10.0.0.2:2"),
			 RECIPE_UDP);
	assert_int_equal(class_of("udp [fd00::1]:1 > [fd00::2]:2", "udp [fd00::3]:3 > [fd00::4]:4"),
			 RECIPE_CLASSES - 1);
	assert_int_equal(class_of("tcp [fd00::1]:1 > [fd00::2]:2", "tcp [fd00::1]:1 > [fd00::2]:2"),
			 RECIPE_IP6);
}

static void names(void **state UNUSED)
{
	static const char *const wanted[RECIPE_CLASSES] = {
		"tcp ip4 routed", "tcp ip6 routed", "udp ip4 routed", "udp ip6 routed",
		"tcp ip4 snat",   "tcp ip6 snat",   "udp ip4 snat",   "udp ip6 snat",
		"tcp ip4 dnat",   "tcp ip6 dnat",   "udp ip4 dnat",   "udp ip6 dnat",
		"tcp ip4 both",   "tcp ip6 both",   "udp ip4 both",   "udp ip6 both",
	};
	char text[RECIPE_CLASS_STR_SIZE];

	for (unsigned int i = 0; i < RECIPE_CLASSES; i++)
		assert_string_equal(recipe_class_to_str(i, text), wanted[i]);
	assert_string_equal(recipe_shape_name(RECIPE_FULL), "full");
	assert_string_equal(recipe_shape_name(RECIPE_IMPLICIT), "implicit-ttl");
	for (unsigned int i = 0; i < RECIPE_SHAPE__COUNT; i++)
		assert_true(strlen(recipe_shape_text(i)) > 1);
	assert_string_equal(recipe_shape_name(RECIPE_SHAPE__COUNT), "?");
	assert_string_equal(recipe_shape_text(RECIPE_SHAPE__COUNT), "?");
}

/* A sample for rules from port 2 to port 3. */
static struct rule sample_of(uint8_t form)
{
	return (struct rule){ .ifindex = 2,
			      .prio = 102,
			      .handle = 77,
			      .family = FAMILY_IP4,
			      .kind = RULE_PROBE,
			      .place = RULE_HARDWARE,
			      .form = form,
			      .ttl = 64,
			      /* A probe must replace these by the rewrites of its class. */
			      .rewrite =
				      RULE_SET_MACS | RULE_DEC_TTL | RULE_SET_SRC | RULE_SET_DPORT,
			      .out_ifindex = 3,
			      .cookie = { .instance = 5, .kind = RULE_PROBE } };
}

static bool is_in(const struct addr *a, const char *prefix, unsigned int len)
{
	enum family family;
	struct addr p;

	assert_int_equal(addr_from_str(prefix, &family, &p), 0);
	return memcmp(a->b, p.b, len / 8) == 0;
}

static bool is_documentation(const struct addr *a, bool is_ip6)
{
	if (is_ip6)
		return is_in(a, "2001:db8::", 32);
	return is_in(a, "192.0.2.0", 24) || is_in(a, "198.51.100.0", 24) ||
	       is_in(a, "203.0.113.0", 24);
}

/* The probe of a class makes the rewrites of this class. */
static void probe_of_each_class(void **state UNUSED)
{
	const struct rule sample = sample_of(RULE_WITH_CSUM);

	for (unsigned int class = 0; class < RECIPE_CLASSES; class ++) {
		bool is_ip6 = class & RECIPE_IP6;
		struct rule r;
		struct tuple out;

		recipe_probe(&sample, class, &r);
		assert_int_equal(r.kind, RULE_PROBE);
		assert_int_equal(r.family, is_ip6 ? FAMILY_IP6 : FAMILY_IP4);
		assert_int_equal(r.match.family, r.family);
		assert_int_equal(r.match.proto, class & RECIPE_UDP ? L4_UDP : L4_TCP);
		assert_int_equal(r.to.proto, r.match.proto);
		/* A prio is for one ethertype. */
		assert_int_equal(r.prio, is_ip6 ? 103 : 102);
		assert_int_equal(r.handle, sample.handle);
		assert_int_equal(r.ifindex, 2);
		assert_int_equal(r.out_ifindex, 3);
		assert_int_equal(r.form, RULE_WITH_CSUM);
		assert_int_equal(r.cookie.instance, 5);
		assert_true(is_documentation(&r.match.src, is_ip6));
		assert_true(is_documentation(&r.match.dst, is_ip6));
		assert_true(is_documentation(&r.to.src, is_ip6));
		assert_true(is_documentation(&r.to.dst, is_ip6));
		out = r.match;
		if (r.rewrite & RULE_SET_SRC)
			out.src = r.to.src;
		if (r.rewrite & RULE_SET_SPORT)
			out.sport = r.to.sport;
		if (r.rewrite & RULE_SET_DST)
			out.dst = r.to.dst;
		if (r.rewrite & RULE_SET_DPORT)
			out.dport = r.to.dport;
		assert_int_equal(recipe_class_of(&r.match, &out), class);
		/* Address and port together, because the class stands for both. */
		assert_int_equal(!(r.rewrite & RULE_SET_SRC), !(r.rewrite & RULE_SET_SPORT));
		assert_int_equal(!(r.rewrite & RULE_SET_DST), !(r.rewrite & RULE_SET_DPORT));
		assert_true(r.rewrite & RULE_DEC_TTL);
		assert_true(r.rewrite & RULE_SET_MACS);
	}
}

static void probe_in_one_prio(void **state UNUSED)
{
	const struct rule sample = sample_of(RULE_ANY_ETHERTYPE);
	struct rule r;

	recipe_probe(&sample, RECIPE_IP6, &r);
	assert_int_equal(r.prio, 102);
	assert_int_equal(r.family, FAMILY_IP6);
	assert_int_equal(rule_where(&r).family, FAMILY_NONE);
}

/* The prio is for the outer tag. */
static void probe_with_tags(void **state UNUSED)
{
	const struct rule sample = sample_of(RULE_WITH_CSUM);
	struct rule r;

	for (unsigned int in = 0; in < VLAN_ENCAP__COUNT; in++) {
		for (unsigned int out = 0; out < VLAN_ENCAP__COUNT; out++) {
			recipe_probe(&sample, 0, &r);
			recipe_tag(&r, 100, in, out);
			assert_int_equal(vlan_encap_of(&r.tags), in);
			assert_int_equal(vlan_encap_of(&r.out_tags), out);
			assert_int_equal(r.handle, sample.handle);
			assert_int_equal(r.prio, 100 + (in == VLAN_UNTAGGED			    ? SLOT_PRIO_FLOW_IP4 :
							in == VLAN_Q || in == VLAN_Q_Q ? SLOT_PRIO_FLOW_Q :
											   SLOT_PRIO_FLOW_AD));
		}
	}
	/* Each pair of encapsulations has a bit. */
	assert_int_equal(recipe_tags_bit(VLAN_UNTAGGED, VLAN_UNTAGGED), 1);
	assert_int_equal(recipe_tags_bit(VLAN_UNTAGGED, VLAN_Q), 2);
	assert_int_equal(recipe_tags_bit(VLAN_Q, VLAN_UNTAGGED), 1 << 5);
	assert_int_equal(recipe_tags_bit(VLAN_AD_Q, VLAN_AD_Q), 1 << 24);
}

static void odd_rules(void **state UNUSED)
{
	const struct rule sample = sample_of(RULE_WITH_CSUM);
	struct rule plain, r;

	recipe_probe(&sample, 0, &plain);
	for (unsigned int n = 0; n < RECIPE_ODD; n++) {
		recipe_odd(&sample, n, &r);
		assert_int_equal(r.form & (RULE_ODD_MATCH | RULE_ODD_REWRITE),
				 n == 0 ? RULE_ODD_MATCH : RULE_ODD_REWRITE);
		/* Apart from that, it is the plain probe. */
		r.form = plain.form;
		assert_true(rule_is_equal(&r, &plain));
	}
	assert_false(plain.form & (RULE_ODD_MATCH | RULE_ODD_REWRITE));
}

static void form_of_each_recipe(void **state UNUSED)
{
	static const uint8_t wanted[RECIPE_SHAPE__COUNT] = {
		[RECIPE_FULL] = RULE_WITH_CSUM,
		[RECIPE_NO_CSUM] = 0,
		[RECIPE_EXACT_TTL] = RULE_WITH_CSUM | RULE_EXACT_TTL,
		[RECIPE_IMPLICIT] = RULE_WITH_CSUM | RULE_WITH_INDEV,
	};

	for (unsigned int i = 0; i < RECIPE_SHAPE__COUNT; i++) {
		struct recipe r = { .shape = (uint8_t)i, .layout = RECIPE_PRIOS };

		assert_int_equal(recipe_form(&r), wanted[i]);
		r.layout = RECIPE_PRIO;
		assert_int_equal(recipe_form(&r), wanted[i] | RULE_ANY_ETHERTYPE);
		r.with_dmac = true;
		assert_int_equal(recipe_form(&r), wanted[i] | RULE_ANY_ETHERTYPE | RULE_WITH_DMAC);
	}
	assert_int_equal(RECIPE_SOFTWARE.classes, RECIPE_CLASSES_ALL);
	assert_true(RECIPE_SOFTWARE.with_dmac);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(class_of_a_rewrite),    cmocka_unit_test(names),
		cmocka_unit_test(probe_of_each_class), cmocka_unit_test(probe_in_one_prio),
		cmocka_unit_test(probe_with_tags),
		cmocka_unit_test(odd_rules),  cmocka_unit_test(form_of_each_recipe),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
