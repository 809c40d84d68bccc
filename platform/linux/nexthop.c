/* SPDX-License-Identifier: MIT */
#include "nexthop.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#include "nlroute.h"

/* Behind a route that an operator would add. */
#define METRIC 2048u

/**
 * struct seen - what is there while it is listed
 * @it, @other: there is a default route to that router, and to another one
 * @left:	a route of ours that a run before this has left
 */
struct seen {
	const struct nl_route *want;
	bool it;
	bool other;
	struct nl_route left;
};

static void take(void *ctx, const struct nlroute *r)
{
	struct seen *s = ctx;

	if (!r->via.hi || r->ifindex != s->want->ifindex)
		return;
	if (!r->dst_len && addr6_equal(r->via, s->want->via))
		s->it = true;
	else if (!r->dst_len)
		s->other = true;
	else if (r->protocol == NL_ROUTE_PROTOCOL && r->metric == METRIC)
		s->left = (struct nl_route){ nl_net6(r->dst, r->dst_len),
					     r->ifindex,
					     METRIC,
					     0,
					     0,
					     r->via };
}

/* Once for a device. Of another process of ours that is there, too, the route
 * is back at its next look. */
static int look(struct nexthop *x, struct nl *nl, struct seen *s)
{
	int err = nl_routes(nl, AF_INET6, s->want->ifindex, take, s);

	while (!err && s->left.dst.len && x->swept != s->want->ifindex) {
		err = nl_route_del(nl, &s->left);
		s->left.dst.len = 0;
		if (!err)
			err = nl_routes(nl, AF_INET6, s->want->ifindex, take,
					s);
	}
	x->swept = s->want->ifindex;
	return err;
}

void nexthop_undo(struct nexthop *x, struct nl *nl)
{
	/* The kernel may have removed it together with the link. */
	if (x->route.dst.len)
		(void)!nl_route_del(nl, &x->route);
	x->route.dst.len = 0;
}

int nexthop_set(struct nexthop *x, struct nl *nl, const struct nl_route *want)
{
	struct nl_route *r = &x->route;
	struct seen s = { .want = want };
	int err = look(x, nl, &s);
	const bool may = !err && s.it && s.other && want->dst.len;

	if (!may || r->ifindex != want->ifindex ||
	    !addr6_equal(r->via, want->via) ||
	    memcmp(&r->dst, &want->dst, sizeof(r->dst)) != 0)
		nexthop_undo(x, nl);
	if (!may)
		return err;
	*r = *want;
	r->metric = METRIC;
	err = nl_route_add(nl, r);
	return err && err != -EEXIST ? err : 1;
}
