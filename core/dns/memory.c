/* SPDX-License-Identifier: MIT */
/*
 * memory.c - answers out of the cache and into it, and old ones (RFC 8767)
 */
#include "dns/machine.h"

/* May data that is too old be used? If there is no hope of better. */
static bool may_be_stale(const struct query *q, const struct query_event *ev,
			 const struct cache_hit *hit)
{
	return hit->age - hit->lifetime < q->stale &&
	       (hit->retry || upstream_all_down(&q->up, ev->now));
}

bool memory_recall(const struct query *q, const struct query_event *ev,
		   struct cache_key key, struct cache_hit *hit,
		   struct answer *a)
{
	uint32_t least = 0;

	if (!cache_find(&q->cache, key, machine_seconds(ev), hit))
		return false;
	if (hit->age >= hit->lifetime) {
		if (!may_be_stale(q, ev, hit))
			return false;
		least = QUERY_STALE_TTL;
	}
	return answer_recall(a, hit->data, hit->len, hit->age, least, key.q);
}

void memory_keep(struct query *q, const struct query_event *ev,
		 const struct upstream_ask *ask, const struct answer *a)
{
	const struct cache_key key = { &ask->q, ask->how };
	const uint32_t lifetime =
		answer_is_data(a) ? answer_lifetime(a) : QUERY_FAIL_TIME;

	cache_put(&q->cache, key, machine_seconds(ev), lifetime, a->r.data,
		  a->r.len);
}

void memory_keep_failure(struct query *q, const struct query_event *ev,
			 const struct upstream_ask *ask)
{
	const struct cache_key key = { &ask->q, ask->how };
	struct cache_hit hit;
	uint32_t len;

	if (cache_find(&q->cache, key, machine_seconds(ev), &hit) &&
	    hit.age < hit.lifetime + q->stale) {
		cache_put_off(&q->cache, key, machine_seconds(ev),
			      QUERY_STALE_TTL);
		return;
	}
	len = answer_make_failure(ev->buf, &ask->q);
	cache_put(&q->cache, key, machine_seconds(ev), QUERY_FAIL_TIME, ev->buf,
		  len);
}

bool memory_has_old(struct query *q, const struct query_event *ev,
		    const struct upstream_ask *ask)
{
	struct cache_hit hit;

	return q->stale &&
	       cache_find(&q->cache, (struct cache_key){ &ask->q, ask->how },
			  machine_seconds(ev), &hit) &&
	       hit.age < hit.lifetime + q->stale;
}
