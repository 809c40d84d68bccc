/* SPDX-License-Identifier: MIT */
/*
 * asksock.h - one question at a time to the uplink's resolvers, and who they
 * are
 */
#ifndef XLAT_LINUX_ASKSOCK_H
#define XLAT_LINUX_ASKSOCK_H

#include "ev.h"
#include "wire/ip.h"

/**
 * struct asksock - the socket of the question under way
 * @ev:		first member; @ev.fd is -1 while there is none
 * @heard:	called with each message that came; @len 0: the server cannot
 *		be reached
 */
struct asksock {
	struct ev ev;
	void (*heard)(struct asksock *s, const void *msg, size_t len);
};

/**
 * asksock_send() - ask over a new socket: the kernel chooses a random port,
 * and discards what others send (RFC 5452)
 * @server:	IPv4 as ::ffff:0:0/96
 * @uplink:	name and index of the device that the question must leave by;
 *		a server of this machine is asked at once
 *
 * Return: 0 or -errno
 */
XL_MUST_USE int asksock_send(struct asksock *s, struct ev_loop *loop,
			     struct addr6 server, const char *uplink,
			     int ifindex, const void *msg, size_t len);

/* The question is not of interest any more. */
void asksock_close(struct asksock *s, struct ev_loop *loop);

/**
 * asksock_resolvers() - what the machine's files say
 *
 * IPv6 servers only, for no others can be reached yet; where there is none,
 * a server on the machine itself, which may know better.
 *
 * Return: how many
 */
uint32_t asksock_resolvers(struct addr6 *out, uint32_t max);

#endif
