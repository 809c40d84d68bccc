/* SPDX-License-Identifier: MIT */
/*
 * ports.h - ports that the kernel is not to give to sockets by itself
 * (net.ipv4.ip_local_reserved_ports)
 */
#ifndef XLAT_LINUX_PORTS_H
#define XLAT_LINUX_PORTS_H

#include <sys/types.h>

#include "base.h"

/**
 * struct ports - what was reserved before us; all zero at first
 * @len:	bytes of it, as the kernel writes it; 0: we reserve nothing
 */
struct ports {
	ssize_t len;
	char was[16384];
};

/**
 * ports_reserve() - reserve these, too
 *
 * Return: 0; -EADDRNOTAVAIL: that would leave none; another -errno
 */
XL_MUST_USE int ports_reserve(struct ports *p, uint32_t first, uint32_t last);

/* ports_restore() - as it was; 0 or -errno. */
XL_MUST_USE int ports_restore(struct ports *p);

#endif
