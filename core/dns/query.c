/* SPDX-License-Identifier: MIT */
#include "dns/machine.h"

static const struct query_step nothing = { .what = QUERY_WAIT };

static size_t slots_memory(const struct query *q)
{
	return q->slot_count * sizeof(struct query_slot);
}

size_t query_memory(const struct query *q)
{
	return slots_memory(q) + upstream_memory(q->up.ask_count) +
	       RRL_SLOTS * sizeof(struct rrl_slot) +
	       cache_memory(q->cache_size);
}

void query_init(struct query *q, void *mem, struct siphash_key key)
{
	uint8_t *at = mem;

	q->slots = mem;
	q->used = 0;
	q->fresh = 0;
	q->free = QUERY_NONE;
	q->done = QUERY_NONE;
	q->todo = QUERY_NONE;
	mem_zero(q->count, sizeof(q->count));
	at += slots_memory(q);
	q->up.count = q->count;
	upstream_init(&q->up, at, key);
	at += upstream_memory(q->up.ask_count);
	/* Clients see these hashes: they say nothing about the others. */
	q->own = (struct siphash_key){ siphash(key, "0", 1),
				       siphash(key, "1", 1) };
	q->rrl.key = key;
	q->rrl.slots = (struct rrl_slot *)(void *)at;
	at += RRL_SLOTS * sizeof(struct rrl_slot);
	cache_init(&q->cache, at, q->cache_size, key);
}

static struct query_slot *slot_take(struct query *q, uint32_t *index)
{
	if (q->free != QUERY_NONE) {
		*index = q->free;
		q->free = q->slots[*index].next;
	} else if (q->fresh < q->slot_count) {
		*index = q->fresh++;
	} else {
		return NULL;
	}
	q->used++;
	return &q->slots[*index];
}

static void slot_release(struct query *q, uint32_t index)
{
	q->slots[index].next = q->free;
	q->free = index;
	q->used--;
}

/*
 * Asks.
 */

static struct query_step start(struct query *q, const struct query_event *ev,
			       uint32_t ask)
{
	upstream_start(&q->up, ask, ev->now, ev->random);
	return (struct query_step){ .what = QUERY_ASK, .ask = ask };
}

/* A new ask. The last is kept for questions that go on to their next stage:
 * each does so before the ask of its last stage is released. */
static uint32_t take_ask(struct query *q, const struct query_event *ev,
			 struct cache_key key)
{
	if (q->done == QUERY_NONE && q->up.used + 1 >= q->up.ask_count)
		return UPSTREAM_NONE;
	return upstream_take(&q->up, key, ev->now);
}

/* Is it time to ask before it is needed? */
static bool is_due(const struct query *q, struct cache_key key,
		   const struct cache_hit *hit)
{
	return hit->popular && hit->lifetime >= QUERY_PREFETCH &&
	       hit->age < hit->lifetime &&
	       hit->age >= hit->lifetime - hit->lifetime / 10 &&
	       upstream_find(&q->up, key) == UPSTREAM_NONE;
}

/* Then nobody waits for it yet. */
static void prefetch(struct query *q, const struct query_event *ev,
		     struct cache_key key)
{
	const uint32_t ask = take_ask(q, ev, key);

	if (ask == UPSTREAM_NONE)
		return;
	machine_count(ev, COUNT_PREFETCH);
	q->up.asks[ask].next = q->todo;
	q->todo = ask;
}

/* No more answers are to be expected: tell those who wait. */
static void ask_done(struct query *q, uint32_t ask, bool answered)
{
	struct upstream_ask *a = &q->up.asks[ask];

	upstream_close(&q->up, ask);
	a->answered = answered;
	a->next = q->done;
	q->done = ask;
}

/* The ask's server did not answer, or not well: ask the next one. */
static bool ask_next(struct query *q, const struct query_event *ev,
		     uint32_t ask, struct query_step *step)
{
	if (!upstream_next_server(&q->up, ask, ev->now))
		return false;
	*step = start(q, ev, ask);
	return true;
}

static struct query_step give_up(struct query *q, const struct query_event *ev,
				 uint32_t ask)
{
	struct query_step step;

	if (ask_next(q, ev, ask, &step))
		return step;
	memory_keep_failure(q, ev, &q->up.asks[ask]);
	ask_done(q, ask, false);
	return query_next(q, ev);
}

/*
 * Slots in their stages.
 */

/* A slot's question is answered. */
static struct query_step finish(struct query *q, const struct query_event *ev,
				uint32_t index, const struct answer *a,
				enum stage_verdict verdict)
{
	slot_release(q, index);
	return reply_slot(ev, &q->slots[index], a, verdict);
}

static uint8_t how_of(const struct request *rq)
{
	return (uint8_t)((rq->dnssec ? CACHE_DO : 0) |
			 (rq->flags & MSG_CD ? CACHE_CD : 0) |
			 (rq->flags & MSG_RD ? CACHE_RD : 0));
}

/* What is to be known in a slot's stage. */
static void question_of(const struct query_slot *s, struct msg_question *mq)
{
	const bool alias = s->stage == STAGE_PTR;

	msg_name_copy(&mq->name, alias ? &s->alias : &s->rq.q.name);
	mq->type = stage_type(s->stage, &s->rq);
	mq->class = s->rq.q.class;
}

/* Wait for an ask: one that is under way, or a new one. */
static struct query_step wait(struct query *q, const struct query_event *ev,
			      uint32_t index, struct cache_key key)
{
	struct query_slot *s = &q->slots[index];
	uint32_t ask = upstream_find(&q->up, key);
	const bool shared = ask != UPSTREAM_NONE;
	const struct answer full = { .rcode = MSG_SERVFAIL };

	if (!shared)
		ask = take_ask(q, ev, key);
	if (ask == UPSTREAM_NONE) {
		machine_count(ev, COUNT_TABLE_FULL);
		return finish(q, ev, index, &full, STAGE_ERROR);
	}
	s->waited = true;
	s->next = q->up.asks[ask].first;
	q->up.asks[ask].first = index;
	if (!shared)
		return start(q, ev, ask);
	machine_count(ev, COUNT_SHARED);
	return nothing;
}

/* An answer, or what stands for one, ends a stage. Return: another follows. */
static bool advance(struct query_slot *s, const struct answer *a,
		    enum stage_verdict *verdict)
{
	*verdict = stage_judge(s->stage, s->synth, &s->rq, a);
	if (*verdict == STAGE_GO_A) {
		s->failed = a->rcode != MSG_NOERROR;
		answer_keep_soa(a, &s->soa);
		s->stage = STAGE_A;
	} else if (*verdict == STAGE_GO_AAAA_LAST) {
		s->stage = STAGE_AAAA_LAST;
	} else {
		return false;
	}
	return true;
}

static struct query_step enter(struct query *q, const struct query_event *ev,
			       uint32_t index);

static struct query_step got(struct query *q, const struct query_event *ev,
			     uint32_t index, const struct answer *a)
{
	enum stage_verdict verdict;

	if (advance(&q->slots[index], a, &verdict))
		return enter(q, ev, index);
	return finish(q, ev, index, a, verdict);
}

static struct query_step enter(struct query *q, const struct query_event *ev,
			       uint32_t index)
{
	struct query_slot *s = &q->slots[index];
	struct msg_question mq;
	struct cache_key key = { &mq, how_of(&s->rq) };
	struct cache_hit hit;
	struct answer a;

	question_of(s, &mq);
	if (!memory_recall(q, ev, key, &hit, &a))
		return wait(q, ev, index, key);
	if (is_due(q, key, &hit))
		prefetch(q, ev, key);
	return got(q, ev, index, &a);
}

/* The stages that need nobody else. */
static struct query_step
look(const struct query *q, const struct query_event *ev, struct query_slot *s)
{
	struct msg_question mq;
	const struct cache_key key = { &mq, how_of(&s->rq) };
	enum stage_verdict verdict;
	struct cache_hit hit;
	struct answer a;

	do {
		question_of(s, &mq);
		if (!memory_recall(q, ev, key, &hit, &a) ||
		    is_due(q, key, &hit))
			return (struct query_step){ .what = QUERY_TAKE };
	} while (advance(s, &a, &verdict));
	return reply_slot(ev, s, &a, verdict);
}

struct query_step machine_look(const struct query *q,
			       const struct query_event *ev,
			       struct query_slot *s)
{
	const struct local l = local_find(s->synth, &s->rq.q);

	s->soa.owner.len = 0;
	s->failed = false;
	s->waited = false;
	s->stage = stage_first(s->synth, &s->rq);
	if (l.kind == LOCAL_ALIAS) {
		s->alias = l.name;
		s->stage = STAGE_PTR;
	} else if (l.kind != LOCAL_NO) {
		return reply_local(ev, s, &l);
	}
	return look(q, ev, s);
}

struct query_step query_take(struct query *q, const struct query_event *ev,
			     const struct query_slot *s)
{
	struct query_slot *slot;
	uint32_t index;

	slot = slot_take(q, &index);
	if (!slot) {
		machine_count(ev, COUNT_TABLE_FULL);
		return reply_now(ev, &s->client, &s->rq, MSG_SERVFAIL, NULL);
	}
	*slot = *s;
	return enter(q, ev, index);
}

/*
 * What servers send, or do not send.
 */

/* Is it worth while to ask another server, or to use old data instead? Not
 * if validation failed: that is what a server is trusted for. */
static bool is_failure(const struct answer *a)
{
	return (a->rcode == MSG_SERVFAIL || a->rcode == MSG_REFUSED) &&
	       !a->bogus;
}

static struct query_step answered(struct query *q, const struct query_event *ev,
				  uint32_t ask)
{
	const struct upstream_ask *a = &q->up.asks[ask];
	struct query_step step;

	if (is_failure(&q->answer)) {
		if (ask_next(q, ev, ask, &step))
			return step;
		if (memory_has_old(q, ev, a))
			return give_up(q, ev, ask);
	}
	memory_keep(q, ev, a, &q->answer);
	ask_done(q, ask, true);
	return query_next(q, ev);
}

struct query_step query_answered(struct query *q, const struct query_event *ev,
				 uint32_t ask, const void *data, size_t len)
{
	switch (upstream_got(&q->up, ask, ev->now, data, len, &q->answer)) {
	case UPSTREAM_FOREIGN:
		return nothing;
	case UPSTREAM_OTHERWISE:
		return start(q, ev, ask);
	case UPSTREAM_BROKEN:
		return give_up(q, ev, ask);
	case UPSTREAM_ANSWER:
		break;
	}
	return answered(q, ev, ask);
}

struct query_step query_failed(struct query *q, const struct query_event *ev,
			       uint32_t ask)
{
	upstream_failed(&q->up, ask, ev->now);
	return give_up(q, ev, ask);
}

struct query_step query_expired(struct query *q, const struct query_event *ev)
{
	uint32_t ask;

	switch (upstream_expire(&q->up, ev->now, &ask)) {
	case UPSTREAM_SILENT:
		return give_up(q, ev, ask);
	case UPSTREAM_RESEND:
		return (struct query_step){ .what = QUERY_RESEND, .ask = ask };
	case UPSTREAM_NOTHING:
		break;
	}
	return nothing;
}

/* Tell one of those who wait for an ask that is over. */
static struct query_step tell(struct query *q, const struct query_event *ev,
			      struct upstream_ask *ask)
{
	const struct cache_key key = { &ask->q, ask->how };
	const uint32_t index = ask->first;
	struct cache_hit hit;
	struct answer a;

	ask->first = q->slots[index].next;
	if (ask->answered)
		return got(q, ev, index, &q->answer);
	if (!memory_recall(q, ev, key, &hit, &a))
		a = (struct answer){
			.rcode = MSG_SERVFAIL,
			.ede = request_ede(REQUEST_EDE_NO_AUTHORITY),
		};
	return got(q, ev, index, &a);
}

struct query_step query_next(struct query *q, const struct query_event *ev)
{
	struct query_step step = nothing;
	struct upstream_ask *a;
	uint32_t ask = q->todo;

	if (ask != QUERY_NONE) {
		q->todo = q->up.asks[ask].next;
		return start(q, ev, ask);
	}
	while (step.what == QUERY_WAIT && q->done != QUERY_NONE) {
		ask = q->done;
		a = &q->up.asks[ask];
		if (a->first != QUERY_NONE) {
			step = tell(q, ev, a);
			continue;
		}
		q->done = a->next;
		upstream_release(&q->up, ask);
		step = (struct query_step){ .what = QUERY_CLOSE, .ask = ask };
	}
	return step;
}

uint64_t query_deadline(const struct query *q)
{
	return upstream_deadline(&q->up);
}

void query_source(struct query *q, uint32_t ask, struct addr6 from)
{
	upstream_source(&q->up, ask, from);
}

uint32_t query_question(const struct query *q, uint32_t ask, void *buf)
{
	return upstream_question(&q->up, ask, buf);
}
