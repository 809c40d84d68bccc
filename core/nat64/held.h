/* SPDX-License-Identifier: MIT */
/*
 * held.h - unsolicited TCP SYNs from outside, held for six seconds
 * (RFC 6146, 3.5.2.2; RFC 5382, REQ-4)
 *
 * Internal to nat64/. If the client sends its own SYN to the same end
 * meanwhile, it was a simultaneous open, and what is held is forgotten; else
 * its sender gets an ICMP error. They are few and short, so that a flood of
 * them costs nothing but the chance to hold others.
 */
#ifndef XLAT_NAT64_HELD_H
#define XLAT_NAT64_HELD_H

#include "nat64/session.h"

/**
 * held_add() - hold a SYN
 * @f:		its flow
 *
 * Return: is it held now, or since before?
 */
XL_MUST_USE bool held_add(struct nat64 *n, const struct pkt *p,
			  const struct flow4 *f);

/**
 * held_forget() - the client has sent a SYN of its own
 *
 * Return: was there one from the other side?
 */
XL_MUST_USE bool held_forget(struct nat64 *n, const struct flow4 *f);

/**
 * held_expire() - answer the oldest if its time has come
 * @out:	buffer; see nat64_expire()
 * @built:	an ICMP error was built in it
 *
 * Return: was there anything to do?
 */
XL_MUST_USE bool held_expire(struct nat64 *n, struct pkt *out, bool *built);

/* When held_expire() will have something to do, seconds; or UINT64_MAX. */
uint64_t held_next_expiry(const struct nat64 *n);

uint32_t held_count(const struct nat64 *n);

/**
 * held_view() - show the first one at or after @at
 * @at:		counts from 0; set to where to go on
 */
XL_MUST_USE bool held_view(const struct nat64 *n, uint32_t *at,
			   struct nat64_session_view *out);

#endif
