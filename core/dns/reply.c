/* SPDX-License-Identifier: MIT */
/*
 * reply.c - what clients are told
 */
#include "dns/machine.h"

struct query_step reply_end(const struct query_event *ev,
			    struct request_frame *f,
			    const struct query_client *client)
{
	struct query_step step = { .what = QUERY_REPLY, .client = *client };

	machine_count(ev, COUNT_REPLIES);
	if (f->rcode == MSG_SERVFAIL)
		machine_count(ev, COUNT_SERVFAIL);
	if (f->w.full)
		machine_count(ev, COUNT_TRUNCATED);
	step.len = request_finish(f);
	return step;
}

struct query_step reply_now(const struct query_event *ev,
			    const struct query_client *client,
			    const struct request *rq, uint16_t rcode,
			    const struct request_ede *ede)
{
	struct request_frame f;

	request_reply(&f, rq, client->tcp, ev->buf, rcode, ede);
	return reply_end(ev, &f, client);
}

struct query_step reply_local(const struct query_event *ev,
			      const struct query_slot *s, const struct local *l)
{
	struct request_frame f;

	machine_count(ev, COUNT_LOCAL);
	request_reply(&f, &s->rq, s->client.tcp, ev->buf, local_rcode(l), NULL);
	local_put(&f, s->synth, l);
	return reply_end(ev, &f, &s->client);
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

struct query_step reply_slot(const struct query_event *ev,
			     const struct query_slot *s, const struct answer *a,
			     enum stage_verdict verdict)
{
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
		machine_count(ev, COUNT_SYNTHESISED);
	else if (verdict == STAGE_NATIVE && s->stage == STAGE_AAAA)
		machine_count(ev, COUNT_NATIVE);
	else if (verdict == STAGE_NEGATIVE || verdict == STAGE_SYNTHESISE)
		machine_count(ev, COUNT_NODATA);
	if (a->r.least)
		machine_count(ev, COUNT_STALE);
	if (!s->waited)
		machine_count(ev, COUNT_CACHED);
	return reply_end(ev, &f, &s->client);
}
