/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/control/ctlsock.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/counter.h"
#include "base/log.h"
#include "base/util.h"

LOG_TAG("ctlsock");

COUNTER(ctl_clients, "control clients accepted");
COUNTER(ctl_clients_refused, "control clients turned away because there were too many");

/* Clients accepted per wake-up. */
#define ACCEPT_BUDGET 16
#define CHECK_INTERVAL_MS 1000

struct ctlsock {
	struct ctl_host host;
	int fd;
	struct loop_fd *source;
	struct loop_timer *check; /* active while there are clients */
	bool is_paused;           /* no descriptor or memory left: accept nothing until the next
				   * check */
	unsigned int stall_ms;
	uid_t own_uid;
	bool has_group;
	gid_t group;
	char *group_name; /* "" if there is none */
	struct sockaddr_un addr;
	bool is_bound; /* the socket file is ours, with this device and inode: */
	dev_t dev;
	ino_t ino;
};

/* ---- the socket file */

static int make_dir(const char *dir)
{
	/* chmod() because mkdir() applies the umask. An existing directory is left unchanged. */
	if (mkdir(dir, 0755) == 0 && chmod(dir, 0755) == 0)
		return 0;
	if (errno == EEXIST)
		return 0;
	log_error("%s: cannot create the directory: %s", dir, strerror(errno));
	return -errno;
}

/* Connects to find out whether a process listens there. Returns 0 if none does, else the
 * error that forbids replacing the socket. */
static int probe(const struct sockaddr_un *addr)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	int err = 0;

	if (fd < 0)
		return -errno;
	if (connect(fd, (const struct sockaddr *)addr, sizeof(*addr)) == 0 || errno == EAGAIN ||
	    errno == EPROTOTYPE)
		err = -EADDRINUSE;
	else if (errno != ECONNREFUSED && errno != ENOENT)
		err = -errno;
	close(fd);
	return err;
}

static int say_in_use(const char *path)
{
	log_error("%s: another nft-offloadd is running: stop it, or use another socket (-s)", path);
	return -EADDRINUSE;
}

int ctlsock_check(const char *path)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };

	if (strlen(path) >= sizeof(addr.sun_path))
		return 0; /* nobody can listen at such a path */
	strcpy(addr.sun_path, path);
	return probe(&addr) == -EADDRINUSE ? say_in_use(path) : 0;
}

/* Removes the socket of a daemon that is no longer running. */
static int remove_stale(const struct sockaddr_un *addr)
{
	const char *path = addr->sun_path;
	struct stat st;
	int err;

	if (lstat(path, &st) < 0) {
		if (errno == ENOENT)
			return 0;
		err = -errno;
		log_error("%s: cannot check for an old socket: %s", path, strerror(-err));
		return err;
	}
	if (!S_ISSOCK(st.st_mode)) {
		log_error("%s: exists but is not a socket: remove it, or change control-socket",
			  path);
		return -EEXIST;
	}
	err = probe(addr);
	if (err == -EADDRINUSE)
		return say_in_use(path);
	if (!err && unlink(path) < 0 && errno != ENOENT)
		err = -errno;
	if (err)
		log_error("%s: cannot replace the old socket: %s", path, strerror(-err));
	return err;
}

static int bind_and_listen(struct ctlsock *sock)
{
	const char *path = sock->addr.sun_path;
	struct stat st;
	int err;

	err = remove_stale(&sock->addr);
	if (err)
		return err;
	/* Everyone may connect, so that they can be told what they may call. Nobody can
	 * connect before listen(). */
	if (bind(sock->fd, (struct sockaddr *)&sock->addr, sizeof(sock->addr)) < 0 ||
	    chmod(path, 0666) < 0 || lstat(path, &st) < 0 ||
	    listen(sock->fd, CTL_CLIENTS_MAX) < 0) {
		err = -errno;
		log_error("%s: cannot listen: %s", path, strerror(errno));
		return err;
	}
	sock->is_bound = true;
	sock->dev = st.st_dev;
	sock->ino = st.st_ino;
	return 0;
}

/* Locks the directory, so that two daemons that start at the same time do not both find the
 * socket unused. */
static int open_path(struct ctlsock *sock)
{
	const char *path = sock->addr.sun_path;
	const char *slash = strrchr(path, '/');
	char dir[sizeof(sock->addr.sun_path)] = ".";
	int dirfd, err;

	if (slash) {
		memset(dir, 0, sizeof(dir));
		memcpy(dir, path, slash == path ? 1 : (size_t)(slash - path));
	}
	err = make_dir(dir);
	if (err)
		return err;
	dirfd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dirfd < 0 || flock(dirfd, LOCK_EX | LOCK_NB) < 0) {
		err = errno == EWOULDBLOCK ? -EADDRINUSE : -errno;
		log_error("%s: %s", dir,
			  err == -EADDRINUSE ? "another nft-offloadd is starting with a socket here"
					     : strerror(errno));
	} else {
		err = bind_and_listen(sock);
	}
	if (dirfd >= 0)
		close(dirfd);
	return err;
}

/* ---- rights */

enum ctl_rights ctlsock_rights_of(const struct ctlsock_peer *peer, uid_t own_uid,
				  const gid_t *group)
{
	if (peer->uid == 0 || peer->uid == own_uid)
		return CTL_RIGHTS_FULL;
	if (!group)
		return CTL_RIGHTS_NONE;
	if (peer->gid == *group)
		return CTL_RIGHTS_READ;
	for (size_t i = 0; i < peer->n_groups; i++) {
		if (peer->groups[i] == *group)
			return CTL_RIGHTS_READ;
	}
	return CTL_RIGHTS_NONE;
}

/* The peer's supplementary groups as the kernel knows them; no name service is involved. */
static gid_t *get_groups(int fd, size_t *ret_n)
{
	socklen_t len = 0;
	gid_t *groups = NULL;

	*ret_n = 0;
	if (getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, NULL, &len) < 0 && errno == ERANGE)
		groups = malloc(len);
	if (!groups)
		return NULL;
	if (getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, groups, &len) < 0) {
		free(groups);
		return NULL;
	}
	*ret_n = len / sizeof(*groups);
	return groups;
}

static enum ctl_rights get_rights(const struct ctlsock *sock, int fd)
{
	enum ctl_rights rights;
	struct ucred cred;
	socklen_t len = sizeof(cred);
	struct ctlsock_peer peer;
	gid_t *groups;

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &cred, &len) < 0)
		return CTL_RIGHTS_NONE;
	groups = get_groups(fd, &peer.n_groups);
	peer.uid = cred.uid;
	peer.gid = cred.gid;
	peer.groups = groups;
	rights = ctlsock_rights_of(&peer, sock->own_uid, sock->has_group ? &sock->group : NULL);
	free(groups);
	return rights;
}

/* ---- clients */

unsigned int ctlsock_client_count(const struct ctlsock *sock)
{
	unsigned int n = 0;

	for (int i = 0; i < CTL_RIGHTS__COUNT; i++)
		n += sock->host.n_clients[i];
	return n;
}

static bool has_place(const struct ctlsock *sock, enum ctl_rights rights)
{
	unsigned int n = ctlsock_client_count(sock);

	if (rights == CTL_RIGHTS_FULL)
		return n < CTL_CLIENTS_MAX;
	if (rights == CTL_RIGHTS_NONE &&
	    sock->host.n_clients[CTL_RIGHTS_NONE] >= CTLSOCK_CLIENTS_STRANGERS)
		return false;
	return n < CTL_CLIENTS_MAX - CTLSOCK_CLIENTS_RESERVED;
}

static void turn_away(int fd)
{
	static const char text[] = "{\"error\":\"" CTL_ERROR_BUSY "\","
				   "\"parameters\":{\"text\":\"too many clients\"}}";

	counter_inc(&ctl_clients_refused);
	log_warning("too many control clients; turned one away");
	/* If the client cannot receive it, nothing is lost. */
	IGNORE_RESULT(send(fd, text, sizeof(text), MSG_NOSIGNAL | MSG_DONTWAIT));
	close(fd);
}

int ctlsock_add_client(struct ctlsock *sock, int fd, enum ctl_rights rights)
{
	int err;

	if (!has_place(sock, rights)) {
		turn_away(fd);
		return -EBUSY;
	}
	err = ctl_client_new(&sock->host, fd, rights);
	if (err)
		return err;
	counter_inc(&ctl_clients);
	if (!loop_timer_is_active(sock->check))
		loop_timer_set(sock->check, MIN_T(unsigned int, CHECK_INTERVAL_MS, sock->stall_ms),
			       MIN_T(unsigned int, CHECK_INTERVAL_MS, sock->stall_ms));
	return 0;
}

static void on_check(void *ctx)
{
	struct ctlsock *sock = ctx;

	ctl_client_check_all(&sock->host, sock->stall_ms);
	if (sock->is_paused) {
		sock->is_paused = false;
		loop_fd_mod(sock->source, LOOP_READ);
	}
	if (!ctlsock_client_count(sock))
		loop_timer_stop(sock->check);
}

/* No descriptor or memory for another client: try again at the next check. */
static void pause_accept(struct ctlsock *sock)
{
	log_warning("cannot accept control clients; trying again in a second: %s", strerror(errno));
	sock->is_paused = true;
	loop_fd_mod(sock->source, 0);
	loop_timer_set(sock->check, CHECK_INTERVAL_MS, CHECK_INTERVAL_MS);
}

static void on_connect(void *ctx, int fd, unsigned int events UNUSED)
{
	struct ctlsock *sock = ctx;

	for (int i = 0; i < ACCEPT_BUDGET; i++) {
		int client = accept4(fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);

		if (client >= 0) {
			/* ctlsock_add_client() counts a refusal and tells the client. */
			IGNORE_RESULT(ctlsock_add_client(sock, client, get_rights(sock, client)));
		} else if (errno == EAGAIN || errno == EWOULDBLOCK) {
			return;
		} else if (errno != EINTR && errno != ECONNABORTED) {
			pause_accept(sock);
			return;
		}
	}
}

/* ---- start and stop */

static int find_group(struct ctlsock *sock, const char *name)
{
	const struct group *group;

	sock->group_name = strdup(name ? name : "");
	if (!sock->group_name)
		return -ENOMEM;
	sock->host.group = sock->group_name;
	if (!sock->group_name[0])
		return 0;
	group = getgrnam(name);
	if (!group) {
		log_error(
			"control-group %s: there is no such group; create it, or change the key",
			name);
		return -ENOENT;
	}
	sock->has_group = true;
	sock->group = group->gr_gid;
	return 0;
}

static int open_sock(struct ctlsock *sock, const char *path)
{
	int err;

	if (strlen(path) >= sizeof(sock->addr.sun_path)) {
		log_error("%s: the path is longer than %zu characters", path,
			  sizeof(sock->addr.sun_path) - 1);
		return -ENAMETOOLONG;
	}
	sock->addr.sun_family = AF_UNIX;
	memcpy(sock->addr.sun_path, path, strlen(path));
	sock->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (sock->fd < 0) {
		err = -errno;
		log_error("cannot create a socket: %s", strerror(errno));
		return err;
	}
	err = open_path(sock);
	if (err)
		return err;
	sock->check = loop_timer_add(sock->host.loop, "ctl-check", on_check, sock);
	sock->source =
		loop_fd_add(sock->host.loop, sock->fd, LOOP_READ, "ctl-accept", on_connect, sock);
	return sock->check && sock->source ? 0 : -ENOMEM;
}

int ctlsock_new(struct loop *loop, const char *path, const char *group,
		const struct ctl_command *commands, size_t n_commands, void *ctx,
		struct ctlsock **ret)
{
	struct ctlsock *sock = calloc(1, sizeof(*sock));
	int err;

	if (!sock)
		return -ENOMEM;
	sock->fd = -1;
	sock->own_uid = geteuid();
	sock->stall_ms = CTLSOCK_STALL_MS;
	sock->host = (struct ctl_host){
		.loop = loop,
		.commands = commands,
		.n_commands = n_commands,
		.ctx = ctx,
	};
	list_init(&sock->host.clients);

	err = find_group(sock, group);
	if (!err)
		err = open_sock(sock, path);
	if (err) {
		ctlsock_free(sock);
		return err;
	}
	*ret = sock;
	return 0;
}

static void remove_file(const struct ctlsock *sock)
{
	const char *path = sock->addr.sun_path;
	struct stat st;

	if (!sock->is_bound || lstat(path, &st) < 0)
		return;
	if (st.st_dev == sock->dev && st.st_ino == sock->ino && unlink(path) < 0)
		log_warning("%s: cannot remove the socket: %s", path, strerror(errno));
}

void ctlsock_free(struct ctlsock *sock)
{
	if (!sock)
		return;
	ctl_client_free_all(&sock->host);
	loop_fd_del(sock->source);
	loop_timer_del(sock->check);
	remove_file(sock);
	if (sock->fd >= 0)
		close(sock->fd);
	free(sock->group_name);
	free(sock);
}

void ctlsock_set_stall_ms(struct ctlsock *sock, unsigned int ms)
{
	sock->stall_ms = ms;
}
