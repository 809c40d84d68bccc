/* SPDX-License-Identifier: MIT */
/*
 * packet.h - a packet in a buffer, and the bounded parse of both families
 *
 * Translation is in place: the new header is written just before the
 * transport header, so the payload never moves.  Whoever reads packets
 * leaves PKT_HEADROOM free bytes before them.
 */
#ifndef XLAT_PACKET_H
#define XLAT_PACKET_H

#include "wire/ip.h"
#include "xlat.h"

#define PKT_HEADROOM  256u   /* bytes to leave free before a packet read */
#define PKT_MAX       65600u /* longest packet that may be built */
#define PKT_BUF_SIZE  (PKT_HEADROOM + PKT_MAX + 64u)
#define PKT_CHAIN_MAX 16u /* IPv6 extension headers followed */

/* What a super-packet is made of; the kernel or cut.h takes it apart. */
enum pkt_gso { PKT_GSO_NONE, PKT_GSO_TCP, PKT_GSO_UDP };

/**
 * struct pkt - a packet and the buffer around it
 * @data:	first byte of the IP header
 * @len:	bytes from @data to the end of the packet
 * @headroom:	writable bytes before @data
 * @tailroom:	writable bytes behind @data + @len
 * @gso:	super-packet: the transport payload is to be sent in pieces
 * @gso_ecn:	TCP super-packet with CWR set: only its first piece keeps it
 * @gso_size:	payload bytes per piece, if @gso
 * @partial:	the transport checksum field holds the folded sum of the
 *		pseudo-header, not its complement; the rest is still to be
 *		added by whoever sends the packet
 * @cut:	0, or the largest IP packet the next hop takes: the packet has
 *		to go through cut.h before it is sent
 * @frag_id:	Identification for such fragments, if @cut; of a packet that was
 *		made IPv4: its own
 */
struct pkt {
	uint8_t *data;
	uint32_t len;
	uint32_t headroom;
	uint32_t tailroom;
	enum pkt_gso gso;
	bool gso_ecn;
	bool partial;
	uint16_t gso_size;
	uint32_t cut;
	uint32_t frag_id;
};

/**
 * struct pkt_view - what a parse found
 * @version:	4 or 6
 * @h4:		header of an IPv4 packet
 * @h6:		header of an IPv6 packet
 * @proto:	upper-layer protocol of either family (ICMPv6 is IP_ICMP6)
 * @fragment:	a true fragment: offset not 0 or more fragments follow; an
 *		atomic fragment (RFC 6946) is none
 * @first:	the transport header is here: not a fragment, or the first
 * @l4:		offset of the transport header from the first byte of the IP
 *		header, bytes
 * @l4_len:	transport bytes that are here
 * @l4_total:	transport bytes that there are by the IP header's length; more
 *		than @l4_len only in a quote that was cut
 * @ports:	@sport and @dport are valid
 * @sport:	source port of TCP or UDP; identifier of an ICMP echo
 * @dport:	destination port; the same identifier
 * @icmp_error:	an ICMP error of either family
 * @icmp_type:	type of an ICMP message, if @first and the byte is here
 * @icmp_code:	its code
 * @tcp_flags:	octet 13 of the TCP header, if it is here
 */
struct pkt_view {
	union {
		struct hdr4 h4;
		struct hdr6 h6;
	};
	uint32_t l4;
	uint32_t l4_len;
	uint32_t l4_total;
	uint16_t sport;
	uint16_t dport;
	uint8_t version;
	uint8_t proto;
	uint8_t icmp_type;
	uint8_t icmp_code;
	uint8_t tcp_flags;
	bool fragment;
	bool first;
	bool ports;
	bool icmp_error;
	bool source_route;       /* IPv4: one that is not used up */
	bool ext_after_fragment; /* IPv6: RFC 7915, 5.1.1 */
	uint16_t routing_ptr;    /* IPv6: offset of a Segments Left that is
				 * not 0, or 0 */
};

#define TCP_FIN 0x01u
#define TCP_SYN 0x02u
#define TCP_RST 0x04u
#define TCP_ACK 0x10u
#define TCP_CWR 0x80u

/**
 * pkt_parse() - read and check the headers of a packet from the wire
 * @p:		packet; bytes behind the IP header's length are cut off
 * @v:		what was found; valid only when WHY_NONE is returned
 *
 * Checks version, lengths, the IPv4 header checksum, options, the chain of
 * extension headers, and that a first fragment of what has a checksum that
 * covers addresses, or of ICMP, holds its header up to that, and a super-packet
 * all of it. Never reads outside the packet.
 *
 * Return: WHY_NONE, or why the packet has to be dropped silently
 */
XL_MUST_USE enum xlat_why pkt_parse(struct pkt *p, struct pkt_view *v);

/**
 * pkt_parse_quote() - the same for the packet quoted in an ICMP error
 * @data:	first byte of the quoted IP header
 * @len:	bytes of the quote that are here
 * @v:		what was found; offsets count from @data
 *
 * The quote may end anywhere behind its IP header (RFC 792, 4443); its
 * checksums are not tested (RFC 5508, REQ-3).
 *
 * Return: WHY_NONE, or WHY_ICMP_QUOTE
 */
XL_MUST_USE enum xlat_why pkt_parse_quote(const uint8_t *data, uint32_t len,
					  struct pkt_view *v);

/**
 * pkt_quote_len() - length attribute of an ICMP error (RFC 4884, 4)
 * @icmp:	ICMP_HDR_LEN bytes of one that has a counterpart
 *
 * Return: bytes of quote before the extension; 0: there is no extension
 */
uint32_t pkt_quote_len(const uint8_t *icmp, uint8_t version);

/**
 * pkt_quote() - where the quote of an ICMP error starts and ends
 * @p:		packet that holds the error
 * @v:		its view, @v->icmp_error set
 * @q:		view of the quote
 *
 * Minds the RFC 4884 length attribute.
 *
 * Return: WHY_NONE, or why the error has to be dropped
 */
XL_MUST_USE enum xlat_why
pkt_quote(const struct pkt *p, const struct pkt_view *v, struct pkt_view *q);

#endif
