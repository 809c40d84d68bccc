/* SPDX-License-Identifier: MIT */
/*
 * sandbox.h - giving up authority once everything is open
 */
#ifndef XLAT_LINUX_SANDBOX_H
#define XLAT_LINUX_SANDBOX_H

#include <sys/types.h>

#include "seccomp.h"
#include "view.h"

/**
 * struct sandbox_user - whom a process becomes
 */
struct sandbox_user {
	uid_t uid;
	gid_t gid;
};

/**
 * sandbox_find_user() - look a user up by name
 *
 * "nobody" is 65534 where /etc/passwd does not know it: a router may have
 * none.
 *
 * Return: false: there is no such user
 */
XL_MUST_USE bool sandbox_find_user(const char *name, struct sandbox_user *out);

enum sandbox_keep { SANDBOX_KEEP_NOTHING, SANDBOX_KEEP_NET_ADMIN };

/**
 * struct sandbox - what a process gives up, and what it keeps
 * @user:	whom it becomes
 * @keep:	capabilities that stay
 * @job:	system calls that stay; SECCOMP_OFF: all, and all files
 * @files:	that stay in view; NULL: none
 */
struct sandbox {
	struct sandbox_user user;
	enum sandbox_keep keep;
	enum seccomp_job job;
	const struct view_path *files;
};

/**
 * sandbox_enter() - go in, for good
 *
 * Afterwards the process may use what is open, and with
 * SANDBOX_KEEP_NET_ADMIN configure the network of its namespace. It must not
 * be able to: gain a privilege (no_new_privs, empty bounding set), be traced
 * or dump memory (not dumpable), make a system call that is not its job's,
 * reach a file that is not in its view. A kernel without Landlock has no
 * views; that is the caller's to tell (view_possible()).
 *
 * Return: 0 or -errno; on failure the caller must not go on
 */
XL_MUST_USE int sandbox_enter(const struct sandbox *s);

/**
 * sandbox_leave_parent() - what a child does first
 * @name:	its own, for whoever looks at the processes
 * @keep:	@count descriptors that stay open, as the log does
 *
 * Signals to the process group are not for it: it leaves when its parent does.
 */
void sandbox_leave_parent(const char *name, const int *keep, size_t count);

#endif
