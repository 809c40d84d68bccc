/* SPDX-License-Identifier: MIT */
/*
 * rrl.h - response rate limiting
 *
 * Who forges a victim's address makes a server flood the victim. So the same
 * question from the same network (/24, or /56 of IPv6) is answered so many
 * times a second only; of what is beyond, every second gets a truncated reply,
 * which is no larger than the question and lets an honest client come back
 * over TCP, and the rest gets none. TCP is never limited: it cannot be forged.
 */
#ifndef XLAT_DNS_RRL_H
#define XLAT_DNS_RRL_H

#include "dns/cache.h"
#include "wire/ip.h"

#define RRL_SLOTS 8192u
#define RRL_SLIP  2u

/**
 * struct rrl_slot - what was asked lately
 * @tag:	which network and question
 * @second:	when
 * @count:	how often in that second
 */
struct rrl_slot {
	uint32_t tag;
	uint32_t second;
	uint32_t count;
};

/**
 * struct rrl - the limiter
 * @rate:	answers a second; 0: no limit
 * @slots:	RRL_SLOTS, at first of zeros
 */
struct rrl {
	uint32_t rate;
	struct siphash_key key;
	struct rrl_slot *slots;
};

enum rrl_verdict { RRL_ANSWER, RRL_TRUNCATE, RRL_SILENCE };

/**
 * rrl_count() - a question came over UDP: what is to be done?
 * @addr:	client's address, IPv4 as ::ffff:0:0/96
 * @now:	seconds
 *
 * Several threads may ask at once.
 */
XL_MUST_USE enum rrl_verdict rrl_count(const struct rrl *r, struct addr6 addr,
				       const struct msg_question *q,
				       uint32_t now);

#endif
