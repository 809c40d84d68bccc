/* SPDX-License-Identifier: MIT */
/*
 * tcpfsm.h - the TCP states of a session, RFC 6146 section 3.5.2.2
 * (eBPF-clean)
 *
 * A function from (state, event) to (state, lifetime). Which segments are
 * let through is not decided here: in every state but CLOSED all are.
 *
 * One departure from the letter, in favour of whoever reuses a port soon: a
 * SYN from the IPv6 side after both FINs, or after a RST, begins a connection
 * anew. By the letter it would die with the old one's timer.
 */
#ifndef XLAT_NAT64_TCPFSM_H
#define XLAT_NAT64_TCPFSM_H

#include "base.h"

/* CLOSED is 0: a session that does not exist. */
enum tcpfsm_state {
	TCPFSM_CLOSED,
	TCPFSM_V4_INIT,
	TCPFSM_V6_INIT,
	TCPFSM_ESTABLISHED,
	TCPFSM_V4_FIN,    /* V4 FIN RCV */
	TCPFSM_V6_FIN,    /* V6 FIN RCV */
	TCPFSM_V4_V6_FIN, /* V4 FIN + V6 FIN RCV */
	TCPFSM_TRANS,
	TCPFSM_STATE_COUNT
};

enum tcpfsm_event {
	TCPFSM_V4_OTHER,
	TCPFSM_V4_SYN,
	TCPFSM_V4_FIN_SEEN,
	TCPFSM_V4_RST,
	TCPFSM_V6_OTHER,
	TCPFSM_V6_SYN,
	TCPFSM_V6_FIN_SEEN,
	TCPFSM_V6_RST,
	TCPFSM_TIMEOUT
};

/* What becomes of the time a session has left. */
enum tcpfsm_life {
	TCPFSM_KEEP,
	TCPFSM_LIVE_TRANS, /* transitory timeout, from now on */
	TCPFSM_LIVE_EST,   /* established timeout, from now on */
};

struct tcpfsm_step {
	enum tcpfsm_state next;
	enum tcpfsm_life life;
};

#define TCPFSM_TO(state, life)                                                 \
	((struct tcpfsm_step){ TCPFSM_##state, TCPFSM_##life })

/**
 * tcpfsm_event() - what a segment is; RST goes before SYN before FIN
 * @flags:	octet 13 of the TCP header
 * @from6:	it came from the IPv6 side
 */
XL_INLINE enum tcpfsm_event tcpfsm_event(uint8_t flags, bool from6)
{
	if (flags & 0x04)
		return from6 ? TCPFSM_V6_RST : TCPFSM_V4_RST;
	if (flags & 0x02)
		return from6 ? TCPFSM_V6_SYN : TCPFSM_V4_SYN;
	if (flags & 0x01)
		return from6 ? TCPFSM_V6_FIN_SEEN : TCPFSM_V4_FIN_SEEN;
	return from6 ? TCPFSM_V6_OTHER : TCPFSM_V4_OTHER;
}

/* Is only one side's SYN known? */
XL_INLINE bool tcpfsm_is_half(enum tcpfsm_state s)
{
	return s == TCPFSM_V4_INIT || s == TCPFSM_V6_INIT;
}

/* May a segment with these flags open a session? Not SYN with RST or FIN. */
XL_INLINE bool tcpfsm_opens(uint8_t flags)
{
	return (flags & 0x07) == 0x02;
}

XL_INLINE struct tcpfsm_step tcpfsm_closed(enum tcpfsm_event e)
{
	if (e == TCPFSM_V6_SYN)
		return TCPFSM_TO(V6_INIT, LIVE_TRANS);
	if (e == TCPFSM_V4_SYN)
		return TCPFSM_TO(V4_INIT, LIVE_TRANS);
	return TCPFSM_TO(CLOSED, KEEP);
}

XL_INLINE struct tcpfsm_step tcpfsm_v4_init(enum tcpfsm_event e)
{
	if (e == TCPFSM_V6_SYN)
		return TCPFSM_TO(ESTABLISHED, LIVE_EST);
	return TCPFSM_TO(V4_INIT, KEEP);
}

XL_INLINE struct tcpfsm_step tcpfsm_v6_init(enum tcpfsm_event e)
{
	if (e == TCPFSM_V4_SYN)
		return TCPFSM_TO(ESTABLISHED, LIVE_EST);
	if (e == TCPFSM_V6_SYN)
		return TCPFSM_TO(V6_INIT, LIVE_TRANS);
	return TCPFSM_TO(V6_INIT, KEEP);
}

XL_INLINE struct tcpfsm_step tcpfsm_established(enum tcpfsm_event e)
{
	switch (e) {
	case TCPFSM_V4_FIN_SEEN:
		return TCPFSM_TO(V4_FIN, KEEP);
	case TCPFSM_V6_FIN_SEEN:
		return TCPFSM_TO(V6_FIN, KEEP);
	case TCPFSM_V4_RST:
	case TCPFSM_V6_RST:
		return TCPFSM_TO(TRANS, LIVE_TRANS);
	default:
		return TCPFSM_TO(ESTABLISHED, LIVE_EST);
	}
}

XL_INLINE struct tcpfsm_step tcpfsm_trans(enum tcpfsm_event e)
{
	switch (e) {
	case TCPFSM_V4_RST:
	case TCPFSM_V6_RST:
		return TCPFSM_TO(TRANS, KEEP);
	case TCPFSM_V6_SYN:
		return TCPFSM_TO(V6_INIT, LIVE_TRANS);
	default:
		return TCPFSM_TO(ESTABLISHED, LIVE_EST);
	}
}

XL_INLINE struct tcpfsm_step tcpfsm_timeout(enum tcpfsm_state s)
{
	return s == TCPFSM_ESTABLISHED ? TCPFSM_TO(TRANS, LIVE_TRANS)
				       : TCPFSM_TO(CLOSED, KEEP);
}

/**
 * tcpfsm_next() - the transition
 *
 * Return: next state; CLOSED: the session is to be removed, or not made
 */
XL_INLINE struct tcpfsm_step tcpfsm_next(enum tcpfsm_state s,
					 enum tcpfsm_event e)
{
	if (e == TCPFSM_TIMEOUT)
		return tcpfsm_timeout(s);
	switch (s) {
	case TCPFSM_V4_INIT:
		return tcpfsm_v4_init(e);
	case TCPFSM_V6_INIT:
		return tcpfsm_v6_init(e);
	case TCPFSM_ESTABLISHED:
		return tcpfsm_established(e);
	case TCPFSM_V4_FIN:
		return e == TCPFSM_V6_FIN_SEEN
			       ? TCPFSM_TO(V4_V6_FIN, LIVE_TRANS)
			       : TCPFSM_TO(V4_FIN, LIVE_EST);
	case TCPFSM_V6_FIN:
		return e == TCPFSM_V4_FIN_SEEN
			       ? TCPFSM_TO(V4_V6_FIN, LIVE_TRANS)
			       : TCPFSM_TO(V6_FIN, LIVE_EST);
	case TCPFSM_V4_V6_FIN:
		return e == TCPFSM_V6_SYN ? TCPFSM_TO(V6_INIT, LIVE_TRANS)
					  : TCPFSM_TO(V4_V6_FIN, KEEP);
	case TCPFSM_TRANS:
		return tcpfsm_trans(e);
	default:
		return tcpfsm_closed(e);
	}
}

#endif
