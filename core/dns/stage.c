/* SPDX-License-Identifier: MIT */
#include "dns/stage.h"

/* Is this a question that RFC 6147, 5.1 is about? Not where nobody is to
 * look further (RD clear), nor for clients that validate for themselves
 * (CD set, section 5.5). */
static bool is_dns64(const struct synth *s, const struct request *rq)
{
	return rq->q.type == MSG_AAAA && rq->q.class == MSG_IN &&
	       (rq->flags & (MSG_RD | MSG_CD)) == MSG_RD && !s->v4only &&
	       s->prefix_count && !synth_exempt(s, &rq->q.name);
}

enum stage stage_first(const struct synth *s, const struct request *rq)
{
	if (!is_dns64(s, rq))
		return STAGE_PASS;
	return synth_ignored(s, &rq->q.name) ? STAGE_A_FIRST : STAGE_AAAA;
}

uint16_t stage_type(enum stage stage, const struct request *rq)
{
	return stage == STAGE_A || stage == STAGE_A_FIRST ? (uint16_t)MSG_A
							  : rq->q.type;
}

/* Is absence proven to one who can check the proof (RFC 6147, 5.5)? A
 * synthetic record beside it would be bogus to him. */
static bool is_proven(const struct request *rq, const struct answer *a)
{
	return rq->dnssec && a->sig && a->count == 0;
}

static enum stage_verdict judge_aaaa(const struct synth *s,
				     const struct request *rq,
				     const struct answer *a)
{
	if (a->rcode == MSG_NXDOMAIN)
		return STAGE_NEGATIVE;
	if (a->rcode == MSG_NOERROR && answer_has_aaaa(a, s))
		return STAGE_NATIVE;
	if (a->rcode == MSG_NOERROR && is_proven(rq, a))
		return STAGE_NEGATIVE;
	if ((a->rcode == MSG_SERVFAIL && a->bogus) ||
	    (a->rcode != MSG_NOERROR && s->pass_errors))
		return STAGE_ERROR;
	return STAGE_GO_A;
}

enum stage_verdict stage_judge(enum stage stage, const struct synth *s,
			       const struct request *rq, const struct answer *a)
{
	switch (stage) {
	case STAGE_AAAA:
		return judge_aaaa(s, rq, a);
	case STAGE_A:
		return answer_is_data(a) ? STAGE_SYNTHESISE : STAGE_ERROR;
	case STAGE_A_FIRST:
		return a->rcode == MSG_NOERROR && answer_can_synth(a, s)
			       ? STAGE_SYNTHESISE
			       : STAGE_GO_AAAA_LAST;
	case STAGE_AAAA_LAST:
		return STAGE_NATIVE;
	case STAGE_PTR:
		return STAGE_ALIAS;
	case STAGE_PASS:
		break;
	}
	return STAGE_HAND_ON;
}
