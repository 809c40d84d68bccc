/* SPDX-License-Identifier: MIT */
/*
 * dnslocal.c - the machine's own addresses and networks
 */
#include "dnsio.h"

#include <errno.h>
#include <ifaddrs.h>
#include <netinet/in.h>
#include <sys/socket.h>

static bool is_inet(const struct ifaddrs *i)
{
	return i->ifa_addr && (i->ifa_addr->sa_family == AF_INET ||
			       i->ifa_addr->sa_family == AF_INET6);
}

/* Leading one bits of a netmask; IPv4 counted as in ::ffff:0:0/96. */
static uint8_t mask_length(const struct sockaddr *mask, int family)
{
	struct addr6 m;

	if (!mask)
		return 128;
	if (family == AF_INET) {
		m.lo = ntohl(((const struct sockaddr_in *)(const void *)mask)
				     ->sin_addr.s_addr);
		return (uint8_t)(96 + __builtin_popcountll(m.lo));
	}
	m = addr6_load(
		&((const struct sockaddr_in6 *)(const void *)mask)->sin6_addr);
	return (uint8_t)(__builtin_popcountll(m.hi) +
			 __builtin_popcountll(m.lo));
}

int dnsio_networks(struct synth_net6 *nets, uint32_t max)
{
	const struct synth_net6 loopback[] = {
		{ { 0, 1 }, 128 },
		{ { 0, 0xffff7f000000ull }, 104 },
	};
	struct ifaddrs *all;
	uint32_t n = 0;

	for (; n < XL_COUNT(loopback) && n < max; n++)
		nets[n] = loopback[n];
	if (getifaddrs(&all))
		return -errno;
	for (const struct ifaddrs *i = all; i && n < max; i = i->ifa_next) {
		if (!is_inet(i))
			continue;
		nets[n].len =
			mask_length(i->ifa_netmask, i->ifa_addr->sa_family);
		nets[n].addr = addr6_mask(dnsio_from_sockaddr(i->ifa_addr).addr,
					  nets[n].len);
		n++;
	}
	freeifaddrs(all);
	return (int)n;
}

bool dnsio_is_own(struct addr6 addr)
{
	struct ifaddrs *all;
	bool own = false;

	if (getifaddrs(&all))
		return false;
	for (const struct ifaddrs *i = all; i && !own; i = i->ifa_next)
		own = is_inet(i) &&
		      addr6_equal(dnsio_from_sockaddr(i->ifa_addr).addr, addr);
	freeifaddrs(all);
	return own;
}
