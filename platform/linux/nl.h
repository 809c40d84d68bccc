/* SPDX-License-Identifier: MIT */
/*
 * nl.h - links, addresses and routes over netlink (libmnl)
 *
 * Synchronous: each call sends one request and waits for its answer.
 */
#ifndef XLAT_LINUX_NL_H
#define XLAT_LINUX_NL_H

#include "wire/ip.h"

struct mnl_socket;
struct nlroute;

/* Who has made our routes: a number that nobody else uses. */
#define NL_ROUTE_PROTOCOL 64

/**
 * struct nl - an open netlink socket
 * @error:	the kernel's own words about the last failure, or ""
 */
struct nl {
	struct mnl_socket *socket;
	uint32_t seq;
	char error[120];
};

/**
 * struct nl_net - a network of either family
 * @family:	AF_INET or AF_INET6
 * @len:	prefix length
 * @addr:	wire order, 4 or 16 bytes
 */
struct nl_net {
	uint8_t family;
	uint8_t len;
	uint8_t addr[16];
};

/**
 * struct nl_route - a route through a device
 * @dst:	destination; length 0: the default route
 * @ifindex:	device; 0: the destination is unreachable
 * @metric:	priority; 0: the kernel's default
 * @mtu:	RTAX_MTU in bytes; 0: none
 * @table:	0: the main one
 * @via:	IPv6 router; ::: none
 */
struct nl_route {
	struct nl_net dst;
	int ifindex;
	uint32_t metric;
	uint32_t mtu;
	uint32_t table;
	struct addr6 via;
};

/**
 * nl_open() - open a socket
 * @protocol:	NETLINK_ROUTE, or another whose requests are the caller's
 *
 * Return: 0 or -errno
 */
XL_MUST_USE int nl_open(struct nl *nl, int protocol);
void nl_close(struct nl *nl);

/**
 * nl_link_set() - MTU in bytes and up; no IPv6 address is generated on it
 */
XL_MUST_USE int nl_link_set(struct nl *nl, int ifindex, uint32_t mtu);

XL_MUST_USE int nl_address_add(struct nl *nl, int ifindex,
			       const struct nl_net *addr);
XL_MUST_USE int nl_address_del(struct nl *nl, int ifindex,
			       const struct nl_net *addr);

/**
 * nl_route_add() - add a route; -EEXIST if there is the same one
 * nl_route_del() - remove it again
 */
XL_MUST_USE int nl_route_add(struct nl *nl, const struct nl_route *r);
XL_MUST_USE int nl_route_del(struct nl *nl, const struct nl_route *r);

/* nl_route_put() - the same, in the place of one with its metric. */
XL_MUST_USE int nl_route_put(struct nl *nl, const struct nl_route *r);

/**
 * nl_routes() - list the routes of the main table that leave by a device
 * @see:	called with each way of each one; some may be by others
 */
XL_MUST_USE int nl_routes(struct nl *nl, uint8_t family, int ifindex,
			  void (*see)(void *ctx, const struct nlroute *r),
			  void *ctx);

/**
 * nl_rule_add() - packets from an address are routed by a table;
 * -EEXIST if there is the same rule
 * nl_rule_del() - remove it again
 */
XL_MUST_USE int nl_rule_add(struct nl *nl, const struct nl_net *from,
			    uint32_t table);
XL_MUST_USE int nl_rule_del(struct nl *nl, const struct nl_net *from,
			    uint32_t table);

/**
 * nl_route_get() - where packets to an address leave
 * @dst:	address, its length ignored
 * @ifindex:	set: device
 * @mtu:	set: MTU of the route in bytes, or of the device
 *
 * Return: 0, -ENETUNREACH without a route, or another -errno
 */
XL_MUST_USE int nl_route_get(struct nl *nl, const struct nl_net *dst,
			     int *ifindex, uint32_t *mtu);

/**
 * nl_link_mtu() - a device's MTU in bytes
 */
XL_MUST_USE int nl_link_mtu(struct nl *nl, int ifindex, uint32_t *mtu);

/* Called with an address, the length of its network, and its device. */
typedef void nl_see_address(void *ctx, int ifindex, const struct nl_net *addr);

/**
 * nl_addresses() - list the addresses of the machine
 * @family:	AF_INET, AF_INET6, or AF_UNSPEC for both
 *
 * Return: 0 or -errno
 */
XL_MUST_USE int nl_addresses(struct nl *nl, uint8_t family, nl_see_address *see,
			     void *ctx);

/* Networks from addresses in host order. */
struct nl_net nl_net4(uint32_t addr, unsigned int len);
struct nl_net nl_net6(struct addr6 addr, unsigned int len);

/*
 * For requests that are not among these.
 */

#define NL_REQUEST_MAX 512

struct nlmsghdr;

/* Begin a request in NL_REQUEST_MAX bytes, aligned for 8. */
struct nlmsghdr *nl_request(void *buf, uint16_t type, uint16_t flags);

/**
 * nl_talk() - send a request and take its answers
 * @got:	called with each message; as mnl_cb_t
 *
 * Return: 0 or -errno
 */
XL_MUST_USE int nl_talk(struct nl *nl, struct nlmsghdr *h,
			int (*got)(const struct nlmsghdr *h, void *data),
			void *data);

/**
 * nl_exchange() - the same for a buffer of messages, one of which asks for an
 * answer and has ++@nl->seq as its number
 */
XL_MUST_USE int nl_exchange(struct nl *nl, const void *messages, size_t len,
			    int (*got)(const struct nlmsghdr *h, void *data),
			    void *data);

#endif
