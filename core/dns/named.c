/* SPDX-License-Identifier: MIT */
#include "dns/named.h"

#define EDNS_SIZE    4096u
#define EDNS_PADDING 12u

/* RFC 6891, 6.1.2; RFC 7830, 3. */
static void put_padding(struct msg_writer *w, uint16_t pad)
{
	msg_put_bytes(w, "", 1);
	msg_put_u16(w, MSG_OPT);
	msg_put_u16(w, EDNS_SIZE);
	msg_put_u32(w, MSG_DO);
	msg_put_u16(w, (uint16_t)(pad + 4));
	msg_put_u16(w, EDNS_PADDING);
	msg_put_u16(w, pad);
	for (unsigned int i = 0; i < pad; i += 2)
		msg_put_u16(w, 0);
	msg_count(w, MSG_ADDITIONAL);
}

size_t named_question(void *buf, const struct named_ask *ask)
{
	struct msg_writer w;

	msg_write(&w, buf, NAMED_QUESTION_MAX, ask->id, MSG_RD);
	msg_put_question(&w, &ask->q);
	if (ask->pad)
		put_padding(&w, ask->pad);
	return w.len;
}

static bool is_ours(struct msg_reader *r, const struct named_ask *ask)
{
	struct msg_question q;

	return msg_id(r) == ask->id && msg_flags(r) & MSG_QR &&
	       !(msg_flags(r) & MSG_OPCODE) && r->left[MSG_QUESTION] == 1 &&
	       msg_read_question(r, &q) &&
	       msg_name_equal(&q.name, &ask->q.name) && q.type == ask->q.type &&
	       q.class == MSG_IN;
}

/* Return: false: malformed */
static bool take(struct named *n, const uint8_t *data, const struct msg_rr *rr,
		 uint16_t type)
{
	const bool four = type == MSG_A;

	if (rr->section != MSG_ANSWER || rr->type != type ||
	    rr->class != MSG_IN || (!four && type != MSG_AAAA))
		return true;
	if (rr->rdlen != (four ? 4 : 16))
		return false;
	if (n->count == NAMED_ADDRS)
		return true;
	n->addrs[n->count++] =
		four ? (struct addr6){ 0, be_get32(data) } : addr6_load(data);
	return true;
}

struct named named_answer(const struct named_ask *ask, const void *msg,
			  size_t len)
{
	const struct named ignore = { .what = NAMED_IGNORE };
	struct named n = { .what = NAMED_ANSWER };
	struct msg_reader r;
	struct msg_rr rr;
	enum msg_got got;
	unsigned int rcode;

	if (!msg_read(&r, msg, len) || !is_ours(&r, ask))
		return ignore;
	rcode = msg_flags(&r) & MSG_RCODE;
	if (msg_flags(&r) & MSG_TC ||
	    (rcode != MSG_NOERROR && rcode != MSG_NXDOMAIN))
		return (struct named){ .what = NAMED_FAILED };
	while ((got = msg_read_rr(&r, &rr)) == MSG_RR)
		if (!take(&n, r.data + rr.rdata, &rr, ask->q.type))
			return ignore;
	return got == MSG_END ? n : ignore;
}
