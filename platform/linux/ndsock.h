/* SPDX-License-Identifier: MIT */
/*
 * ndsock.h - a packet socket for Neighbour Discovery of an address that the
 * kernel does not know
 */
#ifndef XLAT_LINUX_NDSOCK_H
#define XLAT_LINUX_NDSOCK_H

#include "ev.h"

/**
 * struct ndsock - open it before privileges are given up
 * @ev:		first member
 * @heard:	called with each Ethernet frame that carries a Neighbour
 *		Solicitation or Advertisement of others
 */
struct ndsock {
	struct ev ev;
	void (*heard)(struct ndsock *s, const uint8_t *frame, size_t len);
};

/**
 * ndsock_open() - Return: 0 or -errno; nothing is heard before ndsock_bind()
 * ndsock_bind() - listen at a device, and no other
 */
XL_MUST_USE int ndsock_open(struct ndsock *s, struct ev_loop *loop);
void ndsock_bind(const struct ndsock *s, int ifindex);
void ndsock_close(struct ndsock *s);

/* ndsock_send() - send an Ethernet frame by that device. */
void ndsock_send(const struct ndsock *s, const uint8_t *frame, size_t len);

#endif
