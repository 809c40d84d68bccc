/* SPDX-License-Identifier: MIT */
/*
 * build.h - packets for the benches, with checksums that are right
 */
#ifndef XLAT_BENCH_BUILD_H
#define XLAT_BENCH_BUILD_H

#include "packet.h"

/**
 * struct build - what a packet is to be
 * @version:	4 or 6
 * @proto:	IP_TCP, IP_UDP, or IP_ICMP for an echo request of either family
 * @src4, @dst4: addresses if @version is 4
 * @src6, @dst6: addresses if @version is 6
 * @sport:	source port, or identifier of the echo
 * @dport:	destination port
 * @tcp_flags:	octet 13 of the TCP header
 * @payload:	bytes behind the transport header; the value of each is 0
 * @no_check:	UDP over IPv4: send it without a checksum
 * @frag_off:	fragment offset, bytes; not 0: the transport header is missing
 * @frag_more:	more fragments follow
 */
struct build {
	unsigned int version;
	uint8_t proto;
	uint8_t tcp_flags;
	uint32_t src4;
	uint32_t dst4;
	struct addr6 src6;
	struct addr6 dst6;
	uint16_t sport;
	uint16_t dport;
	uint32_t payload;
	bool no_check;
	uint16_t frag_off;
	bool frag_more;
};

/* Write the packet at @p->data and set @p->len. */
void build_packet(struct pkt *p, const struct build *b);

/**
 * build_super() - a TCP super-packet with a partial checksum, as a TUN with
 * offloads hands it over
 * @gso_size:	bytes of payload in each of its pieces
 */
void build_super(struct pkt *p, const struct build *b, uint16_t gso_size);

/**
 * build_error() - "port unreachable" about a packet
 * @outer:	addresses of the error itself
 * @about:	the packet that it quotes
 * @quote:	bytes of that packet which are quoted
 */
void build_error(struct pkt *p, const struct build *outer,
		 const struct build *about, uint32_t quote);

#endif
