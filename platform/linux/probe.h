/* SPDX-License-Identifier: MIT */
/*
 * probe.h - trying a path: echo requests of a chosen size, and a question to a
 * web server that is longer than a packet
 */
#ifndef XLAT_LINUX_PROBE_H
#define XLAT_LINUX_PROBE_H

#include "ev.h"
#include "wire/ip.h"

#define PROBE_MTU 1500u /* no larger packet is tried */

/**
 * struct probe_echo - echo requests to one address
 * @ev:		first member
 * @cookie:	what tells our replies
 * @replied:	somebody did
 * @out:	bytes of the largest packet that was replied to
 * @in:		bytes of the largest reply that came whole
 */
struct probe_echo {
	struct ev ev;
	uint64_t cookie;
	bool replied;
	uint32_t out;
	uint32_t in;
};

/**
 * probe_echo_open() - open the socket, before privileges are given up
 * @uplink:	device that everything has to leave by; "": any
 *
 * Return: 0 or -errno: neither root, nor in net.ipv4.ping_group_range
 */
XL_MUST_USE int probe_echo_open(struct probe_echo *p, struct ev_loop *loop,
				const char *uplink);
void probe_echo_to(const struct probe_echo *p, struct addr6 to);

/**
 * probe_echo_send() - send a packet
 * @size:	its bytes; less if the path is known to take less
 */
void probe_echo_send(const struct probe_echo *p, uint32_t size);
void probe_echo_close(struct probe_echo *p, struct ev_loop *loop);

enum probe_state {
	PROBE_IDLE,
	PROBE_CONNECTING,
	PROBE_REFUSED, /* by the far host: it was reached */
	PROBE_BROKEN,  /* @err says why */
	PROBE_CONNECTED,
	PROBE_CLOSED, /* the answer is there */
};

/**
 * struct probe_web - an HTTP request
 * @ev:		first member
 * @host:	of the request; kept by reference
 * @got:	bytes of the answer
 * @err:	errno
 */
struct probe_web {
	struct ev ev;
	const char *host;
	enum probe_state state;
	uint32_t got;
	int err;
};

/* probe_web_open() - connect to port 80; @w->host is set. */
void probe_web_open(struct probe_web *w, struct ev_loop *loop, struct addr6 to,
		    const char *uplink);

/**
 * probe_web_look() - what TCP knows
 * @sent_all:	the whole request was acknowledged
 * @segment:	bytes of the largest packet of the answer; 0: it is none yet
 */
void probe_web_look(const struct probe_web *w, bool *sent_all,
		    uint32_t *segment);
void probe_web_close(struct probe_web *w, struct ev_loop *loop);

/**
 * probe_lro() - does the device merge what it receives, for good?
 *
 * Return: 0 or 1; -errno
 */
XL_MUST_USE int probe_lro(const char *uplink);

#endif
