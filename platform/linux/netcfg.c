/* SPDX-License-Identifier: MIT */
#include "netcfg.h"

#include <errno.h>
#include <linux/netlink.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "bpfload.h"
#include "clat/ra.h"

#define TABLES  464000000u /* and the last byte of an address */
#define MTU_MIN 68
#define MTU_MAX 65535

int netcfg_open(struct netcfg *n, const struct netcfg_may *may)
{
	int err;

	*n = (struct netcfg){ .may = *may, .steered = -1, .sorted = -1 };
	n->links.program = may->take;
	forward_open(&n->forward);
	err = nl_open(&n->nl, NETLINK_ROUTE);
	return err || !may->nat44 ? err : nat44_open(&n->nat44);
}

/* Not a device of ours, nor more than the prefix of a translator, nor to
 * another place than a router of the link. */
static bool may_hop(const struct netcfg *n, const struct nl_route *r)
{
	const struct pref64 p = { addr6_load(r->dst.addr), r->dst.len };
	char name[IF_NAMESIZE];

	if (!n->may.hop || r->ifindex == n->may.ifindex ||
	    !if_indextoname((unsigned int)r->ifindex, name) ||
	    (n->may.uplink && strcmp(name, n->may.uplink) != 0))
		return false;
	return !r->dst.len ||
	       (r->dst.family == AF_INET6 && ra_prefix_usable(p) &&
		r->via.hi == 0xfe80ull << 48);
}

static bool valid(const struct netcfg *n, const struct netcfg_request *r)
{
	const struct nl_route *route = &r->route;
	const unsigned int longest = route->dst.family == AF_INET ? 32 : 128;

	if (r->op == NETCFG_FORWARDING || r->op == NETCFG_FORWARD6 ||
	    r->op == NETCFG_STEER || r->op == NETCFG_SORT ||
	    r->op == NETCFG_RESERVE)
		return true;
	if (r->op == NETCFG_HOP)
		return may_hop(n, route);
	if (route->ifindex != n->may.ifindex)
		return false;
	if (route->mtu && (route->mtu < MTU_MIN || route->mtu > MTU_MAX))
		return false;
	if (r->op == NETCFG_LINK)
		return route->mtu != 0;
	if ((r->op == NETCFG_NAT44 || r->op == NETCFG_BIND ||
	     r->op == NETCFG_SHARE) &&
	    (route->dst.family != AF_INET || (!route->dst.len && !r->first)))
		return false;
	return (route->dst.family == AF_INET ||
		route->dst.family == AF_INET6) &&
	       route->dst.len <= longest;
}

/* A table for each address: what a run that was killed has left is in the
 * place where it is wanted. */
static uint32_t table_of(const struct nl_net *from)
{
	return TABLES + from->addr[3];
}

/*
 * Linux sends what is bound to an address by whatever route is best. Packets
 * of 192.0.0.0/29 must not be seen on any line (RFC 7335): without the device
 * they go nowhere.
 */
static int add_binding(struct netcfg *n, const struct nl_route *r)
{
	struct nl_route via = { .dst = { .family = AF_INET },
				.ifindex = n->may.ifindex,
				.mtu = r->mtu,
				.table = table_of(&r->dst) };
	int err = nl_route_put(&n->nl, &via);

	if (err)
		return err;
	via.ifindex = 0;
	via.mtu = 0;
	via.metric = UINT32_MAX;
	n->bound = r->dst;
	err = nl_route_add(&n->nl, &via);
	if (!err || err == -EEXIST)
		err = nl_rule_add(&n->nl, &r->dst, via.table);
	return err == -EEXIST ? 0 : err;
}

static int remove_binding(struct netcfg *n)
{
	struct nl_route all = { .dst = { .family = AF_INET },
				.metric = UINT32_MAX };
	int err;

	if (!n->bound.len)
		return 0;
	all.table = table_of(&n->bound);
	err = nl_rule_del(&n->nl, &n->bound, all.table);
	n->bound.len = 0;
	(void)!nl_route_del(&n->nl, &all);
	/* The kernel may have removed it together with the device. */
	all.ifindex = n->may.ifindex;
	all.metric = 0;
	(void)!nl_route_del(&n->nl, &all);
	return err;
}

static int add_nat44(struct netcfg *n, const struct netcfg_request *r)
{
	char name[IF_NAMESIZE] = "";
	int err;

	(void)if_indextoname((unsigned int)n->may.ifindex, name);
	err = nat44_add(&n->nat44, n->may.ifindex, name, &r->route.dst,
			r->first, r->last);
	if (err)
		snprintf(n->nl.error, sizeof(n->nl.error), "%s",
			 n->nat44.nl.error);
	return err;
}

/* From one device to another. */
static int move(int *at, int program, int ifindex)
{
	int link;

	if (program < 0)
		return -ENOTSUP;
	link = bpfload_attach(program, false, ifindex);
	if (link < 0)
		return link;
	bpfload_close(at);
	*at = link;
	return 0;
}

static int share(struct netcfg *n, const struct nl_route *r)
{
	char device[IF_NAMESIZE] = "";
	int err;

	if (n->may.take < 0)
		return -ENOTSUP;
	if (n->links.count == 0) {
		(void)if_indextoname((unsigned int)n->may.ifindex, device);
		err = sysctl_accept_local(device);
		if (err)
			return err;
	}
	return share_follow(&n->links, &n->nl, be_get32(r->dst.addr),
			    n->may.ifindex);
}

static int forward(struct netcfg *n, const struct netcfg_request *r)
{
	const bool host = r->op == NETCFG_FORWARD6;
	char device[IF_NAMESIZE] = "";
	char uplink[IF_NAMESIZE] = "";

	(void)if_indextoname((unsigned int)n->may.ifindex, device);
	if (host && !if_indextoname((unsigned int)r->uplink, uplink))
		return -ENODEV;
	return forward_on(&n->forward, device, host ? uplink : NULL);
}

static int carry_out(struct netcfg *n, const struct netcfg_request *r)
{
	switch (r->op) {
	case NETCFG_LINK:
		return nl_link_set(&n->nl, r->route.ifindex, r->route.mtu);
	case NETCFG_ADDRESS:
		return nl_address_add(&n->nl, r->route.ifindex, &r->route.dst);
	case NETCFG_ADDRESS_DEL:
		return nl_address_del(&n->nl, r->route.ifindex, &r->route.dst);
	case NETCFG_ROUTE_ADD:
		return nl_route_add(&n->nl, &r->route);
	case NETCFG_ROUTE_PUT:
		return nl_route_put(&n->nl, &r->route);
	case NETCFG_ROUTE_DEL:
		return nl_route_del(&n->nl, &r->route);
	case NETCFG_BIND:
		return add_binding(n, &r->route);
	case NETCFG_UNBIND:
		return remove_binding(n);
	case NETCFG_NAT44:
		return add_nat44(n, r);
	case NETCFG_FORWARDING:
	case NETCFG_FORWARD6:
		return forward(n, r);
	case NETCFG_STEER:
		return move(&n->steered, n->may.arrive, r->route.ifindex);
	case NETCFG_SORT:
		return move(&n->sorted, n->may.take, r->route.ifindex);
	case NETCFG_SHARE:
		return share(n, &r->route);
	case NETCFG_HOP:
		return nexthop_set(&n->hop, &n->nl, &r->route);
	case NETCFG_RESERVE:
		return r->first ? ports_reserve(&n->ports, r->first, r->last)
				: ports_restore(&n->ports);
	case NETCFG_OP_COUNT:
		break;
	}
	return -EINVAL;
}

struct netcfg_answer netcfg_apply(struct netcfg *n,
				  const struct netcfg_request *r)
{
	struct netcfg_answer a = { .err = -EINVAL };

	if (!valid(n, r))
		return a;
	n->nl.error[0] = '\0';
	a.err = carry_out(n, r);
	if (a.err < 0)
		snprintf(a.text, sizeof(a.text), "%s", n->nl.error);
	return a;
}

void netcfg_undo(struct netcfg *n)
{
	(void)!ports_restore(&n->ports);
	(void)!remove_binding(n);
	nexthop_undo(&n->hop, &n->nl);
	nat44_close(&n->nat44);
	forward_close(&n->forward);
	nl_close(&n->nl);
}
