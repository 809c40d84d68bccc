/* SPDX-License-Identifier: MIT */
/*
 * nd.h - Neighbour Discovery for one address, as Ethernet frames (RFC 4861,
 * 4.3, 4.4 and 7.1; nonce: RFC 3971, 5.3.2 and RFC 7527)
 */
#ifndef XLAT_CLAT_ND_H
#define XLAT_CLAT_ND_H

#include "wire/ip.h"

#define ND_SOLICIT   135u
#define ND_ADVERT    136u
#define ND_FRAME_LEN 86u /* of every frame that we send */
#define ND_MAC_LEN   6u
#define ND_NONCE_LEN 6u

/* An address's bytes, so that it can be passed by value. */
struct nd_mac {
	uint8_t b[ND_MAC_LEN];
};

struct nd_nonce {
	uint8_t b[ND_NONCE_LEN];
};

/**
 * struct nd - a Neighbour Solicitation or Advertisement
 * @type:	ND_SOLICIT or ND_ADVERT
 * @sender:	source of the frame
 * @lladdr:	its link-layer option, else @sender
 * @nonce:	its nonce option, if @has_nonce
 * @router, @solicited, @override: flags of an advertisement
 */
struct nd {
	uint8_t type;
	bool router;
	bool solicited;
	bool override;
	bool has_nonce;
	struct nd_mac sender;
	struct nd_mac lladdr;
	struct nd_nonce nonce;
	struct addr6 src;
	struct addr6 dst;
	struct addr6 target;
};

/**
 * nd_parse() - read a frame, and check it (RFC 4861, 7.1.1 and 7.1.2)
 *
 * Return: false: it is neither, or not valid, or a fragment (RFC 6980, 5)
 */
XL_MUST_USE bool nd_parse(struct nd *nd, const void *frame, size_t len);

/**
 * nd_probe() - write a solicitation for Duplicate Address Detection
 * (RFC 4862, 5.4.2)
 * @frame:	ND_FRAME_LEN bytes
 */
void nd_probe(uint8_t *frame, struct nd_mac mac, struct addr6 target,
	      struct nd_nonce nonce);

/**
 * nd_advert() - write an advertisement of @nd.target by its owner
 * @frame:	ND_FRAME_LEN bytes
 * @nd:		@sender, @lladdr (of the owner), @dst, @target and flags
 * @to:		link-layer destination if @nd.dst is not multicast
 */
void nd_advert(uint8_t *frame, const struct nd *nd, struct nd_mac to);

/* The solicited-node group of an address (RFC 4291, 2.7.1). */
struct addr6 nd_group(struct addr6 target);

static inline bool nd_mac_equal(struct nd_mac a, struct nd_mac b)
{
	return mem_equal(a.b, b.b, ND_MAC_LEN);
}

#define ND_ALL_NODES   ((struct addr6){ 0xff02ull << 48, 1 })
#define ND_ALL_ROUTERS ((struct addr6){ 0xff02ull << 48, 2 })

#endif
