/* SPDX-License-Identifier: MIT */
/*
 * admit.c - what clients send, and whether it is to be answered
 */
#include "dns/machine.h"

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

static struct query_step refuse(const struct query *q,
				const struct query_event *ev,
				const struct query_slot *s)
{
	const struct request_ede ede = request_ede(REQUEST_EDE_PROHIBITED);

	machine_count(ev, COUNT_REFUSED);
	if (q->silent)
		return (struct query_step){ .what = QUERY_DROP };
	return reply_now(ev, &s->client, &s->rq, MSG_REFUSED, &ede);
}

/* A question over UDP that is beyond its share. */
static struct query_step limit(const struct query_event *ev,
			       const struct query_slot *s,
			       enum rrl_verdict verdict)
{
	struct request_frame f;

	machine_count(ev, COUNT_LIMITED);
	if (verdict == RRL_SILENCE)
		return (struct query_step){ .what = QUERY_DROP };
	request_reply(&f, &s->rq, false, ev->buf, MSG_NOERROR, NULL);
	f.w.full = true; /* which makes it a truncated one */
	return reply_end(ev, &f, &s->client);
}

/* What may be answered: a question, well-formed or not, or a cookie. */
static struct query_step answer(const struct query *q,
				const struct query_event *ev,
				struct query_slot *s, enum request_kind kind,
				uint16_t rcode)
{
	const struct query_allow *allow = find_allow(q, s->client.addr);

	if (!allow)
		return refuse(q, ev, s);
	s->synth = allow->synth;
	if (kind == REQUEST_ASKS)
		return machine_look(q, ev, s);
	if (kind == REQUEST_WRONG)
		machine_count(ev, COUNT_MALFORMED);
	return reply_now(ev, &s->client, &s->rq, rcode, NULL);
}

/* Is the client known to be where it says? It gets a new cookie in any case,
 * if it sent one. */
static bool renew_cookie(const struct query *q, const struct query_event *ev,
			 struct request *rq, struct addr6 addr)
{
	const uint32_t count = q->secret_count ? q->secret_count : 1;
	const struct siphash_key *keys = q->secret_count ? q->secrets : &q->own;
	bool good = false;

	if (!rq->cookie_len)
		return false;
	for (uint32_t i = 0; i < count && rq->cookie_len == COOKIE_LEN; i++)
		good |= cookie_good(rq->cookie, addr, ev->time, keys[i]);
	cookie_make(rq->cookie, addr, ev->time, keys[0]);
	return good;
}

struct query_step query_look(const struct query *q,
			     const struct query_event *ev, struct query_slot *s,
			     const void *data, size_t len)
{
	enum rrl_verdict verdict = RRL_ANSWER;
	struct request *rq = &s->rq;
	enum request_kind kind;
	uint16_t rcode = MSG_NOERROR;
	bool known;

	machine_count(ev, COUNT_QUERIES);
	if (s->client.tcp)
		machine_count(ev, COUNT_TCP);
	kind = request_read(rq, data, len, &rcode);
	if (kind == REQUEST_DROP) {
		machine_count(ev, COUNT_DROPPED);
		return (struct query_step){ .what = QUERY_DROP };
	}
	known = renew_cookie(q, ev, rq, s->client.addr);
	if (kind == REQUEST_COOKIE)
		rcode = known || rq->cookie_len == COOKIE_CLIENT_LEN
				? MSG_NOERROR
				: MSG_BADCOOKIE;
	if (!s->client.tcp && !known)
		verdict = rrl_count(&q->rrl, s->client.addr, &rq->q,
				    machine_seconds(ev));
	if (verdict != RRL_ANSWER)
		return limit(ev, s, verdict);
	return answer(q, ev, s, kind, rcode);
}

struct query_step query_asked(struct query *q, const struct query_event *ev,
			      const struct query_client *client,
			      const void *data, size_t len)
{
	struct query_slot s;
	struct query_step step;

	s.client = *client;
	step = query_look(q, ev, &s, data, len);
	return step.what == QUERY_TAKE ? query_take(q, ev, &s) : step;
}
