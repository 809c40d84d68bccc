/* SPDX-License-Identifier: MIT */
/*
 * waiting.h - fragments that came before the one that tells their ports
 *
 * Internal to nat64/. There are slots of one size; whoever sends more than
 * its share of them, or larger ones, has them dropped.
 */
#ifndef XLAT_NAT64_WAITING_H
#define XLAT_NAT64_WAITING_H

#include "nat64/datagram.h"

/**
 * waiting_put() - keep a packet for later
 *
 * Return: false if there is no room
 */
XL_MUST_USE bool waiting_put(struct nat64 *n, uint32_t datagram,
			     const struct pkt *p);

/**
 * waiting_get() - take the packet that has waited longest
 * @out:	buffer; see nat64_expire()
 *
 * Return: false if none is waiting
 */
XL_MUST_USE bool waiting_get(struct nat64 *n, uint32_t datagram,
			     struct pkt *out);

/**
 * waiting_drop() - forget all that wait for this datagram
 */
void waiting_drop(struct nat64 *n, uint32_t datagram);

#endif
