/* SPDX-License-Identifier: MIT */
#include "dns/query.h"

#define SECOND 1000000000ull

static const struct query_step nothing = { .what = QUERY_WAIT };

static uint32_t seconds(const struct query_event *ev)
{
	return (uint32_t)(ev->now / SECOND);
}

static void count(struct query *q, enum count c)
{
	q->count[c]++;
}

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
	q->cookies = (struct siphash_key){ siphash(key, "0", 1),
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
 * Replies.
 */

/* The step that ends a question: what is in @f is the reply. */
static struct query_step end(struct query *q, struct request_frame *f,
			     const struct query_client *client)
{
	struct query_step step = { .what = QUERY_REPLY, .client = *client };

	count(q, COUNT_REPLIES);
	if (f->rcode == MSG_SERVFAIL)
		count(q, COUNT_SERVFAIL);
	if (f->w.full)
		count(q, COUNT_TRUNCATED);
	step.len = request_finish(f);
	return step;
}

/* Answer at once, without a slot. */
static struct query_step reply(struct query *q, const struct query_event *ev,
			       const struct query_client *client,
			       const struct request *rq, uint16_t rcode,
			       const struct request_ede *ede)
{
	struct request_frame f;

	request_reply(&f, rq, client->tcp, ev->buf, rcode, ede);
	return end(q, &f, client);
}

static struct query_step
reply_local(struct query *q, const struct query_event *ev,
	    const struct query_client *client, const struct request *rq,
	    const struct synth *s, const struct local *l)
{
	struct request_frame f;

	count(q, COUNT_LOCAL);
	request_reply(&f, rq, client->tcp, ev->buf, local_rcode(l), NULL);
	local_put(&f, s, l);
	return end(q, &f, client);
}

/* What the client is told about the answer besides its data. */
static struct request_ede ede_for(const struct answer *a, bool synthetic)
{
	if (a->r.least)
		return request_ede(REQUEST_EDE_STALE);
	return synthetic ? request_ede(REQUEST_EDE_SYNTHESIZED) : a->ede;
}

/* Extended codes are about the EDNS between us and the server; and where both
 * questions failed the first failure is as good as the second. */
static uint16_t rcode_for(const struct query_slot *s, const struct answer *a)
{
	if (a->rcode > MSG_RCODE || (s->failed && !answer_is_data(a)))
		return MSG_SERVFAIL;
	return a->rcode;
}

/* A slot's question is answered. */
static struct query_step finish(struct query *q, const struct query_event *ev,
				uint32_t index, const struct answer *a,
				enum stage_verdict verdict)
{
	const struct query_slot *s = &q->slots[index];
	const bool made =
		verdict == STAGE_SYNTHESISE && answer_can_synth(a, s->synth);
	const struct request_ede ede = ede_for(a, made);
	struct request_frame f;

	request_reply(&f, &s->rq, s->client.tcp, ev->buf, rcode_for(s, a),
		      &ede);
	if (verdict == STAGE_HAND_ON)
		answer_pass(&f, a, NULL);
	else if (verdict == STAGE_NATIVE || verdict == STAGE_NEGATIVE)
		answer_pass(&f, a, s->synth);
	else if (verdict == STAGE_SYNTHESISE)
		answer_synth(&f, a, s->synth, &s->soa);
	else if (verdict == STAGE_ALIAS)
		answer_alias(&f, a, &s->alias);
	if (made)
		count(q, COUNT_SYNTHESISED);
	else if (verdict == STAGE_NATIVE && s->stage == STAGE_AAAA)
		count(q, COUNT_NATIVE);
	else if (verdict == STAGE_NEGATIVE || verdict == STAGE_SYNTHESISE)
		count(q, COUNT_NODATA);
	if (a->r.least)
		count(q, COUNT_STALE);
	if (!s->waited)
		count(q, COUNT_CACHED);
	slot_release(q, index);
	return end(q, &f, &s->client);
}

/*
 * What is remembered.
 */

static uint8_t how_of(const struct request *rq)
{
	return (uint8_t)((rq->dnssec ? CACHE_DO : 0) |
			 (rq->flags & MSG_CD ? CACHE_CD : 0) |
			 (rq->flags & MSG_RD ? CACHE_RD : 0));
}

static struct msg_question question_of(const struct query_slot *s)
{
	struct msg_question mq = s->rq.q;

	mq.type = stage_type(s->stage, &s->rq);
	if (s->stage == STAGE_PTR)
		mq.name = s->alias;
	return mq;
}

/* May data that is too old be used? If there is no hope of better. */
static bool may_be_stale(const struct query *q, const struct query_event *ev,
			 const struct cache_hit *hit)
{
	return hit->age - hit->lifetime < q->stale &&
	       (hit->retry || upstream_all_down(&q->up, ev->now));
}

/* Read the answer to a question out of the cache. */
static bool recall(struct query *q, const struct query_event *ev,
		   struct cache_key key, struct cache_hit *hit,
		   struct answer *a)
{
	uint32_t least = 0;

	if (!cache_find(&q->cache, key, seconds(ev), hit))
		return false;
	if (hit->age >= hit->lifetime) {
		if (!may_be_stale(q, ev, hit))
			return false;
		least = QUERY_STALE_TTL;
	}
	return answer_recall(a, hit->data, hit->len, hit->age, least, key.q);
}

static void remember(struct query *q, const struct query_event *ev,
		     const struct upstream_ask *ask, const struct answer *a)
{
	const struct cache_key key = { &ask->q, ask->how };
	const uint32_t lifetime =
		answer_is_data(a) ? answer_lifetime(a) : QUERY_FAIL_TIME;

	cache_put(&q->cache, key, seconds(ev), lifetime, a->r.data, a->r.len);
}

/* Nobody answered. Old data may serve for a while; without it the failure is
 * what will be remembered. */
static void remember_failure(struct query *q, const struct query_event *ev,
			     const struct upstream_ask *ask)
{
	const struct cache_key key = { &ask->q, ask->how };
	struct cache_hit hit;
	uint32_t len;

	if (cache_find(&q->cache, key, seconds(ev), &hit) &&
	    hit.age < hit.lifetime + q->stale) {
		cache_put_off(&q->cache, key, seconds(ev), QUERY_STALE_TTL);
		return;
	}
	len = answer_make_failure(ev->buf, &ask->q);
	cache_put(&q->cache, key, seconds(ev), QUERY_FAIL_TIME, ev->buf, len);
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

/* Ask before it is needed: nobody waits for it yet. */
static void prefetch(struct query *q, const struct query_event *ev,
		     struct cache_key key, const struct cache_hit *hit)
{
	uint32_t ask;

	if (!hit->popular || hit->lifetime < QUERY_PREFETCH ||
	    hit->age >= hit->lifetime ||
	    hit->age < hit->lifetime - hit->lifetime / 10 ||
	    upstream_find(&q->up, key) != UPSTREAM_NONE)
		return;
	ask = take_ask(q, ev, key);
	if (ask == UPSTREAM_NONE)
		return;
	count(q, COUNT_PREFETCH);
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
	remember_failure(q, ev, &q->up.asks[ask]);
	ask_done(q, ask, false);
	return query_next(q, ev);
}

/*
 * Slots in their stages.
 */

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
		count(q, COUNT_TABLE_FULL);
		return finish(q, ev, index, &full, STAGE_ERROR);
	}
	s->waited = true;
	s->next = q->up.asks[ask].first;
	q->up.asks[ask].first = index;
	if (!shared)
		return start(q, ev, ask);
	count(q, COUNT_SHARED);
	return nothing;
}

static struct query_step enter(struct query *q, const struct query_event *ev,
			       uint32_t index, enum stage stage);

/* An answer, or what stands for one, ends a stage. */
static struct query_step got(struct query *q, const struct query_event *ev,
			     uint32_t index, const struct answer *a)
{
	struct query_slot *s = &q->slots[index];
	const enum stage_verdict verdict =
		stage_judge(s->stage, s->synth, &s->rq, a);

	switch (verdict) {
	case STAGE_GO_A:
		s->failed = a->rcode != MSG_NOERROR;
		answer_keep_soa(a, &s->soa);
		return enter(q, ev, index, STAGE_A);
	case STAGE_GO_AAAA_LAST:
		return enter(q, ev, index, STAGE_AAAA_LAST);
	default:
		return finish(q, ev, index, a, verdict);
	}
}

static struct query_step enter(struct query *q, const struct query_event *ev,
			       uint32_t index, enum stage stage)
{
	struct query_slot *s = &q->slots[index];
	struct msg_question mq;
	struct cache_key key = { &mq, how_of(&s->rq) };
	struct cache_hit hit;
	struct answer a;

	s->stage = stage;
	mq = question_of(s);
	if (!recall(q, ev, key, &hit, &a))
		return wait(q, ev, index, key);
	prefetch(q, ev, key, &hit);
	return got(q, ev, index, &a);
}

/*
 * What clients send.
 */

/* Of the networks that @addr is in, the smallest. */
static const struct query_allow *find_allow(const struct query *q,
					    struct addr6 addr)
{
	const struct query_allow *best = NULL;

	for (uint32_t i = 0; i < q->allow_count; i++)
		if (synth_net6_contains(q->allow[i].net, addr) &&
		    (!best || q->allow[i].net.len > best->net.len))
			best = &q->allow[i];
	return best;
}

static struct query_step begin(struct query *q, const struct query_event *ev,
			       const struct query_client *client,
			       const struct request *rq,
			       const struct synth *synth)
{
	const struct local l = local_find(synth, &rq->q);
	struct query_slot *s;
	uint32_t index;

	if (l.kind != LOCAL_NO && l.kind != LOCAL_ALIAS)
		return reply_local(q, ev, client, rq, synth, &l);
	s = slot_take(q, &index);
	if (!s) {
		count(q, COUNT_TABLE_FULL);
		return reply(q, ev, client, rq, MSG_SERVFAIL, NULL);
	}
	s->rq = *rq;
	s->client = *client;
	s->synth = synth;
	s->soa.owner.len = 0;
	s->failed = false;
	s->waited = false;
	if (l.kind == LOCAL_NO)
		return enter(q, ev, index, stage_first(synth, rq));
	s->alias = l.name;
	return enter(q, ev, index, STAGE_PTR);
}

static struct query_step refuse(struct query *q, const struct query_event *ev,
				const struct query_client *client,
				const struct request *rq)
{
	const struct request_ede ede = request_ede(REQUEST_EDE_PROHIBITED);

	count(q, COUNT_REFUSED);
	if (q->silent)
		return (struct query_step){ .what = QUERY_DROP };
	return reply(q, ev, client, rq, MSG_REFUSED, &ede);
}

/* A question over UDP that is beyond its share. */
static struct query_step limit(struct query *q, const struct query_event *ev,
			       const struct query_client *client,
			       const struct request *rq,
			       enum rrl_verdict verdict)
{
	struct request_frame f;

	count(q, COUNT_LIMITED);
	if (verdict == RRL_SILENCE)
		return (struct query_step){ .what = QUERY_DROP };
	request_reply(&f, rq, false, ev->buf, MSG_NOERROR, NULL);
	f.w.full = true; /* which makes it a truncated one */
	return end(q, &f, client);
}

/* What may be answered: a question, well-formed or not, or a cookie. */
static struct query_step answer(struct query *q, const struct query_event *ev,
				const struct query_client *client,
				const struct request *rq,
				enum request_kind kind, uint16_t rcode)
{
	const struct query_allow *allow = find_allow(q, client->addr);

	if (!allow)
		return refuse(q, ev, client, rq);
	if (kind == REQUEST_ASKS)
		return begin(q, ev, client, rq, allow->synth);
	if (kind == REQUEST_WRONG)
		count(q, COUNT_MALFORMED);
	return reply(q, ev, client, rq, rcode, NULL);
}

/* Is the client known to be where it says? It gets a new cookie in any case,
 * if it sent one. */
static bool renew_cookie(struct query *q, const struct query_event *ev,
			 struct request *rq, struct addr6 addr)
{
	bool good;

	if (!rq->cookie_len)
		return false;
	good = rq->cookie_len == COOKIE_LEN &&
	       cookie_good(rq->cookie, addr, seconds(ev), q->cookies);
	cookie_make(rq->cookie, addr, seconds(ev), q->cookies);
	return good;
}

struct query_step query_asked(struct query *q, const struct query_event *ev,
			      const struct query_client *client,
			      const void *data, size_t len)
{
	enum rrl_verdict verdict = RRL_ANSWER;
	struct request rq;
	enum request_kind kind;
	uint16_t rcode = MSG_NOERROR;
	bool known;

	count(q, COUNT_QUERIES);
	if (client->tcp)
		count(q, COUNT_TCP);
	kind = request_read(&rq, data, len, &rcode);
	if (kind == REQUEST_DROP) {
		count(q, COUNT_DROPPED);
		return (struct query_step){ .what = QUERY_DROP };
	}
	known = renew_cookie(q, ev, &rq, client->addr);
	if (kind == REQUEST_COOKIE)
		rcode = known || rq.cookie_len == COOKIE_CLIENT_LEN
				? MSG_NOERROR
				: MSG_BADCOOKIE;
	if (!client->tcp && !known)
		verdict = rrl_count(&q->rrl, client->addr, &rq.q, seconds(ev));
	if (verdict != RRL_ANSWER)
		return limit(q, ev, client, &rq, verdict);
	return answer(q, ev, client, &rq, kind, rcode);
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

static bool has_old_data(struct query *q, const struct query_event *ev,
			 const struct upstream_ask *ask)
{
	struct cache_hit hit;

	return q->stale &&
	       cache_find(&q->cache, (struct cache_key){ &ask->q, ask->how },
			  seconds(ev), &hit) &&
	       hit.age < hit.lifetime + q->stale;
}

static struct query_step answered(struct query *q, const struct query_event *ev,
				  uint32_t ask)
{
	const struct upstream_ask *a = &q->up.asks[ask];
	struct query_step step;

	if (is_failure(&q->answer)) {
		if (ask_next(q, ev, ask, &step))
			return step;
		if (has_old_data(q, ev, a))
			return give_up(q, ev, ask);
	}
	remember(q, ev, a, &q->answer);
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
	if (!recall(q, ev, key, &hit, &a))
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

uint32_t query_question(const struct query *q, uint32_t ask, void *buf)
{
	return upstream_question(&q->up, ask, buf);
}
