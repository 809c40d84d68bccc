/* SPDX-License-Identifier: MIT */
/*
 * parts.h - which parts of a datagram have come, when it comes in fragments
 */
#ifndef XLAT_SIIT_PARTS_H
#define XLAT_SIIT_PARTS_H

#include "packet.h"

/* Fragments of one datagram: the longest, cut for links of 1500, 1480 and 1280
 * bytes in turn, has 135. */
#define PARTS_MAX 160u

/* What a fragment is to what has come before it. */
enum part_kind {
	PART_NEW,       /* it was missing */
	PART_DUPLICATE, /* the very same has come before */
	PART_OVERLAP    /* it contradicts what has come, or is one too many */
};

/* Bytes of the transport payload, from @off to before @end. */
struct part {
	uint16_t off;
	uint16_t end;
};

/**
 * struct parts - what has come; all zero: nothing
 * @end:	bytes of the datagram, once its last fragment has come; else 0
 * @bytes:	bytes that have come
 * @count:	fragments that have come
 */
struct parts {
	uint32_t end;
	uint32_t bytes;
	uint32_t count;
	struct part part[PARTS_MAX];
};

/**
 * parts_add() - a fragment has come
 * @v:		its view
 */
XL_MUST_USE enum part_kind parts_add(struct parts *p, const struct pkt_view *v);

/* Have all fragments come? */
bool parts_are_all(const struct parts *p);

#endif
