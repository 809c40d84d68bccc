/* SPDX-License-Identifier: MIT */
/*
 * icmp.h - ICMP messages from one family to the other, RFC 7915 sections 4.2,
 * 4.3, 5.2 and 5.3, with the extensions of RFC 4884
 *
 * Internal to siit/. All four functions patch the message in place and keep
 * @v telling where it starts and how long it is.
 */
#ifndef XLAT_SIIT_ICMP_H
#define XLAT_SIIT_ICMP_H

#include "siit/translate.h"

/**
 * icmp_echo_4to6() - echo request or reply; other queries are dropped
 * @to:		outer addresses; @to->sport is the new identifier
 */
XL_MUST_USE struct xlat_result icmp_echo_4to6(struct pkt *p,
					      const struct pkt_view *v,
					      const struct tuple6 *to);
XL_MUST_USE struct xlat_result icmp_echo_6to4(struct pkt *p,
					      const struct pkt_view *v,
					      const struct tuple4 *to);

/**
 * icmp_error_4to6() - an error, the packet it quotes, and its extensions
 * @q:		view of the quote
 */
XL_MUST_USE struct xlat_result
icmp_error_4to6(const struct translate *t, struct pkt *p, struct pkt_view *v,
		const struct pkt_view *q, const struct map46 *m);
XL_MUST_USE struct xlat_result
icmp_error_6to4(const struct translate *t, struct pkt *p, struct pkt_view *v,
		const struct pkt_view *q, const struct map64 *m);

#endif
