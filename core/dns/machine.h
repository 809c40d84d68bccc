/* SPDX-License-Identifier: MIT */
/*
 * machine.h - between the files of the query machine (query.h)
 *
 * query.c has the slots and their stages; admit.c decides what of the clients'
 * messages gets there, memory.c is about the cache, reply.c makes replies.
 */
#ifndef XLAT_DNS_MACHINE_H
#define XLAT_DNS_MACHINE_H

#include "dns/query.h"

static inline uint32_t machine_seconds(const struct query_event *ev)
{
	return (uint32_t)(ev->now / 1000000000u);
}

static inline void machine_count(const struct query_event *ev, enum count c)
{
	ev->count[c]++;
}

/* Take up a question that may be answered, as far as the cache goes. */
struct query_step machine_look(const struct query *q,
			       const struct query_event *ev,
			       struct query_slot *s);

/* Read the answer to a question out of the cache. */
XL_MUST_USE bool memory_recall(const struct query *q,
			       const struct query_event *ev,
			       struct cache_key key, struct cache_hit *hit,
			       struct answer *a);

/* Keep an answer, or a failure of the server's, for as long as it is good. */
void memory_keep(struct query *q, const struct query_event *ev,
		 const struct upstream_ask *ask, const struct answer *a);

/**
 * memory_keep_failure() - nobody answered
 *
 * Old data may serve for a while; without it the failure is what will be
 * remembered.
 */
void memory_keep_failure(struct query *q, const struct query_event *ev,
			 const struct upstream_ask *ask);

/* Is there data that is too old, but may be used? */
XL_MUST_USE bool memory_has_old(struct query *q, const struct query_event *ev,
				const struct upstream_ask *ask);

/* The step that ends a question: what is in @f is the reply. */
struct query_step reply_end(const struct query_event *ev,
			    struct request_frame *f,
			    const struct query_client *client);

/* Answer at once, without a slot: with a code only, or with what is known
 * here. */
struct query_step reply_now(const struct query_event *ev,
			    const struct query_client *client,
			    const struct request *rq, uint16_t rcode,
			    const struct request_ede *ede);
struct query_step reply_local(const struct query_event *ev,
			      const struct query_slot *s,
			      const struct local *l);

/* Answer a slot's question out of @a. */
struct query_step reply_slot(const struct query_event *ev,
			     const struct query_slot *s, const struct answer *a,
			     enum stage_verdict verdict);

#endif
