/* SPDX-License-Identifier: MIT */
/*
 * shard_help.h - several NAT64s that stand for one, and packets handed from
 * one to another as threads would
 */
#ifndef TEST_SHARD_HELP_H
#define TEST_SHARD_HELP_H

#include "nat64/shard.h"
#include "nat64_help.h"

#define OUT_MAX  64u
#define OUT_SIZE 2048u

/**
 * struct out - a packet that left
 */
struct out {
	uint8_t b[OUT_SIZE];
	uint32_t len;
};

/**
 * struct cluster - the NAT64s, and what came of the last packet
 * @reader:	who reads the next one: anybody
 * @hands:	packets handed over, ever
 * @r:		what became of the packet
 */
struct cluster {
	uint32_t count;
	struct world *shard[SHARD_MAX];
	uint32_t reader;
	unsigned long hands;
	struct xlat_result r;
	struct out out[OUT_MAX];
	uint32_t outs;
};

static inline struct cluster *cluster_new(const struct nat64_config *cfg,
					  uint32_t count)
{
	struct cluster *c = calloc(1, sizeof(*c));

	c->count = count;
	for (uint32_t i = 0; i < count; i++) {
		c->shard[i] = world_new();
		c->shard[i]->cfg = *cfg;
		c->shard[i]->cfg.shards = count;
		c->shard[i]->cfg.shard = i;
		world_open(c->shard[i]);
	}
	return c;
}

static inline void cluster_free(struct cluster *c)
{
	for (uint32_t i = 0; i < c->count; i++)
		world_free(c->shard[i]);
	free(c);
}

static inline void cluster_leave(struct cluster *c, const struct pkt *p)
{
	struct out *o = &c->out[c->outs++];

	cr_assert(c->outs <= OUT_MAX && p->len <= OUT_SIZE);
	memcpy(o->b, p->data, p->len);
	o->len = p->len;
}

/* The packet in @w is another's: on with it there. */
static inline void cluster_hand(struct cluster *c, struct world *w,
				struct nat64_hand h)
{
	for (unsigned int hops = 0; c->r.verdict == XLAT_ELSEWHERE; hops++) {
		struct world *to = c->shard[h.to];
		const struct pkt p = w->p;

		cr_assert(hops < 4 && to != w);
		c->hands++;
		world_buffer(to, p.len);
		memcpy(to->p.data, p.data, p.len);
		w = to;
		if (h.kind == NAT64_HAND_PORTS || h.kind == NAT64_HAND_TURNED)
			c->r = nat64_resume(w->n, &w->p, &h, w->now);
		else
			c->r = nat64_packet(w->n, &w->p, w->now);
		if (c->r.verdict == XLAT_ELSEWHERE)
			cr_assert(nat64_hand(w->n, &h));
	}
	if (c->r.verdict != XLAT_DROP)
		cluster_leave(c, &w->p);
}

/* What has to be done by now, in all of them. */
static inline void cluster_expire(struct cluster *c)
{
	for (uint32_t i = 0; i < c->count; i++) {
		struct world *w = c->shard[i];
		struct nat64_hand h;

		while (nat64_next_expiry(w->n) <= w->now) {
			world_buffer(w, 0);
			w->p.tailroom = PKT_MAX;
			if (!nat64_expire(w->n, w->now, &w->p, 1000))
				continue;
			c->r = nat64_hand(w->n, &h) ? xlat_elsewhere()
						    : xlat_forward();
			cluster_hand(c, w, h);
		}
	}
}

/* A packet is read by one of them; then what is due is done. */
static inline void cluster_send(struct cluster *c, const uint8_t *b, size_t len)
{
	struct world *w = c->shard[c->reader++ % c->count];
	struct nat64_hand h = { .kind = NAT64_HAND_PART };
	struct xlat_result r;

	c->outs = 0;
	world_buffer(w, len);
	memcpy(w->p.data, b, len);
	h.to = nat64_gatherer(w->n, &w->p);
	c->r = xlat_elsewhere();
	if (h.to == w->cfg.shard) {
		c->r = nat64_packet(w->n, &w->p, w->now);
		if (c->r.verdict == XLAT_ELSEWHERE)
			cr_assert(nat64_hand(w->n, &h));
	}
	cluster_hand(c, w, h);
	r = c->r;
	cluster_expire(c);
	c->r = r;
}

static inline void cluster_seg(struct cluster *c, struct seg s)
{
	uint8_t bytes[2048];

	cluster_send(c, bytes, seg_write(bytes, &s));
}

static inline void cluster_wait(struct cluster *c, double seconds)
{
	c->outs = 0;
	for (uint32_t i = 0; i < c->count; i++)
		c->shard[i]->now += (uint64_t)(seconds * (double)SECOND);
	cluster_expire(c);
}

#define SUM_STATS(c, field)                                                    \
	({                                                                     \
		uint64_t sum_ = 0;                                             \
		for (uint32_t i_ = 0; i_ < (c)->count; i_++) {                 \
			struct nat64_stats s_;                                 \
			nat64_get_stats((c)->shard[i_]->n, &s_);               \
			sum_ += s_.field;                                      \
		}                                                              \
		sum_;                                                          \
	})

#endif
