/* SPDX-License-Identifier: MIT */
#include "dns/answer.h"

/* Info-codes that say the data failed validation, RFC 8914, 4.2 to 4.13, and
 * 27, "unsupported NSEC3 iterations value". Working around them would hand
 * out what a validating server has just refused. */
static bool ede_is_bogus(uint16_t code)
{
	return code == 1 || code == 2 || (code >= 5 && code <= 12) ||
	       code == 27;
}

static void read_ede(struct answer *a, const uint8_t *option, uint32_t len)
{
	if (len < 2)
		return;
	if (ede_is_bogus(be_get16(option)))
		a->bogus = true;
	if (a->ede.len)
		return;
	/* A text that is too long is left out: half a UTF-8 character would
	 * not be text. */
	a->ede.len = (uint8_t)(len <= REQUEST_EDE_MAX ? len : 2);
	mem_copy(a->ede.data, option, a->ede.len);
}

/* One without a byte is none that we know of (RFC 7873, 5.3). */
static void read_cookie(struct answer *a, uint32_t at, uint32_t len)
{
	if (a->cookie_len)
		return;
	a->cookie = at;
	a->cookie_len = len ? len : 1;
}

static void read_opt(struct answer *a, const struct msg_rr *rr)
{
	const uint32_t end = rr->rdata + rr->rdlen;
	uint32_t at = rr->rdata;
	uint32_t len;

	a->edns = true;
	a->rcode = (uint16_t)(a->rcode | rr->ttl >> 24 << 4);
	while (end - at >= 4) {
		len = be_get16(a->r.data + at + 2);
		if (len > end - at - 4)
			return;
		if (be_get16(a->r.data + at) == MSG_EDE)
			read_ede(a, a->r.data + at + 4, len);
		else if (be_get16(a->r.data + at) == MSG_COOKIE)
			read_cookie(a, at + 4, len);
		at += 4 + len;
	}
}

static void read_fact(struct answer *a, const struct msg_rr *rr)
{
	if (rr->type == MSG_OPT && rr->section == MSG_ADDITIONAL)
		read_opt(a, rr);
	else if (answer_is_proof(rr->type) && rr->section != MSG_ADDITIONAL)
		a->sig = true;
}

/* The same of an answer that was looked at before. */
static void recall_facts(struct answer *a)
{
	struct msg_reader r = a->r;
	struct msg_rr rr;

	while (msg_skim_rr(&r, &rr) == MSG_RR)
		read_fact(a, &rr);
}

/* Look at every record once; false if one is malformed. */
static bool check_facts(struct answer *a)
{
	/* Copying to nowhere: what passes here can be copied later. */
	struct msg_writer nowhere = { .full = true };
	struct msg_reader r = a->r;
	struct msg_rr rr;
	enum msg_got got;

	while ((got = msg_read_rr(&r, &rr)) == MSG_RR) {
		if (!msg_copy_rr(&nowhere, &r, &rr))
			return a->truncated;
		read_fact(a, &rr);
	}
	/* What was cut off may be cut anywhere. */
	return got == MSG_END || a->truncated;
}

bool answer_next(struct msg_reader *r, struct msg_rr *rr)
{
	return r->left[MSG_ANSWER] && msg_skim_rr(r, rr) == MSG_RR;
}

bool answer_owner_is(const struct msg_reader *r, struct msg_rr *rr,
		     const struct msg_name *name)
{
	return msg_read_owner(r, rr) && msg_name_equal(&rr->owner, name);
}

/* The name that @name is an alias of; false if it is none. */
static bool find_alias(const struct answer *a, struct msg_name *name)
{
	struct msg_reader r = a->r;
	struct msg_rr rr;
	uint32_t at;

	while (answer_next(&r, &rr)) {
		at = rr.rdata;
		if (rr.type == MSG_CNAME && answer_owner_is(&r, &rr, name))
			return msg_read_name(&r, &at, name);
	}
	return false;
}

static void count_data(struct answer *a)
{
	struct msg_reader r = a->r;
	struct msg_rr rr;

	a->ttl = UINT32_MAX;
	while (answer_next(&r, &rr)) {
		if ((rr.type != a->type && a->type != MSG_ANY) ||
		    !answer_owner_is(&r, &rr, &a->end))
			continue;
		a->count++;
		if (rr.ttl < a->ttl)
			a->ttl = rr.ttl;
	}
}

/* Is this the question that was asked? Old servers drop it when they do not
 * understand EDNS. */
static bool same_question(struct answer *a, const struct msg_question *q)
{
	struct msg_question got;

	if (a->r.left[MSG_QUESTION] == 0)
		return a->rcode == MSG_FORMERR || a->rcode == MSG_NOTIMP;
	return a->r.left[MSG_QUESTION] == 1 && msg_read_question(&a->r, &got) &&
	       got.type == q->type && got.class == q->class &&
	       msg_name_equal(&got.name, &q->name);
}

static void follow_aliases(struct answer *a)
{
	/* These are asked about themselves. */
	if (a->type == MSG_CNAME || a->type == MSG_ANY)
		return;
	for (unsigned int i = 0; i < ANSWER_CHAIN; i++)
		if (!find_alias(a, &a->end))
			break;
}

static enum answer_kind parse(struct answer *a, const struct msg_question *q,
			      bool known)
{
	const uint16_t flags = msg_flags(&a->r);

	a->rcode = flags & MSG_RCODE;
	a->truncated = flags & MSG_TC;
	if (!(flags & MSG_QR) || flags & MSG_OPCODE || !same_question(a, q))
		return ANSWER_FOREIGN;
	if (known)
		recall_facts(a);
	else if (!check_facts(a))
		return ANSWER_BROKEN;
	follow_aliases(a);
	count_data(a);
	return ANSWER_IS;
}

enum answer_kind answer_read(struct answer *a, const void *data, size_t len,
			     uint16_t id, const struct msg_question *q)
{
	*a = (struct answer){ .type = q->type, .end = q->name };
	if (!msg_read(&a->r, data, len) || msg_id(&a->r) != id)
		return ANSWER_FOREIGN;
	return parse(a, q, false);
}

bool answer_recall(struct answer *a, const void *data, size_t len, uint32_t age,
		   uint32_t least, const struct msg_question *q)
{
	*a = (struct answer){ .type = q->type, .end = q->name };
	if (!msg_read(&a->r, data, len))
		return false;
	a->r.age = age;
	a->r.least = least;
	return parse(a, q, true) == ANSWER_IS;
}

/* MINIMUM, the last field of a SOA record. */
static uint32_t soa_minimum(const struct msg_reader *r, const struct msg_rr *rr)
{
	return rr->rdlen < 20 ? 0
			      : be_get32(r->data + rr->rdata + rr->rdlen - 4);
}

uint32_t answer_lifetime(const struct answer *a)
{
	const bool negative = a->count == 0 || a->rcode == MSG_NXDOMAIN;
	const enum msg_section last = negative ? MSG_AUTHORITY : MSG_ANSWER;
	uint32_t least = negative ? ANSWER_KEEP_NEG : ANSWER_KEEP;
	struct msg_reader r = a->r;
	bool proven = !negative;
	struct msg_rr rr;
	uint32_t ttl;

	while (msg_skim_rr(&r, &rr) == MSG_RR && rr.section <= last) {
		ttl = rr.ttl;
		if (rr.type == MSG_SOA && rr.section == MSG_AUTHORITY) {
			proven = true;
			if (soa_minimum(&r, &rr) < ttl)
				ttl = soa_minimum(&r, &rr);
		}
		if (ttl < least)
			least = ttl;
	}
	return proven ? least : 0;
}

uint32_t answer_make_failure(void *buf, const struct msg_question *q)
{
	struct msg_writer w;

	msg_write(&w, buf, ANSWER_FAILURE_MAX, 0, MSG_QR | MSG_SERVFAIL);
	msg_put_question(&w, q);
	msg_put_bytes(&w, "", 1);
	msg_put_u16(&w, MSG_OPT);
	msg_put_u16(&w, REQUEST_UDP_SIZE);
	msg_put_u32(&w, 0);
	msg_put_u16(&w, 6);
	msg_put_u16(&w, MSG_EDE);
	msg_put_u16(&w, 2);
	msg_put_u16(&w, REQUEST_EDE_NO_AUTHORITY);
	msg_count(&w, MSG_ADDITIONAL);
	return w.len;
}

bool answer_excluded(const struct msg_reader *r, const struct msg_rr *rr,
		     const struct synth *s)
{
	return rr->type == MSG_AAAA && rr->class == MSG_IN &&
	       (rr->rdlen != 16 ||
		synth_excluded(s, addr6_load(r->data + rr->rdata)));
}

bool answer_has_aaaa(const struct answer *a, const struct synth *s)
{
	struct msg_reader r = a->r;
	struct msg_rr rr;

	while (answer_next(&r, &rr))
		if (rr.type == MSG_AAAA && !answer_excluded(&r, &rr, s) &&
		    answer_owner_is(&r, &rr, &a->end))
			return true;
	return false;
}

/* The data of a SOA record, its names written out. */
static bool expand_soa(const struct msg_reader *r, const struct msg_rr *rr,
		       struct answer_soa *soa)
{
	const uint32_t end = rr->rdata + rr->rdlen;
	struct msg_name name;
	uint32_t at = rr->rdata;

	soa->rdlen = 0;
	for (unsigned int i = 0; i < 2; i++) {
		if (!msg_read_name(r, &at, &name))
			return false;
		mem_copy(soa->rdata + soa->rdlen, name.b, name.len);
		soa->rdlen = (uint16_t)(soa->rdlen + name.len);
	}
	if (at + 20 != end)
		return false;
	mem_copy(soa->rdata + soa->rdlen, r->data + at, 20);
	soa->rdlen = (uint16_t)(soa->rdlen + 20);
	return true;
}

void answer_keep_soa(const struct answer *a, struct answer_soa *soa)
{
	struct msg_reader r = a->r;
	struct msg_rr rr;

	soa->owner.len = 0;
	while (msg_skim_rr(&r, &rr) == MSG_RR) {
		if (rr.type != MSG_SOA || rr.section != MSG_AUTHORITY ||
		    !msg_read_owner(&r, &rr) || !expand_soa(&r, &rr, soa))
			continue;
		soa->owner = rr.owner;
		soa->ttl = rr.ttl;
		return;
	}
}
