/* SPDX-License-Identifier: MIT */
/*
 * gather.h - fragments that can only be translated together
 *
 * A translator takes each fragment by itself, but for two kinds: the checksum
 * of ICMP changes with the length of the whole message (RFC 7915, 1.2), and
 * UDP without checksum needs one over all of its data (RFC 7915, 4.5). This
 * stands before a translator that has no state, and sees to both in memory of
 * a fixed size.
 */
#ifndef XLAT_SIIT_GATHER_H
#define XLAT_SIIT_GATHER_H

#include "packet.h"
#include "siit/parts.h"

#define GATHER_KEPT   32u /* datagrams of which data is kept */
#define GATHER_NOTED  32u /* UDP datagrams whose first fragment is awaited */
#define GATHER_SHARE  8u  /* of either kind, of one sender */
#define GATHER_HEADER 64u /* bytes for an IP header before ICMP data */

struct gather_key {
	struct addr6 src; /* or an IPv4 address in the low bits */
	struct addr6 dst;
	uint32_t id;
	uint8_t proto;
	uint8_t version;
};

/**
 * struct gather_entry - a datagram some of whose fragments have come
 * @since:	when the first of them came, ns
 * @sum:	of what has come of UDP
 * @used:	there is one here
 * @dead:	its fragments contradict each other: it is refused (RFC 5722)
 */
struct gather_entry {
	struct gather_key key;
	uint64_t since;
	uint64_t sum;
	bool used;
	bool dead;
	struct parts parts;
};

/**
 * struct gather - about 2 MiB; all zero: empty. To be treated as opaque, but
 * for
 * @udp:	give UDP without checksum one; else it is left to the translator
 * @limit:	how long fragments of a datagram are waited for, ns; at least
 *		two seconds (RFC 6146, FRAGMENT_MIN)
 */
struct gather {
	bool udp;
	uint64_t limit;
	struct gather_key passing; /* the last UDP datagram with a checksum */
	struct gather_entry kept[GATHER_KEPT];
	struct gather_entry noted[GATHER_NOTED];
	uint8_t data[GATHER_KEPT][PKT_BUF_SIZE];
};

/**
 * gather_add() - a packet, before it is translated
 * @p:		packet as read; may get a UDP checksum
 * @ready:	a packet to be translated and sent before @p, if @ready->len is
 *		not 0: a whole ICMP message, or the first fragment of UDP with
 *		its checksum. It lies in @g until the next call.
 * @now:	monotonic time, ns
 *
 * Whoever sends too many datagrams loses the oldest of them; if there are too
 * many altogether, the oldest of all goes.
 *
 * Return: WHY_NONE: translate @p; else forget it for this reason, which is
 *         WHY_FRAGMENT_HELD if it has been kept
 */
XL_MUST_USE enum xlat_why gather_add(struct gather *g, struct pkt *p,
				     struct pkt *ready, uint64_t now);

/**
 * gather_concerns() - could this be such a fragment? Nothing is lost by not
 * calling gather_add() if it could not.
 */
XL_INLINE bool gather_concerns(const struct pkt *p)
{
	if (p->len < IP4_HDR_LEN)
		return false;
	if (p->data[0] >> 4 == 4)
		return be_get16(p->data + 6) & 0x3fff;
	return p->data[6] == IP_FRAGMENT || p->data[6] == IP_HOPOPTS ||
	       p->data[6] == IP_ROUTING || p->data[6] == IP_DSTOPTS;
}

#endif
