/* SPDX-License-Identifier: MIT */
/*
 * peer.h - with which IPv4 addresses a binding has sessions
 *
 * Internal to nat64/. Address-dependent filtering asks this for each packet
 * that has no session, and a binding may have very many.
 */
#ifndef XLAT_NAT64_PEER_H
#define XLAT_NAT64_PEER_H

#include "nat64/state.h"

/**
 * peer_add() - a session begins; without address-dependent filtering nothing
 * is kept
 *
 * Return: false if there is no room
 */
XL_MUST_USE bool peer_add(struct nat64 *n, uint32_t binding, uint32_t remote);

/**
 * peer_drop() - a session ends
 */
void peer_drop(struct nat64 *n, uint32_t binding, uint32_t remote);

/**
 * peer_may_send() - does the filtering rule let packets from this address to
 * the binding (RFC 6146, 3.5.1 to 3.5.3)? A static one is made to be reached.
 */
bool peer_may_send(const struct nat64 *n, uint32_t binding, uint32_t remote);

#endif
