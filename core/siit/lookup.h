/* SPDX-License-Identifier: MIT */
/*
 * lookup.h - the address that one address becomes: by the explicit address
 * mapping table (RFC 7757), else under pool6 (RFC 6052)
 *
 * Internal to siit/. All return WHY_NONE, or why there is no such address.
 */
#ifndef XLAT_SIIT_LOOKUP_H
#define XLAT_SIIT_LOOKUP_H

#include "siit/siit.h"

/**
 * lookup_6() - IPv4 address to IPv6 address
 * @use_eam:	false: as if no mapping matched (RFC 7757, 4.2.1)
 */
XL_MUST_USE enum xlat_why lookup_6(const struct siit *s, uint32_t a,
				   bool use_eam, struct addr6 *out);

/**
 * lookup_4() - IPv6 address to IPv4 address
 * @by_pool6:	it was extracted, not found in the table
 */
XL_MUST_USE enum xlat_why lookup_4(const struct siit *s, struct addr6 a,
				   uint32_t *out, bool *by_pool6);

/**
 * lookup_source6() - IPv6 source of packet @v, into @m
 * lookup_source4() - IPv4 source of packet @v, into @m
 *
 * An ICMP error may borrow one, then @m->node tells whose it was (RFC 6791).
 */
XL_MUST_USE enum xlat_why lookup_source6(struct siit *s,
					 const struct pkt_view *v, bool use_eam,
					 struct map46 *m);
XL_MUST_USE enum xlat_why
lookup_source4(struct siit *s, const struct pkt_view *v, struct map64 *m);

#endif
