/* SPDX-License-Identifier: MIT */
/*
 * datagram.h - datagrams that come in fragments
 *
 * Internal to nat64/. What is remembered of one: its ports, which only the
 * first fragment tells; which parts of it have come; and the fragments that
 * came too early (waiting.h). A datagram is forgotten when it is complete or
 * when its time is over, whichever is first.
 */
#ifndef XLAT_NAT64_DATAGRAM_H
#define XLAT_NAT64_DATAGRAM_H

#include "nat64/hash.h"
#include "nat64/state.h"

/**
 * datagram_find() - the datagram a fragment belongs to
 *
 * Return: its number; 0: none of its fragments is remembered
 */
uint32_t datagram_find(const struct nat64 *n, const struct pkt_view *v);

/**
 * datagram_open() - remember a new one
 *
 * Return: its number; 0: there is no room, or its sender has too many
 */
XL_MUST_USE uint32_t datagram_open(struct nat64 *n, const struct pkt_view *v);

/**
 * datagram_close() - forget it
 */
void datagram_close(struct nat64 *n, uint32_t index);

XL_INLINE struct datagram *datagram_at(const struct nat64 *n, uint32_t index)
{
	return slab_at(&n->datagrams, index);
}

#endif
