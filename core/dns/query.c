/* SPDX-License-Identifier: MIT */
#include "dns/query.h"

static const struct {
	const char *name;
	const char *text;
} counter_texts[] = {
#define QUERY_COUNTER(id, name, what) { name, what },
	QUERY_COUNTERS(QUERY_COUNTER)
#undef QUERY_COUNTER
};

const char *query_counter_name(enum query_counter c)
{
	return counter_texts[c].name;
}

const char *query_counter_text(enum query_counter c)
{
	return counter_texts[c].text;
}

static void count(struct query *q, enum query_counter c)
{
	q->counters[c]++;
}

size_t query_size(uint32_t slot_count)
{
	return slot_count * sizeof(struct query_slot);
}

void query_init(struct query *q, void *mem)
{
	q->slots = mem;
	q->used = 0;
	q->fresh = 0;
	q->free = QUERY_NONE;
	for (unsigned int i = 0; i < XL_COUNT(q->waiting); i++)
		q->waiting[i] = (struct query_list){ QUERY_NONE, QUERY_NONE };
	mem_zero(q->servers, sizeof(q->servers));
	mem_zero(q->counters, sizeof(q->counters));
}

static struct query_slot *slot_take(struct query *q, uint32_t *index)
{
	struct query_slot *s;

	if (q->free != QUERY_NONE) {
		*index = q->free;
		q->free = q->slots[*index].next;
	} else if (q->fresh < q->slot_count) {
		*index = q->fresh++;
	} else {
		return NULL;
	}
	q->used++;
	s = &q->slots[*index];
	s->busy = true;
	s->prev = s->next = QUERY_NONE;
	return s;
}

static struct query_list *list_of(struct query *q, const struct query_slot *s)
{
	return &q->waiting[s->last];
}

static void list_append(struct query *q, uint32_t index)
{
	struct query_slot *s = &q->slots[index];
	struct query_list *list = list_of(q, s);

	s->next = QUERY_NONE;
	s->prev = list->tail;
	if (list->tail == QUERY_NONE)
		list->head = index;
	else
		q->slots[list->tail].next = index;
	list->tail = index;
}

static void list_remove(struct query *q, uint32_t index)
{
	struct query_slot *s = &q->slots[index];
	struct query_list *list = list_of(q, s);

	if (s->prev == QUERY_NONE)
		list->head = s->next;
	else
		q->slots[s->prev].next = s->next;
	if (s->next == QUERY_NONE)
		list->tail = s->prev;
	else
		q->slots[s->next].prev = s->prev;
}

static void slot_release(struct query *q, uint32_t index)
{
	struct query_slot *s = &q->slots[index];

	s->busy = false;
	s->next = q->free;
	q->free = index;
	q->used--;
}

/* The step that ends a question: what is in @f is the reply. */
static struct query_step end(struct query *q, struct request_frame *f,
			     const struct query_client *client, uint32_t index)
{
	struct query_step step = { QUERY_REPLY, index, 0, *client };

	count(q, QUERY_COUNT_REPLIES);
	if (f->rcode == MSG_SERVFAIL)
		count(q, QUERY_COUNT_SERVFAIL);
	if (f->w.full)
		count(q, QUERY_COUNT_TRUNCATED);
	step.len = request_finish(f);
	if (index != QUERY_NONE)
		slot_release(q, index);
	return step;
}

static void begin(struct request_frame *f, const struct query_slot *s,
		  const struct query_event *ev, uint16_t rcode,
		  const struct request_ede *ede)
{
	request_reply(f, &s->rq, s->client.tcp, ev->buf, rcode, ede);
}

static struct query_step end_error(struct query *q,
				   const struct query_event *ev, uint32_t index,
				   uint16_t rcode,
				   const struct request_ede *ede)
{
	const struct query_slot *s = &q->slots[index];
	struct request_frame f;

	begin(&f, s, ev, rcode, ede);
	return end(q, &f, &s->client, index);
}

/* The next server of this stage; false if all have been asked. */
static bool pick_server(const struct query *q, struct query_slot *s,
			uint64_t now)
{
	uint32_t best = QUERY_NONE;

	for (uint32_t i = 0; i < q->server_count; i++) {
		if (s->tried >> i & 1)
			continue;
		if (q->servers[i].down_until <= now) {
			best = i;
			break;
		}
		if (best == QUERY_NONE)
			best = i;
	}
	if (best == QUERY_NONE)
		return false;
	s->server = (uint8_t)best;
	s->tried |= (uint8_t)(1u << best);
	return true;
}

/* Put the question of this stage to the slot's server. */
static struct query_step ask(struct query *q, const struct query_event *ev,
			     uint32_t index)
{
	struct query_slot *s = &q->slots[index];
	const uint32_t all = (1u << q->server_count) - 1;

	s->id = (uint16_t)ev->random;
	s->last = s->tried == all;
	s->deadline = ev->now + (s->last ? QUERY_TIMEOUT_LAST : QUERY_TIMEOUT);
	list_append(q, index);
	count(q, QUERY_COUNT_UPSTREAM);
	if (s->tcp)
		count(q, QUERY_COUNT_UPSTREAM_TCP);
	return (struct query_step){ .what = QUERY_ASK, .slot = index };
}

static struct query_step enter(struct query *q, const struct query_event *ev,
			       uint32_t index, enum query_stage stage)
{
	struct query_slot *s = &q->slots[index];

	s->stage = stage;
	s->tried = 0;
	s->tcp = false;
	(void)pick_server(q, s, ev->now); /* there is at least one */
	return ask(q, ev, index);
}

static bool is_allowed(const struct query *q, struct addr6 addr)
{
	for (uint32_t i = 0; i < q->allow_count; i++)
		if (synth_net6_contains(q->allow[i], addr))
			return true;
	return false;
}

/* Is this a question that RFC 6147, 5.1 is about? Not where nobody is to
 * look further (RD clear), nor for clients that validate for themselves
 * (CD set, section 5.5). */
static bool is_dns64(const struct query *q, const struct request *rq)
{
	return rq->q.type == MSG_AAAA && rq->q.class == MSG_IN &&
	       (rq->flags & (MSG_RD | MSG_CD)) == MSG_RD && !q->synth->v4only;
}

static enum query_stage first_stage(const struct query *q,
				    const struct request *rq)
{
	if (!is_dns64(q, rq))
		return QUERY_PASS;
	return synth_ignored(q->synth, &rq->q.name) ? QUERY_A_FIRST
						    : QUERY_AAAA;
}

/* Answer at once, without a slot. */
static struct query_step reply(struct query *q, const struct query_event *ev,
			       const struct query_client *client,
			       const struct request *rq, uint16_t rcode,
			       const struct request_ede *ede)
{
	struct request_frame f;

	request_reply(&f, rq, client->tcp, ev->buf, rcode, ede);
	return end(q, &f, client, QUERY_NONE);
}

static struct query_step reply_local(struct query *q,
				     const struct query_event *ev,
				     const struct query_client *client,
				     const struct request *rq,
				     const struct local *l)
{
	struct request_frame f;

	count(q, QUERY_COUNT_LOCAL);
	request_reply(&f, rq, client->tcp, ev->buf, local_rcode(l), NULL);
	local_put(&f, q->synth, l);
	return end(q, &f, client, QUERY_NONE);
}

static struct query_step start(struct query *q, const struct query_event *ev,
			       const struct query_client *client,
			       const struct request *rq)
{
	const struct local l = local_find(q->synth, &rq->q);
	struct query_slot *s;
	uint32_t index;

	if (l.kind != LOCAL_NO && l.kind != LOCAL_ALIAS)
		return reply_local(q, ev, client, rq, &l);
	s = slot_take(q, &index);
	if (!s) {
		count(q, QUERY_COUNT_TABLE_FULL);
		return reply(q, ev, client, rq, MSG_SERVFAIL, NULL);
	}
	s->rq = *rq;
	s->client = *client;
	s->soa.owner.len = 0;
	s->plain = false;
	s->failed = false;
	if (l.kind == LOCAL_NO)
		return enter(q, ev, index, first_stage(q, rq));
	s->alias = l.name;
	return enter(q, ev, index, QUERY_PTR);
}

struct query_step query_asked(struct query *q, const struct query_event *ev,
			      const struct query_client *client,
			      const void *data, size_t len)
{
	const struct request_ede prohibited =
		request_ede(REQUEST_EDE_PROHIBITED);
	struct request rq;
	enum request_kind kind;
	uint16_t rcode = MSG_NOERROR;

	count(q, QUERY_COUNT_QUERIES);
	if (client->tcp)
		count(q, QUERY_COUNT_TCP);
	kind = request_read(&rq, data, len, &rcode);
	if (kind == REQUEST_DROP) {
		count(q, QUERY_COUNT_DROPPED);
		return (struct query_step){ .what = QUERY_WAIT };
	}
	if (!is_allowed(q, client->addr)) {
		count(q, QUERY_COUNT_REFUSED);
		return reply(q, ev, client, &rq, MSG_REFUSED, &prohibited);
	}
	/* A zone is more than one message, and there is none here. */
	if (kind == REQUEST_ASKS &&
	    (rq.q.type == MSG_AXFR || rq.q.type == MSG_IXFR)) {
		kind = REQUEST_WRONG;
		rcode = MSG_NOTIMP;
	}
	if (kind == REQUEST_ASKS)
		return start(q, ev, client, &rq);
	count(q, QUERY_COUNT_MALFORMED);
	return reply(q, ev, client, &rq, rcode, NULL);
}

/* What is asked of servers in this stage. */
static struct msg_question question_of(const struct query_slot *s)
{
	struct msg_question mq = s->rq.q;

	switch (s->stage) {
	case QUERY_A:
	case QUERY_A_FIRST:
		mq.type = MSG_A;
		break;
	case QUERY_PTR:
		mq.name = s->alias;
		break;
	case QUERY_PASS:
	case QUERY_AAAA:
	case QUERY_AAAA_LAST:
		break;
	}
	return mq;
}

uint32_t query_question(const struct query *q, uint32_t slot, void *buf)
{
	const struct query_slot *s = &q->slots[slot];
	const struct msg_question mq = question_of(s);
	struct msg_writer w;

	msg_write(&w, buf, QUERY_QUESTION_MAX, s->id,
		  s->rq.flags & (MSG_RD | MSG_CD));
	msg_put_question(&w, &mq);
	if (!s->plain) {
		msg_put_bytes(&w, "", 1);
		msg_put_u16(&w, MSG_OPT);
		msg_put_u16(&w, REQUEST_UDP_SIZE);
		msg_put_u32(&w, s->rq.dnssec ? MSG_DO : 0);
		msg_put_u16(&w, 0);
		msg_count(&w, MSG_ADDITIONAL);
	}
	return w.len;
}

/* The answer as it is; @s: without what is not to be believed. */
static struct query_step end_pass(struct query *q, const struct query_event *ev,
				  uint32_t index, const struct answer *a,
				  const struct synth *s)
{
	const struct query_slot *slot = &q->slots[index];
	/* Extended codes are about the EDNS between us and the server. */
	const uint16_t rcode = a->rcode > MSG_RCODE ? MSG_SERVFAIL : a->rcode;
	struct request_frame f;

	begin(&f, slot, ev, rcode, &a->ede);
	answer_pass(&f, a, s);
	return end(q, &f, &slot->client, index);
}

static struct query_step end_synth(struct query *q,
				   const struct query_event *ev, uint32_t index,
				   const struct answer *a)
{
	const struct request_ede ede = request_ede(REQUEST_EDE_SYNTHESIZED);
	const struct query_slot *s = &q->slots[index];
	const bool can = answer_can_synth(a, q->synth);
	struct request_frame f;

	begin(&f, s, ev, a->rcode, can ? &ede : &a->ede);
	answer_synth(&f, a, q->synth, &s->soa);
	count(q, can ? QUERY_COUNT_SYNTHESISED : QUERY_COUNT_NODATA);
	return end(q, &f, &s->client, index);
}

static struct query_step end_alias(struct query *q,
				   const struct query_event *ev, uint32_t index,
				   const struct answer *a)
{
	const struct query_slot *s = &q->slots[index];
	const uint16_t rcode = a->rcode > MSG_RCODE ? MSG_SERVFAIL : a->rcode;
	struct request_frame f;

	begin(&f, s, ev, rcode, &a->ede);
	answer_alias(&f, a, &s->alias);
	return end(q, &f, &s->client, index);
}

static bool is_data(const struct answer *a)
{
	return a->rcode == MSG_NOERROR || a->rcode == MSG_NXDOMAIN;
}

static struct query_step got_aaaa(struct query *q, const struct query_event *ev,
				  uint32_t index, const struct answer *a)
{
	struct query_slot *s = &q->slots[index];

	if (a->rcode == MSG_NOERROR && answer_has_aaaa(a, q->synth)) {
		count(q, QUERY_COUNT_NATIVE);
		return end_pass(q, ev, index, a, q->synth);
	}
	/* Proven absence for one who can check the proof (RFC 6147, 5.5):
	 * a synthetic record beside it would be bogus to him. */
	if (a->rcode == MSG_NXDOMAIN ||
	    (a->rcode == MSG_NOERROR && s->rq.dnssec && a->sig &&
	     a->count == 0)) {
		count(q, QUERY_COUNT_NODATA);
		return end_pass(q, ev, index, a, q->synth);
	}
	if (a->rcode == MSG_SERVFAIL && a->bogus)
		return end_error(q, ev, index, MSG_SERVFAIL, &a->ede);
	s->failed = a->rcode != MSG_NOERROR;
	answer_keep_soa(a, &s->soa);
	return enter(q, ev, index, QUERY_A);
}

static struct query_step got_a(struct query *q, const struct query_event *ev,
			       uint32_t index, const struct answer *a)
{
	uint16_t rcode = a->rcode;

	if (is_data(a))
		return end_synth(q, ev, index, a);
	if (q->slots[index].failed || rcode > MSG_RCODE)
		rcode = MSG_SERVFAIL;
	return end_error(q, ev, index, rcode, &a->ede);
}

/* An answer, or what stands for one, ends a stage. */
static struct query_step got(struct query *q, const struct query_event *ev,
			     uint32_t index, const struct answer *a)
{
	switch (q->slots[index].stage) {
	case QUERY_AAAA:
		return got_aaaa(q, ev, index, a);
	case QUERY_A:
		return got_a(q, ev, index, a);
	case QUERY_A_FIRST:
		if (a->rcode == MSG_NOERROR && answer_can_synth(a, q->synth))
			return end_synth(q, ev, index, a);
		return enter(q, ev, index, QUERY_AAAA_LAST);
	case QUERY_PTR:
		return end_alias(q, ev, index, a);
	case QUERY_AAAA_LAST:
		return end_pass(q, ev, index, a, q->synth);
	case QUERY_PASS:
		break;
	}
	return end_pass(q, ev, index, a, NULL);
}

/* A stage without an answer is as one with SERVFAIL (RFC 6147, 5.1.3). */
static struct query_step
got_nothing(struct query *q, const struct query_event *ev, uint32_t index)
{
	const struct answer a = {
		.rcode = MSG_SERVFAIL,
		.ede = request_ede(REQUEST_EDE_NO_AUTHORITY),
	};

	return got(q, ev, index, &a);
}

static void server_failed(struct query *q, const struct query_slot *s,
			  uint64_t now)
{
	struct query_server *server = &q->servers[s->server];

	if (++server->fails < QUERY_DOWN_FAILS)
		return;
	server->fails = 0;
	server->down_until = now + QUERY_DOWN_TIME;
}

/* The slot's server did not answer: ask the next one. */
static struct query_step give_up(struct query *q, const struct query_event *ev,
				 uint32_t index)
{
	struct query_slot *s = &q->slots[index];

	list_remove(q, index);
	server_failed(q, s, ev->now);
	s->tcp = false;
	if (pick_server(q, s, ev->now))
		return ask(q, ev, index);
	return got_nothing(q, ev, index);
}

/* The same question to the same server, in another way. */
static struct query_step ask_again(struct query *q,
				   const struct query_event *ev, uint32_t index,
				   bool tcp, bool plain)
{
	q->slots[index].tcp = tcp;
	q->slots[index].plain = plain;
	return ask(q, ev, index);
}

struct query_step query_answered(struct query *q, const struct query_event *ev,
				 uint32_t slot, const void *data, size_t len)
{
	struct query_slot *s = &q->slots[slot];
	const struct msg_question mq = question_of(s);
	struct answer a;
	enum answer_kind kind;

	kind = answer_read(&a, data, len, s->id, &mq);
	if (kind == ANSWER_FOREIGN) {
		count(q, QUERY_COUNT_UPSTREAM_FOREIGN);
		return (struct query_step){ .what = QUERY_WAIT };
	}
	list_remove(q, slot);
	q->servers[s->server] = (struct query_server){ 0, 0 };
	if (kind == ANSWER_IS && a.truncated && !s->tcp)
		return ask_again(q, ev, slot, true, s->plain);
	if (kind == ANSWER_BROKEN || a.truncated) {
		count(q, QUERY_COUNT_UPSTREAM_BROKEN);
		return got_nothing(q, ev, slot);
	}
	if (a.rcode == MSG_FORMERR && !a.edns && !s->plain)
		return ask_again(q, ev, slot, s->tcp, true);
	if (!is_data(&a))
		count(q, QUERY_COUNT_UPSTREAM_ERROR);
	return got(q, ev, slot, &a);
}

struct query_step query_failed(struct query *q, const struct query_event *ev,
			       uint32_t slot)
{
	count(q, QUERY_COUNT_UPSTREAM_FAILED);
	return give_up(q, ev, slot);
}

/* Of the two lists, each in order of time, the head that is due first. */
static uint32_t first_due(const struct query *q)
{
	const uint32_t a = q->waiting[0].head;
	const uint32_t b = q->waiting[1].head;

	if (a == QUERY_NONE || b == QUERY_NONE)
		return a == QUERY_NONE ? b : a;
	return q->slots[a].deadline <= q->slots[b].deadline ? a : b;
}

uint64_t query_deadline(const struct query *q)
{
	const uint32_t index = first_due(q);

	return index == QUERY_NONE ? UINT64_MAX : q->slots[index].deadline;
}

struct query_step query_expired(struct query *q, const struct query_event *ev)
{
	const uint32_t index = first_due(q);

	if (index == QUERY_NONE || q->slots[index].deadline > ev->now)
		return (struct query_step){ .what = QUERY_WAIT };
	count(q, QUERY_COUNT_UPSTREAM_TIMEOUT);
	return give_up(q, ev, index);
}
