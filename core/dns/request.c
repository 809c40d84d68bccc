/* SPDX-License-Identifier: MIT */
#include "dns/request.h"

#define OPT_LEN    11u /* without options */
#define OPTION_LEN 4u  /* code and length of an option */

/* The first cookie counts (RFC 7873, 5.2). */
static uint16_t read_cookie(struct request *rq, const uint8_t *option,
			    uint32_t len)
{
	if (rq->cookie_len)
		return MSG_NOERROR;
	if (!cookie_legal(len))
		return MSG_FORMERR;
	rq->cookie_len = (uint8_t)len;
	mem_copy(rq->cookie, option, len < COOKIE_LEN ? len : COOKIE_LEN);
	return MSG_NOERROR;
}

static uint16_t read_options(struct request *rq, const uint8_t *at,
			     uint32_t left)
{
	uint16_t rcode = MSG_NOERROR;
	uint32_t len;

	while (left >= OPTION_LEN && !rcode) {
		len = be_get16(at + 2);
		if (len > left - OPTION_LEN)
			return MSG_FORMERR;
		if (be_get16(at) == MSG_COOKIE)
			rcode = read_cookie(rq, at + OPTION_LEN, len);
		at += OPTION_LEN + len;
		left -= OPTION_LEN + len;
	}
	return rcode;
}

/* What the additional section says about the client (RFC 6891, 6.1). */
static uint16_t read_opt(struct request *rq, const struct msg_reader *r,
			 const struct msg_rr *rr)
{
	/* One, and owned by the root (RFC 6891, 6.1.1). */
	if (rq->edns || rr->section != MSG_ADDITIONAL || rr->owner.len != 1)
		return MSG_FORMERR;
	rq->edns = true;
	rq->dnssec = rr->ttl & MSG_DO;
	if (rr->class > REQUEST_UDP_MIN)
		rq->size = rr->class;
	if (rr->ttl >> 16 & 0xff)
		return MSG_BADVERS;
	return read_options(rq, r->data + rr->rdata, rr->rdlen);
}

static uint16_t read_records(struct request *rq, struct msg_reader *r)
{
	uint16_t worst = MSG_NOERROR;
	uint16_t rcode;
	struct msg_rr rr;
	enum msg_got got;

	while ((got = msg_read_rr(r, &rr)) == MSG_RR) {
		rcode = rr.type == MSG_OPT ? read_opt(rq, r, &rr) : MSG_NOERROR;
		if (rcode == MSG_FORMERR)
			return rcode;
		if (rcode)
			worst = rcode;
	}
	return got == MSG_BAD ? MSG_FORMERR : worst;
}

enum request_kind request_read(struct request *rq, const void *data, size_t len,
			       uint16_t *rcode)
{
	struct msg_reader r;

	if (!msg_read(&r, data, len) || msg_flags(&r) & MSG_QR)
		return REQUEST_DROP;
	*rq = (struct request){
		.id = msg_id(&r),
		.flags = msg_flags(&r) & (MSG_OPCODE | MSG_RD | MSG_CD),
		.size = REQUEST_UDP_MIN,
	};
	*rcode = MSG_NOTIMP;
	if (rq->flags & MSG_OPCODE)
		return REQUEST_WRONG;
	*rcode = MSG_FORMERR;
	/* RFC 9619: no more than one question; none is for a cookie only. */
	if (r.left[MSG_QUESTION] == 0 && read_records(rq, &r) == MSG_NOERROR &&
	    rq->cookie_len)
		return REQUEST_COOKIE;
	if (r.left[MSG_QUESTION] != 1)
		return REQUEST_WRONG;
	if (!msg_read_question(&r, &rq->q)) {
		rq->q.name.len = 0;
		return REQUEST_WRONG;
	}
	*rcode = read_records(rq, &r);
	/* A zone is more than one message, and there is none here. */
	if (!*rcode && (rq->q.type == MSG_AXFR || rq->q.type == MSG_IXFR))
		*rcode = MSG_NOTIMP;
	return *rcode ? REQUEST_WRONG : REQUEST_ASKS;
}

struct request_ede request_ede(enum request_ede_code code)
{
	struct request_ede ede = { .len = 2 };

	be_put16(ede.data, (uint16_t)code);
	return ede;
}

static uint32_t options_len(const struct request_frame *f)
{
	return (f->ede.len ? OPTION_LEN + f->ede.len : 0) +
	       (f->rq->cookie_len ? OPTION_LEN + COOKIE_LEN : 0);
}

static uint32_t room_for_opt(const struct request_frame *f)
{
	if (!f->rq->edns)
		return 0;
	return OPT_LEN + options_len(f);
}

static uint32_t limit_of(const struct request *rq, bool tcp)
{
	if (tcp)
		return MSG_MAX;
	return rq->size < REQUEST_UDP_SIZE ? rq->size : REQUEST_UDP_SIZE;
}

static void begin(struct request_frame *f, void *buf, uint16_t more)
{
	const struct request *rq = f->rq;
	const uint16_t flags = (uint16_t)(MSG_QR | rq->flags | MSG_RA | more |
					  (f->rcode & MSG_RCODE));

	msg_write(&f->w, buf, f->limit - room_for_opt(f), rq->id, flags);
	if (rq->q.name.len)
		msg_put_question(&f->w, &rq->q);
}

void request_reply(struct request_frame *f, const struct request *rq, bool tcp,
		   void *buf, uint16_t rcode, const struct request_ede *ede)
{
	f->rq = rq;
	f->limit = limit_of(rq, tcp);
	f->rcode = rcode;
	f->ede.len = 0;
	if (ede && rq->edns)
		f->ede = *ede;
	begin(f, buf, 0);
}

static void put_opt(struct request_frame *f)
{
	struct msg_writer *w = &f->w;

	w->size = f->limit;
	msg_put_bytes(w, "", 1);
	msg_put_u16(w, MSG_OPT);
	msg_put_u16(w, REQUEST_UDP_SIZE);
	msg_put_u16(w, (uint16_t)(f->rcode >> 4 << 8));
	msg_put_u16(w, f->rq->dnssec ? MSG_DO : 0);
	msg_put_u16(w, (uint16_t)options_len(f));
	if (f->rq->cookie_len) {
		msg_put_u16(w, MSG_COOKIE);
		msg_put_u16(w, COOKIE_LEN);
		msg_put_bytes(w, f->rq->cookie, COOKIE_LEN);
	}
	if (f->ede.len) {
		msg_put_u16(w, MSG_EDE);
		msg_put_u16(w, f->ede.len);
		msg_put_bytes(w, f->ede.data, f->ede.len);
	}
	msg_count(w, MSG_ADDITIONAL);
}

uint32_t request_finish(struct request_frame *f)
{
	if (f->w.full)
		begin(f, f->w.buf, MSG_TC);
	if (f->rq->edns)
		put_opt(f);
	return f->w.len;
}
