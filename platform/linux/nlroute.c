/* SPDX-License-Identifier: MIT */
#include "nlroute.h"

#include <libmnl/libmnl.h>
#include <linux/rtnetlink.h>

/**
 * struct reading - a route, and the attribute with its ways if it has several
 */
struct reading {
	struct nlroute r;
	const struct nlattr *ways;
};

static int take_metric(const struct nlattr *attr, void *data)
{
	struct nlroute *r = data;

	if (mnl_attr_get_type(attr) == RTAX_MTU)
		r->mtu = mnl_attr_get_u32(attr);
	return MNL_CB_OK;
}

/* Of IPv4 nobody here wants more than that there is one. */
static struct addr6 address6(const struct nlattr *attr)
{
	return mnl_attr_get_payload_len(attr) == 16
		       ? addr6_load(mnl_attr_get_payload(attr))
		       : (struct addr6){ 0, 0 };
}

static int take_attr(const struct nlattr *attr, void *data)
{
	struct reading *g = data;
	struct nlroute *r = &g->r;

	switch (mnl_attr_get_type(attr)) {
	case RTA_OIF:
		r->ifindex = (int)mnl_attr_get_u32(attr);
		break;
	case RTA_TABLE:
		r->table = mnl_attr_get_u32(attr);
		break;
	case RTA_PRIORITY:
		r->metric = mnl_attr_get_u32(attr);
		break;
	case RTA_METRICS:
		return mnl_attr_parse_nested(attr, take_metric, r);
	case RTA_DST:
		r->dst = address6(attr);
		break;
	case RTA_GATEWAY:
		r->via = address6(attr);
		r->gateway = true;
		break;
	case RTA_VIA:
		r->gateway = true;
		break;
	case RTA_MULTIPATH:
		g->ways = attr;
		break;
	}
	return MNL_CB_OK;
}

/* One way of several, and how long it is with what is aligned; 0: it is cut. */
static size_t see_way(const struct reading *g, const struct rtnexthop *way,
		      size_t left,
		      void (*see)(void *ctx, const struct nlroute *r),
		      void *ctx)
{
	struct reading one = { .r = g->r };

	if (left < sizeof(*way) || way->rtnh_len < sizeof(*way) ||
	    way->rtnh_len > left)
		return 0;
	one.r.several = true;
	one.r.ifindex = way->rtnh_ifindex;
	if (mnl_attr_parse_payload(way + 1, way->rtnh_len - sizeof(*way),
				   take_attr, &one) < 0)
		return 0;
	see(ctx, &one.r);
	return RTNH_ALIGN(way->rtnh_len);
}

int nlroute_read(const struct nlmsghdr *h,
		 void (*see)(void *ctx, const struct nlroute *r), void *ctx)
{
	const struct rtmsg *m = mnl_nlmsg_get_payload(h);
	struct reading g = { .r = { .type = m->rtm_type,
				    .protocol = m->rtm_protocol,
				    .dst_len = m->rtm_dst_len } };
	const uint8_t *at;
	size_t left;
	size_t len;

	if (mnl_attr_parse(h, sizeof(*m), take_attr, &g) < 0)
		return MNL_CB_ERROR;
	if (!g.ways) {
		see(ctx, &g.r);
		return MNL_CB_OK;
	}
	at = mnl_attr_get_payload(g.ways);
	left = mnl_attr_get_payload_len(g.ways);
	while ((len = see_way(&g, (const void *)at, left, see, ctx)) != 0) {
		at += len;
		left -= len < left ? len : left;
	}
	return MNL_CB_OK;
}
