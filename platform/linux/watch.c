/* SPDX-License-Identifier: MIT */
#include "watch.h"

#include <arpa/inet.h>
#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/if_addr.h>
#include <linux/if_arp.h>
#include <linux/if_link.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "nlroute.h"
#include "sysctl.h"

#define RECEIVE_BUFFER (1 << 20)
#define OPTION_MAX     512u        /* longer ones are cut, and not understood */
#define RFC7335_NET    0xc0000000u /* 192.0.0.0/29 */
#define RFC7335_LEN    29u

/* A stranger's address, to which only a default route leads (RFC 5737). */
#define SOMEWHERE4     0xc0000201u

/* Options of advertisements are news by themselves. Of all other messages the
 * contents do not matter, nor that some were lost. */
static bool is_change(struct watch *w, const struct nlmsghdr *h, ssize_t n)
{
	if (n < (ssize_t)sizeof(*h) || h->nlmsg_type != RTM_NEWNDUSEROPT)
		return true;
	if (w->option)
		w->option(w, h, (size_t)n);
	return false;
}

static void drain(struct ev_loop *loop, struct ev *ev, uint32_t events)
{
	struct watch *w = (struct watch *)(void *)ev;
	uint8_t buf[OPTION_MAX] __attribute__((aligned(8)));
	bool changed = false;
	ssize_t n;

	(void)loop;
	(void)events;
	for (;;) {
		n = recv(ev->fd, buf, sizeof(buf), MSG_DONTWAIT);
		if (n < 0 && errno != ENOBUFS)
			break;
		changed |= is_change(w, (const void *)buf, n);
	}
	if (changed)
		w->changed(w);
}

static int subscribe(int fd)
{
	const struct sockaddr_nl groups = {
		.nl_family = AF_NETLINK,
		.nl_groups = RTMGRP_LINK | RTMGRP_IPV4_IFADDR |
			     RTMGRP_IPV6_IFADDR | RTMGRP_IPV4_ROUTE |
			     RTMGRP_IPV6_ROUTE | 1 << (RTNLGRP_ND_USEROPT - 1),
	};
	const int size = RECEIVE_BUFFER;

	(void)setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size));
	return bind(fd, (const void *)&groups, sizeof(groups)) ? -errno : 0;
}

int watch_open(struct watch *w, struct ev_loop *loop)
{
	int err;

	w->ev.fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK,
			  NETLINK_ROUTE);
	if (w->ev.fd < 0)
		return -errno;
	w->ev.ready = drain;
	err = subscribe(w->ev.fd);
	if (!err)
		err = nl_open(&w->nl, NETLINK_ROUTE);
	if (!err)
		err = ev_add(loop, &w->ev, EPOLLIN);
	if (err)
		watch_close(w);
	return err;
}

void watch_close(struct watch *w)
{
	nl_close(&w->nl);
	close(w->ev.fd);
}

static int take_link_attr(const struct nlattr *attr, void *data)
{
	struct watch_view *v = data;
	const uint16_t len = mnl_attr_get_payload_len(attr);

	if (mnl_attr_get_type(attr) == IFLA_MTU)
		v->mtu = mnl_attr_get_u32(attr);
	if (mnl_attr_get_type(attr) == IFLA_IFNAME)
		snprintf(v->name, sizeof(v->name), "%s",
			 mnl_attr_get_str(attr));
	if (mnl_attr_get_type(attr) == IFLA_ADDRESS && len == ND_MAC_LEN)
		memcpy(v->mac.b, mnl_attr_get_payload(attr), ND_MAC_LEN);
	return MNL_CB_OK;
}

static int take_link(const struct nlmsghdr *h, void *data)
{
	const struct ifinfomsg *m = mnl_nlmsg_get_payload(h);
	struct watch_view *v = data;

	v->up = m->ifi_flags & IFF_UP && m->ifi_flags & IFF_RUNNING;
	v->shared = m->ifi_type == ARPHRD_ETHER && !(m->ifi_flags & IFF_NOARP);
	return mnl_attr_parse(h, sizeof(*m), take_link_attr, v);
}

static int look_at_link(struct watch *w, struct watch_view *v)
{
	char buf[NL_REQUEST_MAX] __attribute__((aligned(8)));
	struct nlmsghdr *h = nl_request(buf, RTM_GETLINK, 0);
	struct ifinfomsg *m = mnl_nlmsg_put_extra_header(h, sizeof(*m));

	m->ifi_index = v->ifindex;
	return nl_talk(&w->nl, h, take_link, v);
}

/* A setting of the uplink, or what the kernel sets by itself. */
static uint32_t setting(const struct watch_view *v, const char *format,
			uint32_t otherwise)
{
	char name[96];
	int value;

	snprintf(name, sizeof(name), format, v->name);
	return sysctl_get(name, &value) || value < 0 ? otherwise
						     : (uint32_t)value;
}

static void look_at_settings(struct watch_view *v)
{
	const uint32_t mtu = setting(v, "net/ipv6/conf/%s/mtu", v->mtu);

	if (mtu < v->mtu)
		v->mtu = mtu;
	v->probes = setting(v, "net/ipv6/conf/%s/dad_transmits", 1);
	v->retrans = setting(v, "net/ipv6/neigh/%s/retrans_time_ms", 1000);
	v->router = setting(v, "net/ipv6/conf/%s/forwarding", 0);
}

/**
 * struct address - an address while its attributes are read
 */
struct address {
	uint32_t flags;
	const uint8_t *bytes;
	const struct ifa_cacheinfo *life;
};

static int take_address_attr(const struct nlattr *attr, void *data)
{
	struct address *a = data;
	const uint16_t type = mnl_attr_get_type(attr);

	/* IFA_ADDRESS is the far end where there is one. */
	if (type == IFA_LOCAL || (type == IFA_ADDRESS && !a->bytes))
		a->bytes = mnl_attr_get_payload(attr);
	if (type == IFA_FLAGS)
		a->flags = mnl_attr_get_u32(attr);
	if (type == IFA_CACHEINFO &&
	    mnl_attr_get_payload_len(attr) >= sizeof(*a->life))
		a->life = mnl_attr_get_payload(attr);
	return MNL_CB_OK;
}

static uint8_t flags_of(const struct address *a)
{
	unsigned int flags = 0;

	if (a->flags & IFA_F_TENTATIVE && !(a->flags & IFA_F_OPTIMISTIC))
		flags |= SOURCE_TENTATIVE;
	if (a->flags & IFA_F_DADFAILED)
		flags |= SOURCE_DADFAILED;
	if (a->flags & IFA_F_DEPRECATED || (a->life && !a->life->ifa_prefered))
		flags |= SOURCE_DEPRECATED;
	if (a->life && !a->life->ifa_valid)
		flags |= SOURCE_EXPIRED;
	return (uint8_t)flags;
}

/**
 * struct looking - a look while answers come in
 */
struct looking {
	struct watch_view *v;
	int own;
	uint32_t addr4;
};

static int take_address6(const struct nlmsghdr *h, void *data)
{
	const struct ifaddrmsg *m = mnl_nlmsg_get_payload(h);
	struct watch_view *v = ((struct looking *)data)->v;
	struct address a = { .flags = m->ifa_flags };

	if (m->ifa_family != AF_INET6 || (int)m->ifa_index != v->ifindex)
		return MNL_CB_OK;
	if (mnl_attr_parse(h, sizeof(*m), take_address_attr, &a) < 0)
		return MNL_CB_ERROR;
	if (a.bytes && v->addr_count < WATCH_ADDRS)
		v->addrs[v->addr_count++] =
			(struct source_addr){ addr6_load(a.bytes),
					      m->ifa_prefixlen, flags_of(&a) };
	return MNL_CB_OK;
}

static int take_address4(const struct nlmsghdr *h, void *data)
{
	const struct ifaddrmsg *m = mnl_nlmsg_get_payload(h);
	const struct looking *l = data;
	struct address a = { .flags = 0 };
	uint32_t addr;

	if (m->ifa_family != AF_INET)
		return MNL_CB_OK;
	if (mnl_attr_parse(h, sizeof(*m), take_address_attr, &a) < 0)
		return MNL_CB_ERROR;
	addr = a.bytes ? be_get32(a.bytes) : 0;
	if ((int)m->ifa_index == l->own) {
		if (addr && addr == l->addr4)
			l->v->ours |= WATCH_ADDRESS4;
	} else if (addr4_mask(addr, RFC7335_LEN) == RFC7335_NET) {
		l->v->busy4 |= 1u << (addr - RFC7335_NET);
		l->v->overlap4 |= m->ifa_prefixlen < 32;
	}
	return MNL_CB_OK;
}

static int look_at_addresses(struct watch *w, struct looking *l, uint8_t family,
			     mnl_cb_t take)
{
	char buf[NL_REQUEST_MAX] __attribute__((aligned(8)));
	struct nlmsghdr *h = nl_request(buf, RTM_GETADDR, NLM_F_DUMP);
	struct ifaddrmsg *m = mnl_nlmsg_put_extra_header(h, sizeof(*m));

	m->ifa_family = family;
	return nl_talk(&w->nl, h, take, l);
}

/**
 * struct wanted - which route is looked for: of those by @oif, and for what
 * comes from @src, where these are not 0
 */
struct wanted {
	struct nl_net dst;
	int oif;
	uint32_t src;
};

/* The first way counts, where there are several. */
static void take_way(void *ctx, const struct nlroute *way)
{
	struct nlroute *r = ctx;

	if (!r->ifindex)
		*r = *way;
}

static int take_route(const struct nlmsghdr *h, void *data)
{
	return nlroute_read(h, take_way, data);
}

/* Return: false: there is none, or it leads nowhere. */
static bool find_route(struct watch *w, const struct wanted *want,
		       struct nlroute *r)
{
	const struct nl_net *dst = &want->dst;
	const int oif = want->oif;
	char buf[NL_REQUEST_MAX] __attribute__((aligned(8)));
	struct nlmsghdr *h = nl_request(buf, RTM_GETROUTE, 0);
	struct rtmsg *m = mnl_nlmsg_put_extra_header(h, sizeof(*m));

	m->rtm_family = dst->family;
	m->rtm_dst_len = dst->len;
	m->rtm_flags = RTM_F_FIB_MATCH;
	/* IPv4's answer is else "main", whatever the table; IPv6's never is,
	 * and refuses the flag. */
	if (dst->family == AF_INET)
		m->rtm_flags |= RTM_F_LOOKUP_TABLE;
	mnl_attr_put(h, RTA_DST, dst->len / 8, dst->addr);
	if (want->src) {
		m->rtm_src_len = 32;
		mnl_attr_put_u32(h, RTA_SRC, htonl(want->src));
	}
	if (oif)
		mnl_attr_put_u32(h, RTA_OIF, (uint32_t)oif);
	*r = (struct nlroute){ .type = 0 };
	return nl_talk(&w->nl, h, take_route, r) == 0 &&
	       r->type == RTN_UNICAST && r->ifindex &&
	       (!oif || r->ifindex == oif);
}

/* Link-local addresses and parts of the Internet are not native IPv4. */
static bool has_native4(struct watch *w, const struct watch_view *v)
{
	const struct wanted somewhere = { .dst = nl_net4(SOMEWHERE4, 32),
					  .oif = v->ifindex };
	struct nlroute r;

	return find_route(w, &somewhere, &r) && r.dst_len == 0 &&
	       (r.gateway || !v->shared);
}

static void take_metric4(void *ctx, const struct nlroute *r)
{
	struct watch_view *v = ctx;

	if (r->dst_len == 0 && r->ifindex == v->ifindex &&
	    r->table == RT_TABLE_MAIN && r->metric > v->metric4)
		v->metric4 = r->metric;
}

/* Is what we have configured still there? */
static void look_at_ours(struct watch *w, const struct watch_ask *ask,
			 struct watch_view *v)
{
	const struct nl_net somewhere = nl_net4(SOMEWHERE4, 32);
	const struct wanted bound = { .dst = somewhere, .src = ask->addr4 };
	const struct wanted all = { .dst = somewhere, .oif = ask->own };
	const struct wanted back = { .dst = nl_net6(ask->addr6, 128) };
	struct nlroute r;

	if (!ask->addr4)
		return;
	if (find_route(w, &bound, &r) && r.ifindex == ask->own &&
	    r.table > RT_TABLE_LOCAL)
		v->ours |= WATCH_BIND4;
	if (find_route(w, &all, &r) && r.dst_len == 0 &&
	    r.table == RT_TABLE_MAIN)
		v->ours |= WATCH_DEFAULT4;
	if (find_route(w, &back, &r) && r.ifindex == ask->own)
		v->ours |= WATCH_ROUTE6;
}

static int find_uplink(struct watch *w, const struct watch_ask *ask,
		       const struct wanted *towards, int before)
{
	char name[IF_NAMESIZE];
	struct nlroute r;

	if (ask->uplink)
		return (int)if_nametoindex(ask->uplink);
	if (find_route(w, towards, &r) && r.ifindex != ask->own)
		return r.ifindex;
	return before && if_indextoname((unsigned int)before, name) ? before
								    : 0;
}

void watch_look(struct watch *w, const struct watch_ask *ask,
		struct watch_view *v)
{
	struct wanted towards = { .dst = nl_net6(ask->towards, 128) };
	struct looking l = { v, ask->own, ask->addr4 };
	struct nlroute r;

	*v = (struct watch_view){ .ifindex = find_uplink(w, ask, &towards,
							 v->ifindex) };
	look_at_ours(w, ask, v);
	/* Families that this kernel lacks have no addresses, either. */
	(void)!look_at_addresses(w, &l, AF_INET, take_address4);
	if (!v->ifindex || look_at_link(w, v))
		return;
	look_at_settings(v);
	(void)!look_at_addresses(w, &l, AF_INET6, take_address6);
	towards.oif = v->ifindex;
	v->route6 = find_route(w, &towards, &r);
	v->path_mtu = v->route6 && r.mtu && r.mtu < v->mtu ? r.mtu : v->mtu;
	v->native4 = has_native4(w, v);
	if (v->native4)
		(void)!nl_routes(&w->nl, AF_INET, v->ifindex, take_metric4, v);
}

void watch_way(struct watch *w, struct pref64 pref64, int uplink,
	       struct watch_route *way)
{
	const struct wanted it = { .dst = nl_net6(pref64.prefix, 128),
				   .oif = uplink };
	struct nlroute r;

	*way = (struct watch_route){ .of = pref64 };
	if (!pref64.len || !uplink || !find_route(w, &it, &r))
		return;
	if (!r.several)
		way->via = r.via;
	way->chosen = r.dst_len;
	way->ours = r.dst_len == pref64.len && r.protocol == NL_ROUTE_PROTOCOL;
}
