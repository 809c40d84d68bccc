/* SPDX-License-Identifier: MIT */
/*
 * cut.h - one translated packet into the several that can be sent
 *
 * Two reasons: it exceeds @cut and may be fragmented, or it is a super-packet
 * that the kernel will not take.  The pieces are built one at a time in a
 * buffer of the caller's; the packet itself is only read.
 */
#ifndef XLAT_SIIT_CUT_H
#define XLAT_SIIT_CUT_H

#include "packet.h"

/**
 * struct cut - where the work stands; to be treated as opaque
 */
struct cut {
	const struct pkt *p;
	struct pkt_view v;
	uint32_t pos;  /* transport bytes already sent */
	uint32_t step; /* transport or payload bytes per piece */
	uint32_t hdr;  /* transport header repeated in each piece */
	uint16_t id;   /* Identification of the next IPv4 segment */
};

/**
 * cut_fragments() - prepare to fragment @p to @p->cut bytes
 * (RFC 791, 3.2; RFC 8200, 4.5)
 * @p:		translated packet with a finished checksum, not a super-packet
 */
void cut_fragments(struct cut *c, const struct pkt *p);

/**
 * cut_segments() - prepare to take a TCP or UDP super-packet apart
 * @p:		translated super-packet, checksum partial
 *
 * Pieces have finished checksums and, on IPv4, ascending Identifications.
 */
void cut_segments(struct cut *c, const struct pkt *p);

/**
 * cut_next() - build the next piece
 * @out:	@out->data points at PKT_MAX writable bytes; @out->len is set
 *
 * Return: false when there are no more
 */
XL_MUST_USE bool cut_next(struct cut *c, struct pkt *out);

#endif
