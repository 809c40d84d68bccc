/* SPDX-License-Identifier: MIT */
/*
 * compose.c - the records of a reply, out of a server's answer
 */
#include "dns/answer.h"

void answer_put_soa(struct msg_writer *w, const struct answer_soa *soa)
{
	uint32_t start;

	start = msg_put_rr(w, MSG_AUTHORITY, &soa->owner, MSG_SOA, soa->ttl);
	msg_put_bytes(w, soa->rdata, soa->rdlen);
	msg_end_rr(w, start);
}

/* A record that this client is not to see whatever was asked. */
static bool is_private(const struct request_frame *f, const struct msg_rr *rr)
{
	if (rr->type == MSG_OPT)
		return true;
	return answer_is_proof(rr->type) && !f->rq->dnssec &&
	       rr->type != f->rq->q.type;
}

/* Copy a record. What does not fit is left out where that is allowed
 * (RFC 2181, 9), and else spoils the message, so that it gets TC. */
static void copy(struct request_frame *f, const struct msg_reader *r,
		 const struct msg_rr *rr)
{
	const struct msg_mark mark = msg_mark(&f->w);

	if (f->w.full)
		return;
	if (!msg_copy_rr(&f->w, r, rr) ||
	    (f->w.full && rr->section == MSG_ADDITIONAL))
		msg_rewind(&f->w, mark);
}

/* What has no place in the answer section of an AAAA answer: addresses that
 * are excluded or of the other family, and signatures over either. */
static bool is_unwanted(const struct msg_reader *r, const struct msg_rr *rr,
			const struct synth *s, bool stripped)
{
	uint16_t covered = 0;

	if (rr->section != MSG_ANSWER)
		return false;
	if (rr->type == MSG_A || answer_excluded(r, rr, s))
		return true;
	if (rr->type == MSG_RRSIG && rr->rdlen >= 2)
		covered = be_get16(r->data + rr->rdata);
	return covered == MSG_A || (covered == MSG_AAAA && stripped);
}

static bool any_excluded(const struct answer *a, const struct synth *s)
{
	struct msg_reader r = a->r;
	struct msg_rr rr;

	while (answer_next(&r, &rr))
		if (answer_excluded(&r, &rr, s))
			return true;
	return false;
}

void answer_pass(struct request_frame *f, const struct answer *a,
		 const struct synth *s)
{
	const bool stripped = s && any_excluded(a, s);
	struct msg_reader r = a->r;
	struct msg_rr rr;

	while (msg_read_rr(&r, &rr) == MSG_RR)
		if (!is_private(f, &rr) &&
		    !(s && is_unwanted(&r, &rr, s, stripped)))
			copy(f, &r, &rr);
}

void answer_put_set(struct msg_writer *w, const struct msg_name *owner,
		    const struct synth_set *set, uint32_t ttl)
{
	uint8_t wire[16];
	uint32_t start;

	for (uint32_t i = 0; i < set->count; i++) {
		addr6_store(wire, set->addr[i]);
		start = msg_put_rr(w, MSG_ANSWER, owner, MSG_AAAA, ttl);
		msg_put_bytes(w, wire, sizeof(wire));
		msg_end_rr(w, start);
	}
}

/* What an address record at the end of the aliases is mapped to. */
static struct synth_set map(const struct answer *a, struct msg_rr *rr,
			    const struct synth *s)
{
	if (rr->type != MSG_A || rr->class != MSG_IN || rr->rdlen != 4 ||
	    !answer_owner_is(&a->r, rr, &a->end))
		return (struct synth_set){ .count = 0 };
	return synth_map(s, be_get32(a->r.data + rr->rdata));
}

bool answer_can_synth(const struct answer *a, const struct synth *s)
{
	struct msg_reader r = a->r;
	struct msg_rr rr;

	while (answer_next(&r, &rr))
		if (map(a, &rr, s).count)
			return true;
	return false;
}

static bool has_soa(const struct answer *a)
{
	struct msg_reader r = a->r;
	struct msg_rr rr;

	while (msg_skim_rr(&r, &rr) == MSG_RR)
		if (rr.section == MSG_AUTHORITY && rr.type == MSG_SOA)
			return true;
	return false;
}

/* The rest of an A answer: authority and additional section, unchanged
 * (RFC 6147, 5.3.2). */
static void copy_rest(struct request_frame *f, const struct answer *a)
{
	struct msg_reader r = a->r;
	struct msg_rr rr;

	while (msg_skim_rr(&r, &rr) == MSG_RR)
		if (rr.section != MSG_ANSWER && !is_private(f, &rr) &&
		    msg_read_owner(&r, &rr))
			copy(f, &r, &rr);
}

void answer_synth(struct request_frame *f, const struct answer *a,
		  const struct synth *s, const struct answer_soa *soa)
{
	const uint32_t most = soa->owner.len ? soa->ttl : ANSWER_TTL;
	const uint32_t ttl = a->ttl < most ? a->ttl : most;
	struct msg_reader r = a->r;
	struct synth_set set;
	struct msg_rr rr;
	bool made = false;

	while (answer_next(&r, &rr)) {
		if ((rr.type == MSG_CNAME || rr.type == MSG_DNAME) &&
		    msg_read_owner(&r, &rr))
			copy(f, &r, &rr);
		set = map(a, &rr, s);
		answer_put_set(&f->w, &rr.owner, &set, ttl);
		made = made || set.count;
	}
	/* Addresses that cannot be mapped came without a negative proof:
	 * then the one of the AAAA answer serves. */
	if (!made && soa->owner.len && !has_soa(a))
		answer_put_soa(&f->w, soa);
	else
		copy_rest(f, a);
}

void answer_alias(struct request_frame *f, const struct answer *a,
		  const struct msg_name *to)
{
	const uint32_t ttl = a->ttl < ANSWER_TTL ? a->ttl : ANSWER_TTL;
	uint32_t start;

	if (a->count) {
		start = msg_put_rr(&f->w, MSG_ANSWER, &f->rq->q.name, MSG_CNAME,
				   ttl);
		msg_put_name(&f->w, to, true);
		msg_end_rr(&f->w, start);
	}
	answer_pass(f, a, NULL);
}
