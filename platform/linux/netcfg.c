/* SPDX-License-Identifier: MIT */
#include "netcfg.h"

#include <errno.h>
#include <linux/netlink.h>
#include <net/if.h>
#include <stdio.h>
#include <sys/socket.h>

#define MTU_MIN 68
#define MTU_MAX 65535

int netcfg_open(struct netcfg *n, int ifindex, bool nat44)
{
	int err;

	*n = (struct netcfg){ .ifindex = ifindex };
	err = nl_open(&n->nl, NETLINK_ROUTE);
	return err || !nat44 ? err : nat44_open(&n->nat44);
}

static bool valid(const struct netcfg *n, const struct netcfg_request *r)
{
	const struct nl_route *route = &r->route;
	const unsigned int longest = route->dst.family == AF_INET ? 32 : 128;

	if (r->op == NETCFG_FORWARDING)
		return true;
	if (route->ifindex != n->ifindex)
		return false;
	if (route->mtu && (route->mtu < MTU_MIN || route->mtu > MTU_MAX))
		return false;
	if (r->op == NETCFG_LINK)
		return route->mtu != 0;
	if (r->op == NETCFG_NAT44 && route->dst.family != AF_INET)
		return false;
	return (route->dst.family == AF_INET ||
		route->dst.family == AF_INET6) &&
	       route->dst.len <= longest;
}

static int add_nat44(struct netcfg *n, const struct nl_net *lan)
{
	char name[IF_NAMESIZE] = "";
	int err;

	(void)if_indextoname((unsigned int)n->ifindex, name);
	err = nat44_add(&n->nat44, n->ifindex, name, lan);
	if (err)
		snprintf(n->nl.error, sizeof(n->nl.error), "%s",
			 n->nat44.nl.error);
	return err;
}

static int carry_out(struct netcfg *n, const struct netcfg_request *r)
{
	char name[IF_NAMESIZE] = "";

	switch (r->op) {
	case NETCFG_LINK:
		return nl_link_set(&n->nl, r->route.ifindex, r->route.mtu);
	case NETCFG_ADDRESS:
		return nl_address_add(&n->nl, r->route.ifindex, &r->route.dst);
	case NETCFG_ADDRESS_DEL:
		return nl_address_del(&n->nl, r->route.ifindex, &r->route.dst);
	case NETCFG_ROUTE_ADD:
		return nl_route_add(&n->nl, &r->route);
	case NETCFG_ROUTE_DEL:
		return nl_route_del(&n->nl, &r->route);
	case NETCFG_NAT44:
		return add_nat44(n, &r->route.dst);
	case NETCFG_FORWARDING:
		(void)if_indextoname((unsigned int)n->ifindex, name);
		return sysctl_forwarding(&n->undo, name);
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
	nat44_close(&n->nat44);
	sysctl_undo(&n->undo);
	nl_close(&n->nl);
}
