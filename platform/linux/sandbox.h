/* SPDX-License-Identifier: MIT */
/*
 * sandbox.h - giving up authority once everything is open
 */
#ifndef XLAT_LINUX_SANDBOX_H
#define XLAT_LINUX_SANDBOX_H

#include <sys/types.h>

#include "seccomp.h"

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
 * sandbox_enter() - become @user, for good
 * @keep:	capabilities that stay
 * @job:	system calls that stay
 *
 * Afterwards the process may use what is open, and with
 * SANDBOX_KEEP_NET_ADMIN configure the network of its namespace. It must not
 * be able to: gain a privilege (no_new_privs, empty bounding set), be traced
 * or dump memory (not dumpable), make a system call that is not its job's.
 *
 * Return: 0 or -errno; on failure the caller must not go on
 */
XL_MUST_USE int sandbox_enter(struct sandbox_user user, enum sandbox_keep keep,
			      enum seccomp_job job);

#endif
