/* SPDX-License-Identifier: MIT */
/*
 * mss.h - the largest segment that a TCP host says it can take
 * (RFC 9293, 3.7.1), lowered to what can pass
 *
 * Internal to siit/.
 */
#ifndef XLAT_SIIT_MSS_H
#define XLAT_SIIT_MSS_H

#include "siit/translate.h"

/**
 * mss_clamp() - lower what a SYN says, as @t->mss has it
 * @p:		a packet, TCP with SYN set
 * @v:		its view
 *
 * Options that are damaged end the search. A host that says nothing is left to
 * its default.
 */
void mss_clamp(const struct translate *t, struct pkt *p,
	       const struct pkt_view *v);

#endif
