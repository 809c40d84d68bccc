/* SPDX-License-Identifier: MIT */
/*
 * helper.h - the small process that keeps CAP_NET_ADMIN
 *
 * The packet engine has no capability. What changes the machine's network is
 * asked of a child that does nothing else: it reads fixed-size requests from
 * a socket pair, checks and carries out each (netcfg.h), and answers. When
 * the socket pair closes, because the engine left or was killed, it undoes
 * what would outlive the TUN, and leaves too.
 */
#ifndef XLAT_LINUX_HELPER_H
#define XLAT_LINUX_HELPER_H

#include "netcfg.h"
#include "sandbox.h"

/**
 * struct helper - the engine's side
 */
struct helper {
	int fd;
	pid_t pid;
};

/**
 * helper_start() - fork the helper
 * @may:	what it may be asked for
 * @user:	whom it becomes; it keeps CAP_NET_ADMIN
 * @job:	SECCOMP_HELPER or SECCOMP_OFF
 *
 * To be called while the process still has its privileges, and has one thread.
 *
 * Return: 0 or -errno
 */
XL_MUST_USE int helper_start(struct helper *h, const struct netcfg_may *may,
			     struct sandbox_user user, enum seccomp_job job);

/**
 * helper_ask() - have a request carried out
 *
 * Return: the answer; its @err is -EPIPE when the helper is gone
 */
struct netcfg_answer helper_ask(const struct helper *h,
				const struct netcfg_request *r);

/**
 * helper_stop() - let the helper undo what it did, and wait until it has
 */
void helper_stop(struct helper *h);

#endif
