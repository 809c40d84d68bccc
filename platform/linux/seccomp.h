/* SPDX-License-Identifier: MIT */
/*
 * seccomp.h - the system calls that a process may still make
 *
 * One list a job, in seccomp.c; a name that the kernel headers do not know
 * does not compile. Anything else kills the process: it can only be a bug of
 * ours, or somebody who makes use of one.
 */
#ifndef XLAT_LINUX_SECCOMP_H
#define XLAT_LINUX_SECCOMP_H

#include "base.h"

/**
 * enum seccomp_job - what a process is there for
 * @SECCOMP_OFF:	no filter (--no-sandbox)
 * @SECCOMP_ENGINE:	packets of a TUN, clients of ctl and metrics
 * @SECCOMP_CREW:	the same, by several threads
 * @SECCOMP_FOLLOWER:	what @SECCOMP_ENGINE may, and the network is followed
 * @SECCOMP_DOCTOR:	what @SECCOMP_FOLLOWER may, and it speaks to a terminal
 * @SECCOMP_RESOLVER:	clients of ctl and metrics, and sockets for DNS
 * @SECCOMP_KEEPER:	one file, written again and again
 * @SECCOMP_HELPER:	netlink and settings below /proc/sys
 */
enum seccomp_job {
	SECCOMP_OFF,
	SECCOMP_ENGINE,
	SECCOMP_CREW,
	SECCOMP_FOLLOWER,
	SECCOMP_DOCTOR,
	SECCOMP_RESOLVER,
	SECCOMP_KEEPER,
	SECCOMP_HELPER,
};

/**
 * seccomp_enter() - allow nothing but what the job needs, for good
 *
 * The process must not be able to gain privileges (no_new_privs).
 *
 * Return: 0; -EINVAL, -ENOSYS: this kernel has no filters; another -errno
 */
XL_MUST_USE int seccomp_enter(enum seccomp_job job);

#endif
