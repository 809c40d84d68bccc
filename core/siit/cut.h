/* SPDX-License-Identifier: MIT */
/*
 * cut.h - one translated packet into the several that can be sent
 *
 * A super-packet that the kernel will not take, or that one IP header cannot
 * describe, is taken apart into its segments; what exceeds @cut, a packet or
 * a segment, is fragmented. The pieces are built one at a time in a buffer
 * of the caller's; the packet itself is only read.
 */
#ifndef XLAT_SIIT_CUT_H
#define XLAT_SIIT_CUT_H

#include "packet.h"

#define CUT_HEAD_MAX 60u /* longest TCP header */

/**
 * struct cut - where the work stands; to be treated as opaque
 *
 * A segment is @head, then @body_len bytes of the packet's payload. A packet
 * that is no super-packet is one segment without @head.
 */
struct cut {
	const struct pkt *p;
	struct pkt_view v;
	uint32_t step; /* payload bytes per segment */
	uint32_t next; /* where the next segment's payload begins: bytes
			    * behind the start of the transport header */
	uint32_t body; /* the same of this segment */
	uint32_t body_len;
	uint32_t sent;  /* bytes of this segment already sent */
	uint32_t count; /* segments begun */
	uint32_t head_len;
	uint8_t head[CUT_HEAD_MAX];
};

/**
 * cut_open() - prepare to take a packet apart (RFC 791, 3.2; RFC 8200, 4.5)
 * @p:		translated super-packet, or packet whose @p->cut is set
 *
 * Segments have finished checksums and, on IPv4, ascending Identifications.
 */
void cut_open(struct cut *c, const struct pkt *p);

/**
 * cut_next() - build the next piece
 * @out:	@out->data points at PKT_MAX writable bytes; @out->len is set
 *
 * Return: false when there are no more
 */
XL_MUST_USE bool cut_next(struct cut *c, struct pkt *out);

/**
 * cut_tail() - take the last segment off a super-packet that is to stay whole,
 * if its DF has to differ from the others' (RFC 7915, 5.1)
 * @p:		translated super-packet with a partial checksum; is shortened
 * @out:	@out->data points at HDR_DF_ABOVE writable bytes; becomes the
 *		segment, to be sent behind @p
 *
 * Return: false if nothing had to be taken off
 */
XL_MUST_USE bool cut_tail(struct pkt *p, struct pkt *out);

/**
 * cut_first() - shorten a received super-packet, in place, to the first
 * segment that it stands for
 */
void cut_first(struct pkt *p);

#endif
