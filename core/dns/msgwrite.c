/* SPDX-License-Identifier: MIT */
/*
 * msgwrite.c - the writer of msg.h, and copying from a reader to it
 */
#include "dns/msg.h"

void msg_write(struct msg_writer *w, void *buf, size_t size, uint16_t id,
	       uint16_t flags)
{
	w->buf = buf;
	w->size = (uint32_t)(size < MSG_MAX ? size : MSG_MAX);
	w->len = 0;
	w->full = false;
	w->target_count = 0;
	msg_put_u16(w, id);
	msg_put_u16(w, flags);
	msg_put_u32(w, 0);
	msg_put_u32(w, 0);
}

void msg_count(struct msg_writer *w, enum msg_section section)
{
	uint8_t *at;

	if (w->full)
		return;
	at = w->buf + 4 + 2 * (size_t)section;
	be_put16(at, (uint16_t)(be_get16(at) + 1));
}

void msg_put_bytes(struct msg_writer *w, const void *data, size_t len)
{
	if (w->full || len > w->size - w->len) {
		w->full = true;
		return;
	}
	mem_copy(w->buf + w->len, data, len);
	w->len += (uint32_t)len;
}

void msg_put_u16(struct msg_writer *w, uint16_t v)
{
	if (w->full || w->size - w->len < 2) {
		w->full = true;
		return;
	}
	be_put16(w->buf + w->len, v);
	w->len += 2;
}

void msg_put_u32(struct msg_writer *w, uint32_t v)
{
	msg_put_u16(w, (uint16_t)(v >> 16));
	msg_put_u16(w, (uint16_t)v);
}

/* Does the name written at @at equal the @len bytes of @tail? */
static bool written_equal(const struct msg_writer *w, uint32_t at,
			  const uint8_t *tail)
{
	for (;;) {
		while (w->buf[at] >= MSG_POINTER)
			at = be_get16(w->buf + at) & MSG_POINTER_MAX;
		if (!msg_equal_fold(w->buf + at, tail, w->buf[at] + 1u))
			return false;
		if (w->buf[at] == 0)
			return true;
		tail += w->buf[at] + 1u;
		at += w->buf[at] + 1u;
	}
}

/* The first @known only: a name that is not whole yet has no ending. */
static uint16_t find_target(const struct msg_writer *w, const uint8_t *tail,
			    unsigned int known)
{
	for (unsigned int i = 0; i < known; i++)
		if (written_equal(w, w->targets[i], tail))
			return w->targets[i];
	return 0;
}

static void add_target(struct msg_writer *w)
{
	if (w->target_count < MSG_TARGETS && w->len <= MSG_POINTER_MAX)
		w->targets[w->target_count++] = (uint16_t)w->len;
}

void msg_put_name(struct msg_writer *w, const struct msg_name *name,
		  bool compress)
{
	const unsigned int known = compress ? w->target_count : 0;
	const uint8_t *at = name->b;
	uint16_t target;

	for (; *at && !w->full; at += *at + 1u) {
		target = find_target(w, at, known);
		if (target) {
			msg_put_u16(w, (uint16_t)(MSG_POINTER << 8 | target));
			return;
		}
		if (*at + 1u > w->size - w->len) {
			w->full = true;
			return;
		}
		add_target(w);
		msg_put_bytes(w, at, *at + 1u);
	}
	msg_put_bytes(w, "", 1);
}

void msg_put_question(struct msg_writer *w, const struct msg_question *q)
{
	msg_put_name(w, &q->name, false);
	msg_put_u16(w, q->type);
	msg_put_u16(w, q->class);
	msg_count(w, MSG_QUESTION);
}

struct msg_mark msg_mark(const struct msg_writer *w)
{
	return (struct msg_mark){ w->len, w->target_count };
}

void msg_rewind(struct msg_writer *w, struct msg_mark mark)
{
	w->len = mark.len;
	w->target_count = mark.target_count;
	w->full = false;
}

static uint32_t put_head(struct msg_writer *w, const struct msg_name *owner,
			 uint16_t type, uint16_t class, uint32_t ttl)
{
	msg_put_name(w, owner, true);
	msg_put_u16(w, type);
	msg_put_u16(w, class);
	msg_put_u32(w, ttl);
	msg_put_u16(w, 0);
	return w->len;
}

uint32_t msg_put_rr(struct msg_writer *w, enum msg_section section,
		    const struct msg_name *owner, uint16_t type, uint32_t ttl)
{
	const uint32_t start = put_head(w, owner, type, MSG_IN, ttl);

	msg_count(w, section);
	return start;
}

void msg_end_rr(struct msg_writer *w, uint32_t start)
{
	if (!w->full)
		be_put16(w->buf + start - 2, (uint16_t)(w->len - start));
}

/**
 * struct layout - where the names are in the data of a type
 * @type:	type
 * @skip:	bytes before the first name
 * @strings:	character strings behind those bytes
 * @names:	names in a row
 * @compress:	may point elsewhere when written: only the types of RFC 1035
 *		(RFC 3597, 4)
 */
static const struct layout {
	uint16_t type;
	uint8_t skip;
	uint8_t strings;
	uint8_t names;
	bool compress;
} layouts[] = {
	{ MSG_NS, 0, 0, 1, true },          { 3 /* MD */, 0, 0, 1, true },
	{ 4 /* MF */, 0, 0, 1, true },      { MSG_CNAME, 0, 0, 1, true },
	{ MSG_SOA, 0, 0, 2, true },         { 7 /* MB */, 0, 0, 1, true },
	{ 8 /* MG */, 0, 0, 1, true },      { 9 /* MR */, 0, 0, 1, true },
	{ MSG_PTR, 0, 0, 1, true },         { 14 /* MINFO */, 0, 0, 2, true },
	{ 15 /* MX */, 2, 0, 1, true },     { 17 /* RP */, 0, 0, 2, false },
	{ 18 /* AFSDB */, 2, 0, 1, false }, { 21 /* RT */, 2, 0, 1, false },
	{ 24 /* SIG */, 18, 0, 1, false },  { 26 /* PX */, 2, 0, 2, false },
	{ 30 /* NXT */, 0, 0, 1, false },   { 33 /* SRV */, 6, 0, 1, false },
	{ 35 /* NAPTR */, 4, 3, 1, false }, { MSG_DNAME, 0, 0, 1, false },
};

static const struct layout *find_layout(uint16_t type)
{
	for (unsigned int i = 0; i < XL_COUNT(layouts); i++)
		if (layouts[i].type == type)
			return &layouts[i];
	return NULL;
}

/* Offset behind @count character strings that begin at @at. */
static uint32_t skip_strings(const struct msg_reader *r, uint32_t at,
			     uint32_t end, unsigned int count)
{
	while (count-- && at < end)
		at += r->data[at] + 1u;
	return at;
}

static bool copy_names(struct msg_writer *w, const struct msg_reader *r,
		       const struct msg_rr *rr, const struct layout *layout)
{
	const uint32_t end = rr->rdata + rr->rdlen;
	struct msg_name name;
	uint32_t at = rr->rdata + layout->skip;

	at = skip_strings(r, at, end, layout->strings);
	if (at >= end)
		return false;
	msg_put_bytes(w, r->data + rr->rdata, at - rr->rdata);
	for (unsigned int i = 0; i < layout->names; i++) {
		if (at >= end || !msg_read_name(r, &at, &name) || at > end)
			return false;
		msg_put_name(w, &name, layout->compress);
	}
	msg_put_bytes(w, r->data + at, end - at);
	return true;
}

bool msg_copy_rr(struct msg_writer *w, const struct msg_reader *r,
		 const struct msg_rr *rr)
{
	const struct layout *layout = find_layout(rr->type);
	const uint32_t start =
		put_head(w, &rr->owner, rr->type, rr->class, rr->ttl);

	if (!layout)
		msg_put_bytes(w, r->data + rr->rdata, rr->rdlen);
	else if (!copy_names(w, r, rr, layout))
		return false;
	msg_end_rr(w, start);
	msg_count(w, rr->section);
	return true;
}
