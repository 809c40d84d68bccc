/* SPDX-License-Identifier: MIT */
#include "platshard.h"

#include <errno.h>
#include <string.h>

#include "pages.h"
#include "platshow.h"

/* Sessions per wake-up before packets get a turn. */
#define EXPIRY_BUDGET 256u

#define TAILROOM      64u

/**
 * struct handed - a record from one thread to another, with the packet behind
 * it
 * @hand:	@hand.kind is NAT64_HAND_NONE: it is an event
 */
struct handed {
	struct nat64_hand hand;
	union {
		struct pkt p;
		struct nat64_event event;
	};
};

static struct nat64 *nat64_of(const struct shard *s)
{
	return s->plat->nat64[s->number];
}

static struct xlat_result hand_over(struct shard *s, const struct pkt *p,
				    const struct nat64_hand *h)
{
	struct crew *crew = &s->plat->trans.crew;
	struct ring *ring = crew_ring(crew, s->number, h->to);
	const size_t before = sizeof(struct handed) + PKT_HEADROOM;
	struct handed *to =
		ring_reserve(ring, (uint32_t)before + p->len + TAILROOM);

	if (!to)
		return xlat_drop(WHY_THREAD_BUSY);
	to->hand = *h;
	to->p = *p;
	memcpy((uint8_t *)to + before, p->data, p->len);
	ring_commit(ring);
	crew_wrote(crew, s->number, h->to);
	return xlat_elsewhere();
}

/* A packet comes from another thread, which has put it into the ring. */
static void take_packet(struct shard *s, struct handed *h)
{
	struct pkt p = h->p;

	p.data = (uint8_t *)(h + 1) + PKT_HEADROOM;
	p.headroom = PKT_HEADROOM;
	p.tailroom = TAILROOM;
	if (h->hand.kind == NAT64_HAND_PORTS ||
	    h->hand.kind == NAT64_HAND_TURNED)
		s->hand = &h->hand;
	pump_handed(s->pump, &p, h->hand.kind == NAT64_HAND_PART, s->loop->now);
	s->hand = NULL;
}

static void take(void *ctx, uint32_t me, uint32_t from, void *record)
{
	struct plat *d = ctx;
	struct handed *h = record;

	(void)from;
	if (h->hand.kind == NAT64_HAND_NONE)
		record_put(d->record, &h->event);
	else
		take_packet(&d->shards[me], h);
}

/* Of each batch of packets the first thread hears. What it has no room for
 * stays here until it has, or is lost. */
static void push_events(struct shard *s)
{
	struct crew *crew = &s->plat->trans.crew;
	struct ring *ring = crew_ring(crew, s->number, 0);
	uint64_t lost = s->lost;
	struct handed *to;

	while (s->cursor != s->events.count) {
		to = ring_reserve(ring, sizeof(*to));
		if (!to ||
		    !event_next(&s->events, &s->cursor, &lost, &to->event))
			break;
		to->hand.kind = NAT64_HAND_NONE;
		ring_commit(ring);
		crew_wrote(crew, s->number, 0);
	}
	s->lost = lost;
	__atomic_store_n(&s->told, (unsigned long)lost, __ATOMIC_RELAXED);
}

static void arm(struct shard *s)
{
	uint64_t next = nat64_next_expiry(nat64_of(s));

	/* What is late does not come before what others are late with. */
	if (next < s->loop->now)
		next = s->loop->now;
	if (next != s->expiry.at)
		ev_timer_set(s->loop, &s->expiry, next);
}

static uint64_t lost_events(const struct plat *d)
{
	uint64_t lost = 0;

	for (uint32_t i = 1; i < d->opt->nat64.shards; i++)
		lost += __atomic_load_n(&d->shards[i].told, __ATOMIC_RELAXED);
	return lost;
}

void shard_done(struct shard *s)
{
	struct plat *d = s->plat;

	arm(s);
	if (s->number) {
		push_events(s);
	} else {
		d->record->missed = lost_events(d);
		record_drain(d->record);
	}
	crew_flush(&d->trans.crew, s->number);
}

static void rest(void *ctx, uint32_t me)
{
	struct plat *d = ctx;

	if (!me)
		trans_told(&d->trans);
	shard_done(&d->shards[me]);
}

static void batch_done(void *ctx)
{
	shard_done(ctx);
}

static void expire(struct ev_loop *loop, struct ev_timer *t)
{
	struct shard *s = (void *)((char *)t - offsetof(struct shard, expiry));
	struct nat64 *n = nat64_of(s);
	struct pkt p = pump_scratch(s->pump);
	struct nat64_hand h;

	while (nat64_expire(n, loop->now, &p, EXPIRY_BUDGET)) {
		pump_send(s->pump, &p,
			  nat64_hand(n, &h) ? hand_over(s, &p, &h)
					    : xlat_forward(),
			  loop->now);
		p = pump_scratch(s->pump);
	}
	shard_done(s);
}

struct xlat_result shard_translate(void *ctx, struct pkt *p, uint64_t now)
{
	struct shard *s = ctx;
	struct nat64 *n = nat64_of(s);
	struct xlat_result r = XL_UNLIKELY(s->hand)
				       ? nat64_resume(n, p, s->hand, now)
				       : nat64_packet(n, p, now);
	struct nat64_hand h;

	if (XL_UNLIKELY(r.verdict == XLAT_ELSEWHERE))
		r = nat64_hand(n, &h) ? hand_over(s, p, &h) : r;
	if (XL_UNLIKELY(r.why))
		platwarn_see(&s->warn, n, r.why, now);
	return r;
}

static struct xlat_result steer(void *ctx, struct pkt *p)
{
	struct shard *s = ctx;
	const struct nat64_hand h = { .kind = NAT64_HAND_PART,
				      .to = nat64_gatherer(nat64_of(s), p) };

	return h.to == s->number ? xlat_forward() : hand_over(s, p, &h);
}

_Static_assert(PUMP_BURST == NAT64_AHEAD, "one burst is looked ahead at");

static void ahead(void *ctx, const struct pkt *p, uint32_t count)
{
	nat64_ahead(nat64_of(ctx), p, count);
}

void shard_prepare(struct plat *d)
{
	const uint32_t count = d->opt->nat64.shards;

	d->trans.crew.count = count;
	d->trans.crew.take = take;
	d->trans.crew.rest = rest;
	d->trans.crew.ctx = d;
	if (count > 1)
		d->trans.app.job = SECCOMP_CREW;
	for (uint32_t i = 0; i < count; i++) {
		struct shard *s = &d->shards[i];

		s->plat = d;
		s->number = i;
		s->expiry =
			(struct ev_timer){ .at = UINT64_MAX, .due = expire };
		trans_random(s->ident.key, sizeof(s->ident.key));
	}
}

void shard_begin(struct plat *d)
{
	const uint32_t count = d->opt->nat64.shards;

	for (uint32_t i = 0; i < count; i++) {
		struct shard *s = &d->shards[i];

		s->pump = trans_pump(&d->trans, i);
		s->pump->ctx = s;
		s->pump->steer = count > 1 ? steer : NULL;
		s->pump->ahead = ahead;
		s->pump->batch_done = batch_done;
		s->loop = i ? crew_loop(&d->trans.crew, i) : &d->trans.app.loop;
		arm(s);
	}
}

void shard_end(struct plat *d)
{
	struct nat64_event e;

	crew_close(&d->trans.crew);
	for (uint32_t i = 1; d->trans.crew.rings && i < d->opt->nat64.shards;
	     i++) {
		struct shard *s = &d->shards[i];
		struct ring *ring = crew_ring(&d->trans.crew, i, 0);
		const struct handed *h;

		for (; (h = ring_peek(ring)); ring_release(ring))
			if (h->hand.kind == NAT64_HAND_NONE)
				record_put(d->record, &h->event);
		while (event_next(&s->events, &s->cursor, &s->lost, &e))
			record_put(d->record, &e);
	}
}

/* The smallest number of bits that tell so many apart. */
static uint16_t bits_for(uint32_t count)
{
	uint16_t bits = 0;

	while (1u << bits < count)
		bits++;
	return bits;
}

/* Rounded up; of none it is none. */
static uint32_t part(uint32_t whole, uint32_t parts)
{
	return (whole + parts - 1) / parts;
}

struct nat64_config shard_config(struct plat *d, uint32_t number)
{
	struct nat64_config c = d->opt->nat64;

	if (c.shards < 2)
		return c;
	c.shard = number;
	c.max_sessions = part(c.max_sessions, c.shards);
	c.max_subscribers = part(c.max_subscribers, c.shards);
	c.hold_max = part(c.hold_max, c.shards);
	c.alarm[NAT64_BINDINGS_HIGH] =
		part(c.alarm[NAT64_BINDINGS_HIGH], c.shards);
	if (number)
		c.tr.ident = &d->shards[number].ident;
	c.tr.ident_bits = bits_for(c.shards);
	c.tr.ident_low = (uint16_t)number;
	return c;
}

static bool make_ring(struct shard *s, const struct nat64_events *like)
{
	void *p;

	if (s->events.ring)
		return true;
	p = pages_take(like->size * sizeof(*like->ring), false);
	if (!p) {
		log_error("no memory for records");
		return false;
	}
	s->events.ring = p;
	s->events.size = like->size;
	return true;
}

void shard_listen(struct plat *d)
{
	const struct nat64_config *c = &d->opt->nat64;
	struct nat64_events *to =
		record_ring(d->record, c->port_block || c->inside.len);

	nat64_listen(d->nat64[0], to);
	for (uint32_t i = 1; i < c->shards; i++) {
		struct shard *s = &d->shards[i];

		if (to && make_ring(s, to)) {
			/* That is the same for all. */
			s->events.want =
				to->want & ~EVENT_BIT(EVENT_DETERMINISTIC);
			nat64_listen(d->nat64[i], &s->events);
		} else {
			nat64_listen(d->nat64[i], NULL);
		}
	}
}
