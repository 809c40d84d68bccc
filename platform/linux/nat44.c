/* SPDX-License-Identifier: MIT */
#include "nat44.h"

#include <arpa/inet.h>
#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_nat.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter_ipv4.h>
#include <linux/netlink.h>
#include <stdio.h>

#define CHAIN        "postrouting"
#define SOURCE_AT    12u /* in an IPv4 header */
#define SOURCE_LEN   4u
#define MESSAGE_SIZE 1024u

#ifndef NFT_TABLE_F_OWNER
#define NFT_TABLE_F_OWNER 0x2 /* Linux 5.12 */
#endif

/**
 * struct batch - a change, between the messages that make it a transaction
 * @change:	to be completed
 * @bytes:	all three
 */
struct batch {
	struct nlmsghdr *change;
	char bytes[MESSAGE_SIZE] __attribute__((aligned(8)));
};

static struct nlmsghdr *put_header(void *at, uint16_t type, uint16_t flags,
				   uint8_t family, uint16_t res_id)
{
	struct nlmsghdr *h = mnl_nlmsg_put_header(at);
	struct nfgenmsg *m = mnl_nlmsg_put_extra_header(h, sizeof(*m));

	h->nlmsg_type = type;
	h->nlmsg_flags = (uint16_t)(NLM_F_REQUEST | flags);
	m->nfgen_family = family;
	m->version = NFNETLINK_V0;
	m->res_id = htons(res_id);
	return h;
}

/* Begin a change of a table. */
static struct nlmsghdr *begin(struct batch *b, uint16_t type, uint16_t flags)
{
	struct nlmsghdr *h = put_header(b->bytes, NFNL_MSG_BATCH_BEGIN, 0,
					AF_UNSPEC, NFNL_SUBSYS_NFTABLES);

	b->change = put_header(mnl_nlmsg_get_payload_tail(h),
			       (uint16_t)(NFNL_SUBSYS_NFTABLES << 8 | type),
			       (uint16_t)(NLM_F_ACK | flags), NFPROTO_IPV4, 0);
	return b->change;
}

/* End it and have it carried out. */
static int commit(struct nat44 *n, struct batch *b)
{
	const struct nlmsghdr *h = put_header(
		mnl_nlmsg_get_payload_tail(b->change), NFNL_MSG_BATCH_END, 0,
		AF_UNSPEC, NFNL_SUBSYS_NFTABLES);

	b->change->nlmsg_seq = ++n->nl.seq;
	return nl_exchange(&n->nl, b->bytes,
			   (size_t)((const char *)h - b->bytes) + h->nlmsg_len,
			   NULL, NULL);
}

static void put_be32(struct nlmsghdr *h, uint16_t type, uint32_t value)
{
	mnl_attr_put_u32(h, type, htonl(value));
}

static int delete_table(struct nat44 *n)
{
	struct batch b;
	struct nlmsghdr *h = begin(&b, NFT_MSG_DELTABLE, 0);

	mnl_attr_put_strz(h, NFTA_TABLE_NAME, n->table);
	return commit(n, &b);
}

static int add_table(struct nat44 *n, uint32_t flags)
{
	struct batch b;
	struct nlmsghdr *h =
		begin(&b, NFT_MSG_NEWTABLE, NLM_F_CREATE | NLM_F_EXCL);

	mnl_attr_put_strz(h, NFTA_TABLE_NAME, n->table);
	put_be32(h, NFTA_TABLE_FLAGS, flags);
	return commit(n, &b);
}

static int add_chain(struct nat44 *n)
{
	struct batch b;
	struct nlmsghdr *h = begin(&b, NFT_MSG_NEWCHAIN, NLM_F_CREATE);
	struct nlattr *hook;

	mnl_attr_put_strz(h, NFTA_CHAIN_TABLE, n->table);
	mnl_attr_put_strz(h, NFTA_CHAIN_NAME, CHAIN);
	mnl_attr_put_strz(h, NFTA_CHAIN_TYPE, "nat");
	hook = mnl_attr_nest_start(h, NFTA_CHAIN_HOOK);
	put_be32(h, NFTA_HOOK_HOOKNUM, NF_INET_POST_ROUTING);
	put_be32(h, NFTA_HOOK_PRIORITY, NF_IP_PRI_NAT_SRC);
	mnl_attr_nest_end(h, hook);
	return commit(n, &b);
}

/*
 * Expressions: each is an element of the rule's list, with a name and data.
 */

struct expr {
	struct nlattr *element;
	struct nlattr *data;
};

static struct expr begin_expr(struct nlmsghdr *h, const char *name)
{
	struct expr e = { .element = mnl_attr_nest_start(h, NFTA_LIST_ELEM) };

	mnl_attr_put_strz(h, NFTA_EXPR_NAME, name);
	e.data = mnl_attr_nest_start(h, NFTA_EXPR_DATA);
	return e;
}

static void end_expr(struct nlmsghdr *h, struct expr e)
{
	mnl_attr_nest_end(h, e.data);
	mnl_attr_nest_end(h, e.element);
}

static void put_value(struct nlmsghdr *h, uint16_t type, const void *value)
{
	struct nlattr *nest = mnl_attr_nest_start(h, type);

	mnl_attr_put(h, NFTA_DATA_VALUE, SOURCE_LEN, value);
	mnl_attr_nest_end(h, nest);
}

/* Is what was loaded these four bytes? */
static void put_equals(struct nlmsghdr *h, const void *value)
{
	const struct expr e = begin_expr(h, "cmp");

	put_be32(h, NFTA_CMP_SREG, NFT_REG_1);
	put_be32(h, NFTA_CMP_OP, NFT_CMP_EQ);
	put_value(h, NFTA_CMP_DATA, value);
	end_expr(h, e);
}

static void put_device(struct nlmsghdr *h, int ifindex)
{
	const struct expr e = begin_expr(h, "meta");

	put_be32(h, NFTA_META_DREG, NFT_REG_1);
	put_be32(h, NFTA_META_KEY, NFT_META_OIF);
	end_expr(h, e);
	put_equals(h, &ifindex);
}

static void put_source(struct nlmsghdr *h, const struct nl_net *lan)
{
	const uint32_t mask = htonl((uint32_t)(~0ull << (32 - lan->len)));
	const uint32_t none = 0;
	struct expr e = begin_expr(h, "payload");

	put_be32(h, NFTA_PAYLOAD_DREG, NFT_REG_1);
	put_be32(h, NFTA_PAYLOAD_BASE, NFT_PAYLOAD_NETWORK_HEADER);
	put_be32(h, NFTA_PAYLOAD_OFFSET, SOURCE_AT);
	put_be32(h, NFTA_PAYLOAD_LEN, SOURCE_LEN);
	end_expr(h, e);
	e = begin_expr(h, "bitwise");
	put_be32(h, NFTA_BITWISE_SREG, NFT_REG_1);
	put_be32(h, NFTA_BITWISE_DREG, NFT_REG_1);
	put_be32(h, NFTA_BITWISE_LEN, SOURCE_LEN);
	put_value(h, NFTA_BITWISE_MASK, &mask);
	put_value(h, NFTA_BITWISE_XOR, &none);
	end_expr(h, e);
	put_equals(h, lan->addr);
}

static void put_port(struct nlmsghdr *h, uint32_t reg, uint16_t port)
{
	const uint16_t wire[2] = { htons(port), 0 };
	const struct expr e = begin_expr(h, "immediate");

	put_be32(h, NFTA_IMMEDIATE_DREG, reg);
	put_value(h, NFTA_IMMEDIATE_DATA, wire);
	end_expr(h, e);
}

static void put_masquerade(struct nlmsghdr *h, uint16_t first, uint16_t last)
{
	struct expr e;

	if (first) {
		put_port(h, NFT_REG_1, first);
		put_port(h, NFT_REG_2, last);
	}
	e = begin_expr(h, "masq");
	if (first) {
		put_be32(h, NFTA_MASQ_FLAGS, NF_NAT_RANGE_PROTO_SPECIFIED);
		put_be32(h, NFTA_MASQ_REG_PROTO_MIN, NFT_REG_1);
		put_be32(h, NFTA_MASQ_REG_PROTO_MAX, NFT_REG_2);
	}
	end_expr(h, e);
}

static int add_rule(struct nat44 *n, int ifindex, const struct nl_net *lan,
		    uint16_t first, uint16_t last)
{
	struct batch b;
	struct nlmsghdr *h =
		begin(&b, NFT_MSG_NEWRULE, NLM_F_CREATE | NLM_F_APPEND);
	struct nlattr *list;

	mnl_attr_put_strz(h, NFTA_RULE_TABLE, n->table);
	mnl_attr_put_strz(h, NFTA_RULE_CHAIN, CHAIN);
	list = mnl_attr_nest_start(h, NFTA_RULE_EXPRESSIONS);
	put_device(h, ifindex);
	put_source(h, lan);
	put_masquerade(h, first, last);
	mnl_attr_nest_end(h, list);
	return commit(n, &b);
}

int nat44_open(struct nat44 *n)
{
	n->table[0] = '\0';
	return nl_open(&n->nl, NETLINK_NETFILTER);
}

int nat44_add(struct nat44 *n, int ifindex, const char *device,
	      const struct nl_net *lan, uint16_t first, uint16_t last)
{
	int err;

	if (!n->nl.socket)
		return -EBADF;
	snprintf(n->table, sizeof(n->table), "xlat-%s", device);
	/* An old kernel may have kept that of a run that was killed. */
	(void)!delete_table(n);
	err = add_table(n, NFT_TABLE_F_OWNER);
	if (err == -EINVAL || err == -EOPNOTSUPP)
		err = add_table(n, 0);
	if (!err)
		err = add_chain(n);
	return err ? err : add_rule(n, ifindex, lan, first, last);
}

void nat44_close(struct nat44 *n)
{
	if (n->table[0])
		(void)!delete_table(n);
	n->table[0] = '\0';
	nl_close(&n->nl);
}
