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

static struct query_step refuse(struct query *q, const struct query_event *ev,
				const struct query_client *client,
				const struct request *rq)
{
	const struct request_ede ede = request_ede(REQUEST_EDE_PROHIBITED);

	machine_count(q, COUNT_REFUSED);
	if (q->silent)
		return (struct query_step){ .what = QUERY_DROP };
	return reply_now(q, ev, client, rq, MSG_REFUSED, &ede);
}

/* A question over UDP that is beyond its share. */
static struct query_step limit(struct query *q, const struct query_event *ev,
			       const struct query_client *client,
			       const struct request *rq,
			       enum rrl_verdict verdict)
{
	struct request_frame f;

	machine_count(q, COUNT_LIMITED);
	if (verdict == RRL_SILENCE)
		return (struct query_step){ .what = QUERY_DROP };
	request_reply(&f, rq, false, ev->buf, MSG_NOERROR, NULL);
	f.w.full = true; /* which makes it a truncated one */
	return reply_end(q, &f, client);
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
		return machine_begin(q, ev, client, rq, allow->synth);
	if (kind == REQUEST_WRONG)
		machine_count(q, COUNT_MALFORMED);
	return reply_now(q, ev, client, rq, rcode, NULL);
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

struct query_step query_asked(struct query *q, const struct query_event *ev,
			      const struct query_client *client,
			      const void *data, size_t len)
{
	enum rrl_verdict verdict = RRL_ANSWER;
	struct request rq;
	enum request_kind kind;
	uint16_t rcode = MSG_NOERROR;
	bool known;

	machine_count(q, COUNT_QUERIES);
	if (client->tcp)
		machine_count(q, COUNT_TCP);
	kind = request_read(&rq, data, len, &rcode);
	if (kind == REQUEST_DROP) {
		machine_count(q, COUNT_DROPPED);
		return (struct query_step){ .what = QUERY_DROP };
	}
	known = renew_cookie(q, ev, &rq, client->addr);
	if (kind == REQUEST_COOKIE)
		rcode = known || rq.cookie_len == COOKIE_CLIENT_LEN
				? MSG_NOERROR
				: MSG_BADCOOKIE;
	if (!client->tcp && !known)
		verdict = rrl_count(&q->rrl, client->addr, &rq.q,
				    machine_seconds(ev));
	if (verdict != RRL_ANSWER)
		return limit(q, ev, client, &rq, verdict);
	return answer(q, ev, client, &rq, kind, rcode);
}
