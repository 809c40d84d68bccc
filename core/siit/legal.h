/* SPDX-License-Identifier: MIT */
/*
 * legal.h - addresses that no host has (eBPF-clean)
 */
#ifndef XLAT_SIIT_LEGAL_H
#define XLAT_SIIT_LEGAL_H

#include "wire/ip.h"

/* RFC 1812, 5.3.7. */
XL_INLINE bool legal_never4(uint32_t addr)
{
	const uint32_t net = addr >> 24;

	return net == 0 || net == 127 || net >= 224;
}

/* 169.254/16: a link-local service, such as a cloud's 169.254.169.254, is not
 * to be reached through a translator. */
XL_INLINE bool legal_local4(uint32_t addr)
{
	return addr >> 16 == 0xa9fe;
}

/* RFC 4291, 2.5. */
XL_INLINE bool legal_never6(struct addr6 addr)
{
	if (addr.hi == 0)
		return addr.lo <= 1;
	return addr.hi >> 56 == 0xff || addr.hi >> 54 == 0xfe80 >> 6;
}

#endif
