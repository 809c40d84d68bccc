/* SPDX-License-Identifier: MIT */
/*
 * mtu.h - MTUs of the CLAT's device and routes
 *
 * The device carries both families and so has the MTU of IPv6. IPv4 routes
 * leave room for what translation adds: 20 bytes for the longer header, and 8
 * for the Fragment header of packets that the kernel has cut to this very MTU.
 */
#ifndef XLAT_CLAT_MTU_H
#define XLAT_CLAT_MTU_H

#include "wire/ip.h"

#define MTU_GROWTH (IP6_HDR_LEN - IP4_HDR_LEN + IP6_FRAG_LEN)

/* Of the TUN: below 1280 the kernel would switch IPv6 off there. */
static inline uint32_t mtu_tun(uint32_t uplink)
{
	return uplink < IP6_MTU_MIN ? IP6_MTU_MIN : uplink;
}

/**
 * mtu_route4() - of the IPv4 routes
 * @uplink:	IPv6 MTU of the uplink; @path: of the route to the translator
 */
static inline uint32_t mtu_route4(uint32_t uplink, uint32_t path)
{
	return mtu_tun(path < uplink ? path : uplink) - MTU_GROWTH;
}

#endif
