/* SPDX-License-Identifier: MIT */
#include "nl.h"

#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/if_addr.h>
#include <linux/fib_rules.h>
#include <linux/if_link.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "nlroute.h"

/* MNL_SOCKET_BUFFER_SIZE asks the system for its page size; one answer of
 * ours never comes near this. */
#define BUFFER        32768

/* Our rule's place among others, before those of the tables main (32766). */
#define RULE_PRIORITY 30064u

int nl_open(struct nl *nl, int protocol)
{
	int on = 1;

	*nl = (struct nl){ 0 };
	nl->socket = mnl_socket_open2(protocol, SOCK_CLOEXEC);
	if (!nl->socket)
		return -errno;
	if (mnl_socket_bind(nl->socket, 0, MNL_SOCKET_AUTOPID) < 0) {
		nl_close(nl);
		return -errno;
	}
	/* Old kernels explain nothing; that is no failure. */
	(void)mnl_socket_setsockopt(nl->socket, NETLINK_EXT_ACK, &on,
				    sizeof(on));
	/* So that a dump is of what was asked for, and not of everything. */
	(void)mnl_socket_setsockopt(nl->socket, NETLINK_GET_STRICT_CHK, &on,
				    sizeof(on));
	return 0;
}

void nl_close(struct nl *nl)
{
	if (nl->socket)
		mnl_socket_close(nl->socket);
	nl->socket = NULL;
}

static int find_message(const struct nlattr *attr, void *data)
{
	struct nl *nl = data;

	if (mnl_attr_get_type(attr) == NLMSGERR_ATTR_MSG)
		snprintf(nl->error, sizeof(nl->error), "%s",
			 mnl_attr_get_str(attr));
	return MNL_CB_OK;
}

/* Keep what the kernel says about an error, behind the quoted request. */
static void keep_message(struct nl *nl, const struct nlmsghdr *h)
{
	const struct nlmsgerr *e = mnl_nlmsg_get_payload(h);
	size_t skip = sizeof(*e);

	nl->error[0] = '\0';
	if (h->nlmsg_type != NLMSG_ERROR || e->error == 0 ||
	    !(h->nlmsg_flags & NLM_F_ACK_TLVS))
		return;
	if (!(h->nlmsg_flags & NLM_F_CAPPED))
		skip += mnl_nlmsg_get_payload_len(&e->msg) == 0
				? 0
				: e->msg.nlmsg_len - sizeof(e->msg);
	(void)mnl_attr_parse(h, (unsigned int)skip, find_message, nl);
}

int nl_exchange(struct nl *nl, const void *messages, size_t len, mnl_cb_t got,
		void *data)
{
	char buf[BUFFER] __attribute__((aligned(8)));
	ssize_t n;

	if (mnl_socket_sendto(nl->socket, messages, len) < 0)
		return -errno;
	do {
		n = mnl_socket_recvfrom(nl->socket, buf, sizeof(buf));
		if (n < 0)
			return -errno;
		if ((size_t)n >= sizeof(struct nlmsghdr))
			keep_message(nl, (void *)buf);
		n = mnl_cb_run(buf, (size_t)n, nl->seq,
			       mnl_socket_get_portid(nl->socket), got, data);
	} while (n > 0);
	return n < 0 ? -errno : 0;
}

int nl_talk(struct nl *nl, struct nlmsghdr *h, mnl_cb_t got, void *data)
{
	h->nlmsg_seq = ++nl->seq;
	return nl_exchange(nl, h, h->nlmsg_len, got, data);
}

struct nlmsghdr *nl_request(void *buf, uint16_t type, uint16_t flags)
{
	struct nlmsghdr *h = mnl_nlmsg_put_header(buf);

	h->nlmsg_type = type;
	h->nlmsg_flags = (uint16_t)(NLM_F_REQUEST | NLM_F_ACK | flags);
	return h;
}

static int link_prepare(struct nl *nl, int ifindex, uint32_t mtu)
{
	char buf[NL_REQUEST_MAX] __attribute__((aligned(8)));
	struct nlmsghdr *h = nl_request(buf, RTM_NEWLINK, 0);
	struct ifinfomsg *m = mnl_nlmsg_put_extra_header(h, sizeof(*m));
	struct nlattr *spec;
	struct nlattr *inet6;

	m->ifi_index = ifindex;
	mnl_attr_put_u32(h, IFLA_MTU, mtu);
	spec = mnl_attr_nest_start(h, IFLA_AF_SPEC);
	inet6 = mnl_attr_nest_start(h, AF_INET6);
	mnl_attr_put_u8(h, IFLA_INET6_ADDR_GEN_MODE, IN6_ADDR_GEN_MODE_NONE);
	mnl_attr_nest_end(h, inet6);
	mnl_attr_nest_end(h, spec);
	return nl_talk(nl, h, NULL, NULL);
}

int nl_link_set(struct nl *nl, int ifindex, uint32_t mtu)
{
	char buf[NL_REQUEST_MAX] __attribute__((aligned(8)));
	/* In one message the kernel would bring it up first, and give it an
	 * address. */
	const int err = link_prepare(nl, ifindex, mtu);
	struct nlmsghdr *h = nl_request(buf, RTM_NEWLINK, 0);
	struct ifinfomsg *m = mnl_nlmsg_put_extra_header(h, sizeof(*m));

	if (err)
		return err;
	m->ifi_index = ifindex;
	m->ifi_flags = m->ifi_change = IFF_UP;
	return nl_talk(nl, h, NULL, NULL);
}

static size_t addr_size(const struct nl_net *n)
{
	return n->family == AF_INET ? 4 : 16;
}

static int address(struct nl *nl, int ifindex, const struct nl_net *addr,
		   uint16_t type, uint16_t flags)
{
	char buf[NL_REQUEST_MAX] __attribute__((aligned(8)));
	struct nlmsghdr *h = nl_request(buf, type, flags);
	struct ifaddrmsg *m = mnl_nlmsg_put_extra_header(h, sizeof(*m));

	m->ifa_family = addr->family;
	m->ifa_prefixlen = addr->len;
	m->ifa_index = (uint32_t)ifindex;
	mnl_attr_put(h, IFA_LOCAL, addr_size(addr), addr->addr);
	mnl_attr_put(h, IFA_ADDRESS, addr_size(addr), addr->addr);
	return nl_talk(nl, h, NULL, NULL);
}

int nl_address_add(struct nl *nl, int ifindex, const struct nl_net *addr)
{
	return address(nl, ifindex, addr, RTM_NEWADDR,
		       NLM_F_CREATE | NLM_F_EXCL);
}

int nl_address_del(struct nl *nl, int ifindex, const struct nl_net *addr)
{
	return address(nl, ifindex, addr, RTM_DELADDR, 0);
}

static int route(struct nl *nl, const struct nl_route *r, uint16_t type,
		 uint16_t flags)
{
	char buf[NL_REQUEST_MAX] __attribute__((aligned(8)));
	struct nlmsghdr *h = nl_request(buf, type, flags);
	struct rtmsg *m = mnl_nlmsg_put_extra_header(h, sizeof(*m));
	struct nlattr *metrics;
	uint8_t via[16];

	m->rtm_family = r->dst.family;
	m->rtm_dst_len = r->dst.len;
	m->rtm_table = r->table ? RT_TABLE_UNSPEC : RT_TABLE_MAIN;
	m->rtm_protocol = NL_ROUTE_PROTOCOL;
	m->rtm_scope = RT_SCOPE_UNIVERSE;
	m->rtm_type = r->ifindex ? RTN_UNICAST : RTN_UNREACHABLE;
	if (r->dst.len)
		mnl_attr_put(h, RTA_DST, addr_size(&r->dst), r->dst.addr);
	if (r->via.hi) {
		addr6_store(via, r->via);
		mnl_attr_put(h, RTA_GATEWAY, sizeof(via), via);
	}
	if (r->ifindex)
		mnl_attr_put_u32(h, RTA_OIF, (uint32_t)r->ifindex);
	if (r->table)
		mnl_attr_put_u32(h, RTA_TABLE, r->table);
	if (r->metric)
		mnl_attr_put_u32(h, RTA_PRIORITY, r->metric);
	if (r->mtu) {
		metrics = mnl_attr_nest_start(h, RTA_METRICS);
		mnl_attr_put_u32(h, RTAX_MTU, r->mtu);
		mnl_attr_nest_end(h, metrics);
	}
	return nl_talk(nl, h, NULL, NULL);
}

int nl_route_add(struct nl *nl, const struct nl_route *r)
{
	return route(nl, r, RTM_NEWROUTE, NLM_F_CREATE | NLM_F_EXCL);
}

int nl_route_put(struct nl *nl, const struct nl_route *r)
{
	return route(nl, r, RTM_NEWROUTE, NLM_F_CREATE | NLM_F_REPLACE);
}

int nl_route_del(struct nl *nl, const struct nl_route *r)
{
	return route(nl, r, RTM_DELROUTE, 0);
}

/**
 * struct routes - who is told of them
 */
struct routes {
	void (*see)(void *ctx, const struct nlroute *r);
	void *ctx;
};

static int take_one(const struct nlmsghdr *h, void *data)
{
	const struct routes *to = data;

	return nlroute_read(h, to->see, to->ctx);
}

/* The kernel tells only the routes by the device: there may be a million. */
int nl_routes(struct nl *nl, uint8_t family, int ifindex,
	      void (*see)(void *ctx, const struct nlroute *r), void *ctx)
{
	char buf[NL_REQUEST_MAX] __attribute__((aligned(8)));
	struct nlmsghdr *h = nl_request(buf, RTM_GETROUTE, NLM_F_DUMP);
	struct rtmsg *m = mnl_nlmsg_put_extra_header(h, sizeof(*m));
	struct routes to = { see, ctx };

	m->rtm_family = family;
	mnl_attr_put_u32(h, RTA_TABLE, RT_TABLE_MAIN);
	mnl_attr_put_u32(h, RTA_OIF, (uint32_t)ifindex);
	return nl_talk(nl, h, take_one, &to);
}

static int rule(struct nl *nl, const struct nl_net *from, uint32_t table,
		uint16_t type, uint16_t flags)
{
	char buf[NL_REQUEST_MAX] __attribute__((aligned(8)));
	struct nlmsghdr *h = nl_request(buf, type, flags);
	struct fib_rule_hdr *m = mnl_nlmsg_put_extra_header(h, sizeof(*m));

	m->family = from->family;
	m->src_len = from->len;
	m->action = FR_ACT_TO_TBL;
	mnl_attr_put(h, FRA_SRC, addr_size(from), from->addr);
	mnl_attr_put_u32(h, FRA_PRIORITY, RULE_PRIORITY);
	mnl_attr_put_u32(h, FRA_TABLE, table);
	return nl_talk(nl, h, NULL, NULL);
}

int nl_rule_add(struct nl *nl, const struct nl_net *from, uint32_t table)
{
	return rule(nl, from, table, RTM_NEWRULE, NLM_F_CREATE | NLM_F_EXCL);
}

int nl_rule_del(struct nl *nl, const struct nl_net *from, uint32_t table)
{
	return rule(nl, from, table, RTM_DELRULE, 0);
}

struct found {
	int ifindex;
	uint32_t mtu;
};

static int take_metric(const struct nlattr *attr, void *data)
{
	struct found *f = data;

	if (mnl_attr_get_type(attr) == RTAX_MTU)
		f->mtu = mnl_attr_get_u32(attr);
	return MNL_CB_OK;
}

static int take_route_attr(const struct nlattr *attr, void *data)
{
	struct found *f = data;

	if (mnl_attr_get_type(attr) == RTA_OIF)
		f->ifindex = (int)mnl_attr_get_u32(attr);
	if (mnl_attr_get_type(attr) == RTA_METRICS)
		return mnl_attr_parse_nested(attr, take_metric, data);
	return MNL_CB_OK;
}

static int take_route(const struct nlmsghdr *h, void *data)
{
	return mnl_attr_parse(h, sizeof(struct rtmsg), take_route_attr, data);
}

int nl_route_get(struct nl *nl, const struct nl_net *dst, int *ifindex,
		 uint32_t *mtu)
{
	char buf[NL_REQUEST_MAX] __attribute__((aligned(8)));
	struct nlmsghdr *h = nl_request(buf, RTM_GETROUTE, 0);
	struct rtmsg *m = mnl_nlmsg_put_extra_header(h, sizeof(*m));
	struct found f = { 0 };
	int err;

	m->rtm_family = dst->family;
	m->rtm_dst_len = (uint8_t)(addr_size(dst) * 8);
	mnl_attr_put(h, RTA_DST, addr_size(dst), dst->addr);
	err = nl_talk(nl, h, take_route, &f);
	if (err)
		return err;
	if (!f.ifindex)
		return -ENETUNREACH;
	*ifindex = f.ifindex;
	*mtu = f.mtu;
	return f.mtu ? 0 : nl_link_mtu(nl, f.ifindex, mtu);
}

static int take_link_attr(const struct nlattr *attr, void *data)
{
	struct found *f = data;

	if (mnl_attr_get_type(attr) == IFLA_MTU)
		f->mtu = mnl_attr_get_u32(attr);
	return MNL_CB_OK;
}

static int take_link(const struct nlmsghdr *h, void *data)
{
	return mnl_attr_parse(h, sizeof(struct ifinfomsg), take_link_attr,
			      data);
}

int nl_link_mtu(struct nl *nl, int ifindex, uint32_t *mtu)
{
	char buf[NL_REQUEST_MAX] __attribute__((aligned(8)));
	struct nlmsghdr *h = nl_request(buf, RTM_GETLINK, 0);
	struct ifinfomsg *m = mnl_nlmsg_put_extra_header(h, sizeof(*m));
	struct found f = { 0 };
	int err;

	m->ifi_index = ifindex;
	err = nl_talk(nl, h, take_link, &f);
	*mtu = f.mtu;
	return err;
}

struct listing {
	nl_see_address *see;
	void *ctx;
	struct nl_net addr;
	bool is_local;
};

/* Where there is a peer, IFA_ADDRESS is the peer's; it may come later. */
static int take_local(const struct nlattr *attr, void *data)
{
	struct listing *l = data;
	const uint16_t type = mnl_attr_get_type(attr);

	if (mnl_attr_get_payload_len(attr) == addr_size(&l->addr) &&
	    (type == IFA_LOCAL || (type == IFA_ADDRESS && !l->is_local))) {
		memcpy(l->addr.addr, mnl_attr_get_payload(attr),
		       addr_size(&l->addr));
		l->is_local = type == IFA_LOCAL;
	}
	return MNL_CB_OK;
}

static int take_address(const struct nlmsghdr *h, void *data)
{
	const struct ifaddrmsg *m = mnl_nlmsg_get_payload(h);
	struct listing *l = data;

	l->addr = (struct nl_net){ m->ifa_family, m->ifa_prefixlen, { 0 } };
	l->is_local = false;
	if (mnl_attr_parse(h, sizeof(*m), take_local, l) >= 0)
		l->see(l->ctx, (int)m->ifa_index, &l->addr);
	return MNL_CB_OK;
}

int nl_addresses(struct nl *nl, uint8_t family, nl_see_address *see, void *ctx)
{
	char buf[NL_REQUEST_MAX] __attribute__((aligned(8)));
	struct nlmsghdr *h = nl_request(buf, RTM_GETADDR, NLM_F_DUMP);
	struct ifaddrmsg *m = mnl_nlmsg_put_extra_header(h, sizeof(*m));
	struct listing l = { .see = see, .ctx = ctx };

	m->ifa_family = family;
	return nl_talk(nl, h, take_address, &l);
}

struct nl_net nl_net4(uint32_t addr, unsigned int len)
{
	struct nl_net n = { .family = AF_INET, .len = (uint8_t)len };

	be_put32(n.addr, addr);
	return n;
}

struct nl_net nl_net6(struct addr6 addr, unsigned int len)
{
	struct nl_net n = { .family = AF_INET6, .len = (uint8_t)len };

	addr6_store(n.addr, addr);
	return n;
}
