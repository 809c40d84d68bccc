/* SPDX-License-Identifier: MIT */
/*
 * sysctl.h - kernel settings under /proc/sys, with a memory of what they were
 */
#ifndef XLAT_LINUX_SYSCTL_H
#define XLAT_LINUX_SYSCTL_H

#include "base.h"

#define SYSCTL_UNDO_MAX 256
#define SYSCTL_NAME_LEN 96

/**
 * struct sysctl_undo - what was changed, in order
 */
struct sysctl_undo {
	unsigned int count;
	struct {
		char name[SYSCTL_NAME_LEN];
		int was;
	} done[SYSCTL_UNDO_MAX];
};

/**
 * sysctl_get() - read an integer setting
 * @name:	below /proc/sys, "net/ipv4/ip_forward"
 *
 * Return: 0 or -errno
 */
XL_MUST_USE int sysctl_get(const char *name, int *value);

/**
 * sysctl_set() - change an integer setting, and remember what it was
 *
 * Nothing happens where it has this value already.
 *
 * Return: 1: changed; 0: it was so; -errno
 */
XL_MUST_USE int sysctl_set(struct sysctl_undo *undo, const char *name,
			   int value);

/**
 * sysctl_forwarding() - let the machine forward both families
 * @except:	interface that never gets advertisements, and will vanish
 *
 * Switching IPv6 forwarding on makes the kernel ignore router advertisements
 * where accept_ra is 1, and lose its default route: there it is made 2 first.
 * What the kernel overwrites along the way is remembered, too.
 *
 * Return: how many settings are to be put back, or -errno
 */
XL_MUST_USE int sysctl_forwarding(struct sysctl_undo *undo, const char *except);

/**
 * sysctl_forward_host() - let a host forward IPv6 between its uplink and a
 * device, and as little else as can be
 * @device:	it will vanish
 *
 * Linux 6.17 forwards what comes in by single interfaces, which stay a host's
 * otherwise. Before, it is IPv6 forwarding for all, as above.
 *
 * Return: how many settings are to be put back, or -errno
 */
XL_MUST_USE int sysctl_forward_host(struct sysctl_undo *undo,
				    const char *device, const char *uplink);

/**
 * sysctl_accept_local() - packets that come in by a device may be from an
 * address of this machine
 * @device:	it will vanish
 *
 * Reverse path filtering would refuse them all the same where the device has
 * no address of its own: it is switched off there. Where it is on for all, that
 * is told.
 *
 * Return: 0 or -errno
 */
XL_MUST_USE int sysctl_accept_local(const char *device);

/* Put back what was changed, last first. */
void sysctl_undo(struct sysctl_undo *undo);

#endif
