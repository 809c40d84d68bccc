/* SPDX-License-Identifier: MIT */
/*
 * asksock.h - one question at a time to the uplink's resolvers, and who they
 * are
 */
#ifndef XLAT_LINUX_ASKSOCK_H
#define XLAT_LINUX_ASKSOCK_H

#include "ev.h"
#include "wire/ip.h"

#define ASKSOCK_MAX 4096u /* bytes of a message */

/**
 * struct asksock - the socket of the question under way
 * @ev:		first member; @ev.fd is -1 while there is none
 * @heard:	called with each message that came; @len 0: the server cannot
 *		be reached, or says no more
 * @tcp:	over TCP, with the length before each message (RFC 1035, 4.2.2)
 * @len:	bytes of @buf: the question that is to be sent when the
 *		connection is there, then what has come of the answer
 */
struct asksock {
	struct ev ev;
	void (*heard)(struct asksock *s, const void *msg, size_t len);
	bool tcp;
	bool sent;
	size_t len;
	uint8_t buf[2 + ASKSOCK_MAX];
};

/**
 * struct asksock_to - whom to ask, and how
 * @server:	IPv4 as ::ffff:0:0/96
 * @uplink, @ifindex: the device that the question must leave by; a server of
 *		this machine is asked at once
 * @tcp:	over TCP
 */
struct asksock_to {
	struct addr6 server;
	const char *uplink;
	int ifindex;
	bool tcp;
};

/**
 * asksock_send() - ask over a new socket: the kernel chooses a random port,
 * and discards what others send (RFC 5452)
 *
 * Return: 0 or -errno
 */
XL_MUST_USE int asksock_send(struct asksock *s, struct ev_loop *loop,
			     const struct asksock_to *to, const void *msg,
			     size_t len);

/* The question is not of interest any more. */
void asksock_close(struct asksock *s, struct ev_loop *loop);

/* Is it an address of this machine? Who is asked there asks whom he likes. */
bool asksock_is_local(struct addr6 server);

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
