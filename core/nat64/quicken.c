/* SPDX-License-Identifier: MIT */
#include "nat64/quicken.h"

#include "nat64/quick.h"
#include "nat64/tcpfsm.h"

/* In the order of struct session's @quick. */
enum way { WAY_FROM6, WAY_FROM4, WAY_COUNT };

static struct quick *entry_at(const struct nat64 *n, const struct session *s,
			      enum way way)
{
	return &n->quick->entries[s->quick[way] - 1];
}

uint32_t quicken_latest(const struct nat64 *n, const struct session *s)
{
	uint32_t latest = s->used;

	for (enum way way = 0; way < WAY_COUNT; way++) {
		uint32_t used = 0;

		if (s->quick[way])
			used = quick_load(&entry_at(n, s, way)->used);
		if (used > latest)
			latest = used;
	}
	return latest;
}

/* Nobody finds it any more; who has found it is not disturbed. */
static void take_out(const struct nat64 *n, struct session *s, enum way way,
		     uint32_t live)
{
	struct quick *q = entry_at(n, s, way);

	__atomic_store_n(&q->live, live, __ATOMIC_RELEASE);
	s->used = quicken_latest(n, s);
	s->quick[way] = 0;
}

void quicken_remove(const struct nat64 *n, struct session *s)
{
	for (enum way way = 0; way < WAY_COUNT; way++)
		if (s->quick[way])
			take_out(n, s, way, 0);
}

static bool is_ours(const struct nat64 *n, const struct quick *q)
{
	return (__atomic_load_n(&q->live, __ATOMIC_ACQUIRE) & 1) &&
	       q->shard == n->cfg.shard;
}

/* An idle entry's place. */
static void displace(const struct nat64 *n, const struct quick *q)
{
	struct session *s = session_at(n, q->session);
	const uint32_t number = (uint32_t)(q - n->quick->entries) + 1;

	take_out(n, s, s->quick[WAY_FROM6] == number ? WAY_FROM6 : WAY_FROM4,
		 QUICK_CLAIMED);
}

/* Another NAT64 may want the same one. */
static bool claim(struct quick *q)
{
	uint32_t none = 0;

	return __atomic_compare_exchange_n(&q->live, &none, QUICK_CLAIMED,
					   false, __ATOMIC_SEQ_CST,
					   __ATOMIC_RELAXED);
}

/* Return: one of the set that is ours to be filled; NULL: there is none. */
static struct quick *find_place(const struct nat64 *n, struct quick *set)
{
	struct quick *idle = NULL;
	struct quick *q;

	for (q = set; q < set + QUICK_WAYS; q++) {
		if (!quick_load(&q->live) && claim(q))
			return q;
		if (is_ours(n, q) &&
		    quick_load(&q->used) + QUICKEN_IDLE <= n->now &&
		    (!idle || q->used < idle->used))
			idle = q;
	}
	if (idle)
		displace(n, idle);
	return idle;
}

/* Return: number of its entry; 0: there is no room. */
static uint16_t put(const struct nat64 *n, uint32_t index, struct quick_key k,
		    struct quick_to to)
{
	struct quick_table *t = n->quick;
	const uint64_t hash = quick_hash(t, k);
	struct quick *q = find_place(n, quick_set(t, hash));

	if (!q)
		return 0;
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	if (quick_load(&q->hold)) {
		__atomic_store_n(&q->live, 0, __ATOMIC_RELEASE);
		return 0;
	}
	q->addr = to.addr;
	q->a = k.a;
	q->b = k.b;
	q->c = k.c;
	q->d = k.d;
	q->used = n->now;
	q->session = index;
	q->port = (uint16_t)to.port;
	q->shard = (uint16_t)n->cfg.shard;
	__atomic_store_n(&q->live, quick_tag(hash), __ATOMIC_RELEASE);
	return (uint16_t)(q - t->entries + 1);
}

/* Are its plain packets all alike, whatever comes between them? */
static bool may_be_quick(const struct session *s)
{
	if (s->hairpin)
		return false;
	if (s->bib != BIB_TCP)
		return s->bib == BIB_UDP;
	return s->class == NAT64_TCP_EST &&
	       (s->tcp == TCPFSM_ESTABLISHED || s->tcp == TCPFSM_V4_FIN ||
		s->tcp == TCPFSM_V6_FIN);
}

XL_APART void quicken_add(struct nat64 *n, uint32_t index)
{
	struct session *s = session_at(n, index);
	const uint8_t proto = bib_proto(s->bib);
	const struct quick_to out = { { 0, s->pool }, s->pool_port };
	const struct quick_to in = { s->client, s->client_port };

	if (!may_be_quick(s))
		return;
	if (!s->quick[WAY_FROM6])
		s->quick[WAY_FROM6] =
			put(n, index,
			    quick_key6(s->client, s->client_port, s->remote,
				       s->remote_port, proto),
			    out);
	if (!s->quick[WAY_FROM4])
		s->quick[WAY_FROM4] =
			put(n, index,
			    quick_key4(s->pool, s->pool_port, s->remote,
				       s->remote_port, proto),
			    in);
}

XL_RARE void quicken_clear(struct nat64 *n)
{
	for (uint32_t i = 0; n->quick && i < QUICK_SIZE; i++) {
		const struct quick *q = &n->quick->entries[i];

		if (is_ours(n, q))
			quicken_remove(n, session_at(n, q->session));
	}
}

void nat64_quicken(struct nat64 *n, struct quick_table *t)
{
	quicken_clear(n);
	n->quick = t;
}

struct quick_config nat64_quick_config(const struct nat64 *n)
{
	const struct translate *t = &n->cfg.tr;

	return (struct quick_config){
		.pool6 = n->cfg.pool6.prefix,
		.pool6_len = n->cfg.pool6.len,
		.mtu4 = t->mtu4,
		.mtu6 = t->mtu6,
		.lowest_mtu6 = t->lowest_mtu6,
		.tos = (int16_t)t->tos,
		.tc = (int16_t)t->tc,
		.outside = n->cfg.outside,
		.ident_bits = t->ident_bits,
		.ident_low = t->ident_low,
	};
}
