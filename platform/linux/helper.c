/* SPDX-License-Identifier: MIT */
#include "helper.h"

#include <errno.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "log.h"

/*
 * The helper itself. It may: configure the network. It must not: touch
 * packets, open anything, or outlive the engine. Signals to the process group
 * are not for it: it leaves when the engine has left.
 */
static void serve(int fd, struct netcfg *n)
{
	struct netcfg_request r;
	struct netcfg_answer a;

	while (recv(fd, &r, sizeof(r), 0) == (ssize_t)sizeof(r)) {
		a = netcfg_apply(n, &r);
		if (send(fd, &a, sizeof(a), MSG_NOSIGNAL) < 0)
			break;
	}
	netcfg_undo(n);
}

static void run(int fd, const struct netcfg_may *may, struct sandbox_user user,
		enum seccomp_job job) __attribute__((noreturn));

static void run(int fd, const struct netcfg_may *may, struct sandbox_user user,
		enum seccomp_job job)
{
	static const struct view_path files[] = {
		{ "/proc/sys/net/", VIEW_SETTINGS },
		{ FORWARD_NOTES, VIEW_REMOVE },
		{ NULL, 0 },
	};
	const struct sandbox box = { .user = user,
				     .keep = SANDBOX_KEEP_NET_ADMIN,
				     .job = job,
				     .files = files };
	const int keep[] = { fd, may->arrive, may->take };
	struct netcfg n;
	int err;

	/* The TUN above all is closed: it must vanish with the engine. */
	sandbox_leave_parent("xlat-helper", keep, XL_COUNT(keep));
	err = netcfg_open(&n, may);
	if (!err)
		err = sandbox_enter(&box);
	if (!err)
		serve(fd, &n);
	else
		log_error("helper: cannot start (error %d)", -err);
	_exit(err ? 1 : 0);
}

int helper_start(struct helper *h, const struct netcfg_may *may,
		 struct sandbox_user user, enum seccomp_job job)
{
	int pair[2];

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		return -errno;
	h->pid = fork();
	if (h->pid == 0)
		run(pair[1], may, user, job);
	close(pair[1]);
	h->fd = pair[0];
	if (h->pid < 0) {
		close(h->fd);
		return -errno;
	}
	return 0;
}

struct netcfg_answer helper_ask(const struct helper *h,
				const struct netcfg_request *r)
{
	struct netcfg_answer a = { .err = -EPIPE };

	if (send(h->fd, r, sizeof(*r), MSG_NOSIGNAL) < 0)
		return a;
	if (recv(h->fd, &a, sizeof(a), 0) != (ssize_t)sizeof(a))
		a = (struct netcfg_answer){ .err = -EPIPE };
	return a;
}

void helper_stop(struct helper *h)
{
	if (h->fd < 0)
		return;
	close(h->fd);
	h->fd = -1;
	while (waitpid(h->pid, NULL, 0) < 0 && errno == EINTR)
		continue;
}
