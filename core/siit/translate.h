/* SPDX-License-Identifier: MIT */
/*
 * translate.h - whole packets from one family to the other, RFC 7915
 *
 * The mechanism, without the question which address becomes which: that
 * is answered beforehand by siit.h (statelessly) or nat64.h (by its tables)
 * and handed in.  Pure: no clock, no allocation, no globals.
 */
#ifndef XLAT_SIIT_TRANSLATE_H
#define XLAT_SIIT_TRANSLATE_H

#include "packet.h"
#include "siit/ident.h"

enum udp_zero { UDP_ZERO_COMPUTE, UDP_ZERO_DROP, UDP_ZERO_FORWARD };

#define TOS_COPY (-1)

#define MSS_AUTO 1u
#define MSS_MIN  536u   /* what every host takes (RFC 9293, 3.7.1) */
#define MSS_MAX  65475u /* in the longest IPv6 packet */

/**
 * struct net4, struct net6 - a network
 */
struct net4 {
	uint32_t addr;
	uint8_t len;
};

struct net6 {
	struct addr6 addr;
	uint8_t len;
};

/**
 * struct translate - how headers are translated; constant while packets flow
 * @self4:	source of the ICMPv4 errors that we originate
 * @self6:	source of the ICMPv6 errors that we originate
 * @mtu4:	MTU of the next hop on the IPv4 side, bytes; 68 to 65535
 * @mtu6:	MTU of the next hop on the IPv6 side, bytes; from 1280 on
 * @lowest_mtu6: IPv4 packets that may be fragmented are made to fit this
 * @tos:	TOS of IPv4 packets made, or TOS_COPY
 * @tc:		Traffic Class of IPv6 packets made, or TOS_COPY
 * @udp_zero:	what becomes of IPv4 UDP without checksum (RFC 7915, 4.5)
 * @mss:	the largest segment that TCP hosts may announce to each other;
 *		0: what they like; MSS_AUTO: what fits @mtu4 and @mtu6
 * @keep_ttl:	the IPv4 side is this host itself, and its kernel counts the
 *		hop: TTL and hop limit stay. RFC 7915 asks for less by one; for
 *		a translator that stands in no path nobody would see it
 * @errors:	originate ICMP errors at all
 * @ident:	makes Identifications of IPv4 packets; NULL: all 0
 * @ident_bits:	so many low bits of them are @ident_low: what threads make that
 *		send from one address is different
 * @allow4:	IPv4 networks that are translated although they are special:
 *		translate_closed4() does not apply to them
 * @allow4_count: their number
 */
struct translate {
	struct addr6 self6;
	uint32_t self4;
	uint32_t mtu4;
	uint32_t mtu6;
	uint32_t lowest_mtu6;
	int tos;
	int tc;
	enum udp_zero udp_zero;
	uint32_t mss;
	bool keep_ttl;
	bool errors;
	struct ident *ident;
	uint16_t ident_bits;
	uint16_t ident_low;
	const struct net4 *allow4;
	uint32_t allow4_count;
};

/**
 * struct tuple4, struct tuple6 - addresses and ports a packet is to have
 * @sport:	TCP or UDP port, or ICMP echo identifier; ignored where the
 *		packet holds none
 * @dport:	the same for the destination; for ICMP equal to @sport
 */
struct tuple4 {
	uint32_t src;
	uint32_t dst;
	uint16_t sport;
	uint16_t dport;
};

struct tuple6 {
	struct addr6 src;
	struct addr6 dst;
	uint16_t sport;
	uint16_t dport;
};

/**
 * struct map46, struct map64 - what a packet's addresses become
 * @outer:	of the packet
 * @quoted:	of the packet quoted in it, if it is an ICMP error
 * @node:	source to be told in an RFC 4884 extension, because @outer.src
 *		stands in for it (RFC 6791)
 * @node_ext:	whether and how
 * @keep_ttl:	map46: second leg of a hairpin: the TTL has been lowered already
 * @first_leg:	map64: the result is not sent but translated back: its size
 *		does not matter
 * @new_ident:	map64: its Identification is made here even if it has a Fragment
 *		header: a translator whose hosts share an address has to
 *		(RFC 6864, 5.3.1), and can if it remembers it for the rest of
 *		the datagram
 */
enum node_extension { NODE_EXT_OFF, NODE_EXT_INTERFACE, NODE_EXT_NODE_ID };

struct map46 {
	struct tuple6 outer;
	struct tuple6 quoted;
	uint32_t node;
	enum node_extension node_ext;
	bool keep_ttl;
};

struct map64 {
	struct tuple4 outer;
	struct tuple4 quoted;
	struct addr6 node;
	enum node_extension node_ext;
	bool first_leg;
	bool new_ident;
};

/**
 * translate_admit4() - what can be decided before any address is looked up
 * translate_admit6()
 * @t:		configuration
 * @p:		packet, pkt_parse()d into @v
 * @v:		its view
 * @keep_ttl:	second leg of a hairpin: the TTL is not looked at
 *
 * Addresses that are no host's, source routes, hop limit, fragmented ICMP,
 * protocols without meaning in the other family. To be called before
 * translate_4to6() or translate_6to4(), which do not repeat it.
 *
 * Return: XLAT_FORWARD: go on; otherwise the verdict
 */
XL_MUST_USE struct xlat_result translate_admit4(const struct translate *t,
						struct pkt *p,
						const struct pkt_view *v,
						bool keep_ttl);
XL_MUST_USE struct xlat_result translate_admit6(const struct translate *t,
						struct pkt *p,
						const struct pkt_view *v);

/* An Identification, as ident_next(). */
XL_INLINE uint16_t translate_ident(const struct translate *t, uint32_t src,
				   uint32_t dst, uint8_t proto)
{
	return (uint16_t)(ident_next(t->ident, src, dst, proto)
				  << t->ident_bits |
			  t->ident_low);
}

/* Addresses that are never a host's (RFC 1812, 5.3.7; RFC 4291, 2.5). */
bool translate_illegal4(uint32_t addr);
bool translate_illegal6(struct addr6 addr);

/**
 * translate_closed4() - is this an address that is not translated?
 *
 * The illegal ones, and 169.254/16: a link-local service, such as a cloud's
 * 169.254.169.254, is not to be reached through a translator. What @t->allow4
 * names is open.
 */
bool translate_closed4(const struct translate *t, uint32_t addr);

/**
 * translate_listed() - is @addr in one of @count networks?
 */
bool translate_listed(const struct net4 *nets, uint32_t count, uint32_t addr);

/**
 * translate_4to6() - rewrite an IPv4 packet into IPv6, in place
 * @t:		configuration
 * @p:		packet, pkt_parse()d into @v
 * @v:		its view
 * @q:		view of the quote if @v->icmp_error, else ignored
 * @m:		addresses and ports it is to have
 *
 * Return: XLAT_FORWARD: send @p, through cut.h if @p->cut is set.
 *         XLAT_REPLY: @p is an ICMPv4 error for its sender.
 *         XLAT_DROP: forget @p.
 */
XL_MUST_USE struct xlat_result translate_4to6(const struct translate *t,
					      struct pkt *p,
					      const struct pkt_view *v,
					      const struct pkt_view *q,
					      const struct map46 *m);

/**
 * translate_6to4() - rewrite an IPv6 packet into IPv4, in place; the mirror
 * image of translate_4to6()
 */
XL_MUST_USE struct xlat_result translate_6to4(const struct translate *t,
					      struct pkt *p,
					      const struct pkt_view *v,
					      const struct pkt_view *q,
					      const struct map64 *m);

#endif
