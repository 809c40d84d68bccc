/* SPDX-License-Identifier: MIT */
/*
 * error.h - ICMP errors that the translator originates (RFC 1812, 4443)
 *
 * An error replaces the packet it is about, in the same buffer.
 */
#ifndef XLAT_SIIT_ERROR_H
#define XLAT_SIIT_ERROR_H

#include "siit/translate.h"

/**
 * error_reply4() - turn a received IPv4 packet into an ICMPv4 error about it
 * error_reply6() - the same for an IPv6 packet and ICMPv6
 * @t:		addresses to send from
 * @p:		packet as received (nothing rewritten yet)
 * @v:		its view
 * @why:	reason to report in the result
 * @type:	ICMP type
 * @code:	ICMP code
 * @word:	second 32-bit word of the message: MTU, pointer or 0
 *
 * Return: XLAT_REPLY, or XLAT_DROP with the same reason where the RFCs
 *         forbid an error: about an error, a non-first fragment, a
 *         multicast, or to a source that is no single host
 *         (RFC 1812, 4.3.2.7; RFC 4443, 2.4e)
 */
XL_MUST_USE struct xlat_result
error_reply4(const struct translate *t, struct pkt *p, const struct pkt_view *v,
	     enum xlat_why why, uint8_t type, uint8_t code, uint32_t word);
XL_MUST_USE struct xlat_result
error_reply6(const struct translate *t, struct pkt *p, const struct pkt_view *v,
	     enum xlat_why why, uint8_t type, uint8_t code, uint32_t word);

/**
 * error_refuse4() - the general answer to a packet that is not translated:
 * ICMPv4 3/13, communication prohibited (RFC 7915, 4.4)
 * error_refuse6() - ICMPv6 1/1; none about ICMPv6 messages (RFC 7915, 5.4)
 */
XL_MUST_USE struct xlat_result error_refuse4(const struct translate *t,
					     struct pkt *p,
					     const struct pkt_view *v,
					     enum xlat_why why);
XL_MUST_USE struct xlat_result error_refuse6(const struct translate *t,
					     struct pkt *p,
					     const struct pkt_view *v,
					     enum xlat_why why);

/**
 * struct error_bucket - token bucket for originated errors (RFC 4443, 2.4f)
 * @rate:	tokens per second; 0: unlimited
 * @burst:	most tokens that can be saved up
 * @tokens:	tokens now, in billionths
 * @last:	when they were counted, ns
 */
struct error_bucket {
	uint32_t rate;
	uint32_t burst;
	uint64_t tokens;
	uint64_t last;
};

/**
 * error_allowed() - take a token
 * @now:	monotonic time, ns
 *
 * Return: may another error be sent now?
 */
XL_MUST_USE bool error_allowed(struct error_bucket *b, uint64_t now);

#define ERROR_CLASSES 64u

/**
 * struct error_limit - a bucket for all errors, and one for each class of
 * destinations, so that who provokes many does not use up those of others
 */
struct error_limit {
	struct error_bucket all;
	struct error_bucket class[ERROR_CLASSES];
};

/**
 * error_limit_init() - full buckets
 * @rate:	errors per second, a quarter of them to one class; 0: unlimited
 * @burst:	errors at once, a quarter of them to one class
 */
void error_limit_init(struct error_limit *l, uint32_t rate, uint32_t burst);

/**
 * error_limit_allows() - take a token of @p's destination
 * @p:		originated error
 * @now:	monotonic time, ns
 */
XL_MUST_USE bool error_limit_allows(struct error_limit *l, const struct pkt *p,
				    uint64_t now);

#endif
