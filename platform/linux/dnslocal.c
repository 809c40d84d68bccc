/* SPDX-License-Identifier: MIT */
/*
 * dnslocal.c - the machine's own addresses and networks
 */
#include "dnsio.h"

#include <linux/netlink.h>
#include <sys/socket.h>

#include "nl.h"

static int list(nl_see_address *see, void *ctx)
{
	struct nl nl;
	int err = nl_open(&nl, NETLINK_ROUTE);

	if (err)
		return err;
	err = nl_addresses(&nl, AF_UNSPEC, see, ctx);
	nl_close(&nl);
	return err;
}

/* IPv4 as in ::ffff:0:0/96. */
static struct synth_net6 net6(const struct nl_net *n)
{
	if (n->family == AF_INET6)
		return (struct synth_net6){ addr6_load(n->addr), n->len };
	return (struct synth_net6){
		{ 0, 0xffff00000000ull | be_get32(n->addr) },
		(uint8_t)(96 + n->len),
	};
}

struct networks {
	struct synth_net6 *nets;
	uint32_t max;
	uint32_t count;
};

static void add(void *ctx, int ifindex, const struct nl_net *addr)
{
	struct networks *n = ctx;
	struct synth_net6 net = net6(addr);

	(void)ifindex;
	net.addr = addr6_mask(net.addr, net.len);
	if (n->count < n->max)
		n->nets[n->count++] = net;
}

int dnsio_networks(struct synth_net6 *nets, uint32_t max)
{
	struct networks n = { nets, max, 0 };
	const struct nl_net loopback[] = {
		nl_net6((struct addr6){ 0, 1 }, 128),
		nl_net4(0x7f000000, 8),
	};
	int err;

	for (uint32_t i = 0; i < XL_COUNT(loopback); i++)
		add(&n, 0, &loopback[i]);
	err = list(add, &n);
	return err ? err : (int)n.count;
}

struct asked {
	struct addr6 addr;
	bool own;
};

static void compare(void *ctx, int ifindex, const struct nl_net *addr)
{
	struct asked *a = ctx;

	(void)ifindex;
	a->own |= addr6_equal(net6(addr).addr, a->addr);
}

bool dnsio_is_own(struct addr6 addr)
{
	struct asked a = { addr, false };

	return list(compare, &a) == 0 && a.own;
}
