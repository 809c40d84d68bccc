/* SPDX-License-Identifier: MIT */
/*
 * tell.h - note events, if anybody wants to know
 *
 * Internal to nat64/.
 */
#ifndef XLAT_NAT64_TELL_H
#define XLAT_NAT64_TELL_H

#include "nat64/event.h"
#include "nat64/state.h"

/* tell_event() - note one; @e->when and what is rationed are seen to here.
 * Return: false: it was not due */
bool tell_event(const struct nat64 *n, struct nat64_event e);

struct nat64_event tell_of_session(const struct session *s,
				   enum nat64_event_kind kind);
struct nat64_event tell_of_binding(const struct nat64 *n,
				   const struct binding *b,
				   enum nat64_event_kind kind);

XL_INLINE bool tell_wants(const struct nat64 *n, enum nat64_event_kind kind)
{
	return n->events && n->events->want & EVENT_BIT(kind);
}

/**
 * tell_session() - a session was created or deleted
 * tell_binding() - a binding has got its first session, or lost its last one;
 *		of static ones, which stay, nothing is told
 */
XL_INLINE void tell_session(const struct nat64 *n, const struct session *s,
			    enum nat64_event_kind kind)
{
	if (XL_UNLIKELY(tell_wants(n, kind)))
		tell_event(n, tell_of_session(s, kind));
}

XL_INLINE void tell_binding(const struct nat64 *n, const struct binding *b,
			    enum nat64_event_kind kind)
{
	if (XL_UNLIKELY(tell_wants(n, kind)) && !b->fixed)
		tell_event(n, tell_of_binding(n, b, kind));
}

/**
 * tell_refusal() - a client could not have a session
 * @why:	why not; what a limit has nothing to do with is no event
 */
void tell_refusal(const struct nat64 *n, enum xlat_why why, struct addr6 client,
		  enum bib bib);

/* tell_parameters() - how ports are computed, if its time has come. */
bool tell_parameters(struct nat64 *n);

/* The second from which on that has something to do; UINT64_MAX: never. */
uint64_t tell_next_parameters(const struct nat64 *n);

/**
 * tell_block() - a subscriber has got a block of ports, or has lost it
 * @kind:	EVENT_BLOCK_CREATED or EVENT_BLOCK_DELETED
 * @prefix:	the subscriber's, of @n->cfg.subscriber_len
 * @pool:	address
 * @first:	its first port
 * @last:	its last one
 */
XL_INLINE void tell_block(const struct nat64 *n, enum nat64_event_kind kind,
			  struct addr6 prefix, uint32_t pool, uint16_t first,
			  uint16_t last)
{
	if (XL_UNLIKELY(n->events))
		tell_event(n, (struct nat64_event){
				      .kind = (uint8_t)kind,
				      .client = prefix,
				      .client_len = n->cfg.subscriber_len,
				      .pool = pool,
				      .pool_port = first,
				      .pool_last = last,
			      });
}

#endif
