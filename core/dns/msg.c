/* SPDX-License-Identifier: MIT */
#include "dns/msg.h"

#define LABEL_MAX   63u
#define POINTER     0xc0u
#define POINTER_MAX 0x3fffu

/* A name has at most 127 labels, so more pointers in a row carry nothing;
 * the limit keeps a message of pointers from costing the square of its size. */
#define HOPS_MAX    128u

bool msg_read(struct msg_reader *r, const void *data, size_t len)
{
	if (len < MSG_HDR_LEN || len > MSG_MAX)
		return false;
	*r = (struct msg_reader){ .data = data,
				  .len = (uint32_t)len,
				  .pos = MSG_HDR_LEN };
	for (size_t i = 0; i < XL_COUNT(r->left); i++)
		r->left[i] = be_get16(r->data + 4 + 2 * i);
	return true;
}

/* Follow the pointer at @at; false unless it leads backwards. */
static bool follow(const struct msg_reader *r, uint32_t *at, uint32_t *lowest)
{
	uint32_t target;

	if (*at + 2 > r->len)
		return false;
	target = be_get16(r->data + *at) & POINTER_MAX;
	if (target < MSG_HDR_LEN || target >= *lowest)
		return false;
	*at = *lowest = target;
	return true;
}

bool msg_read_name(const struct msg_reader *r, uint32_t *pos,
		   struct msg_name *name)
{
	uint32_t at = *pos;
	uint32_t lowest = at;
	unsigned int hops = 0;
	unsigned int n = 0;
	unsigned int label;

	for (;;) {
		if (at >= r->len)
			return false;
		label = r->data[at];
		if ((label & POINTER) == POINTER) {
			if (hops == 0)
				*pos = at + 2;
			if (++hops > HOPS_MAX || !follow(r, &at, &lowest))
				return false;
			continue;
		}
		if (label > LABEL_MAX || n + label + 1 > MSG_NAME_MAX ||
		    at + label + 1 > r->len)
			return false;
		mem_copy(name->b + n, r->data + at, label + 1);
		n += label + 1;
		at += label + 1;
		if (label == 0)
			break;
	}
	name->len = (uint8_t)n;
	if (hops == 0)
		*pos = at;
	return true;
}

bool msg_read_question(struct msg_reader *r, struct msg_question *q)
{
	if (r->left[MSG_QUESTION] == 0 ||
	    !msg_read_name(r, &r->pos, &q->name) || r->pos + 4 > r->len)
		return false;
	q->type = be_get16(r->data + r->pos);
	q->class = be_get16(r->data + r->pos + 2);
	r->pos += 4;
	r->left[MSG_QUESTION]--;
	return true;
}

/* The section of the next record; MSG_QUESTION: there is none. */
static enum msg_section next_section(const struct msg_reader *r)
{
	if (r->left[MSG_ANSWER])
		return MSG_ANSWER;
	if (r->left[MSG_AUTHORITY])
		return MSG_AUTHORITY;
	return r->left[MSG_ADDITIONAL] ? MSG_ADDITIONAL : MSG_QUESTION;
}

static uint32_t ttl_left(const struct msg_reader *r, uint32_t ttl)
{
	if (ttl >> 31)
		ttl = 0;
	ttl = ttl > r->age ? ttl - r->age : 0;
	return ttl > r->least ? ttl : r->least;
}

enum msg_got msg_read_rr(struct msg_reader *r, struct msg_rr *rr)
{
	const uint8_t *fixed;

	rr->section = next_section(r);
	if (rr->section == MSG_QUESTION)
		return MSG_END;
	if (!msg_read_name(r, &r->pos, &rr->owner) || r->pos + 10 > r->len)
		return MSG_BAD;
	fixed = r->data + r->pos;
	rr->type = be_get16(fixed);
	rr->class = be_get16(fixed + 2);
	rr->ttl = be_get32(fixed + 4);
	if (rr->type != MSG_OPT)
		rr->ttl = ttl_left(r, rr->ttl);
	rr->rdlen = be_get16(fixed + 8);
	rr->rdata = r->pos + 10;
	if (rr->rdata + rr->rdlen > r->len)
		return MSG_BAD;
	r->pos = rr->rdata + rr->rdlen;
	r->left[rr->section]--;
	return MSG_RR;
}

bool msg_equal_fold(const uint8_t *a, const uint8_t *b, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (a[i] != b[i] && msg_lower(a[i]) != msg_lower(b[i]))
			return false;
	return true;
}

bool msg_name_equal(const struct msg_name *a, const struct msg_name *b)
{
	return a->len == b->len && msg_equal_fold(a->b, b->b, a->len);
}

/* Offset of what is left of a name behind its first @skip labels. */
static unsigned int skip_labels(const struct msg_name *name, unsigned int skip)
{
	unsigned int at = 0;

	while (skip-- && name->b[at])
		at += name->b[at] + 1u;
	return at;
}

struct msg_name msg_name_tail(const struct msg_name *name, unsigned int skip)
{
	const unsigned int at = skip_labels(name, skip);
	struct msg_name tail = { .len = (uint8_t)(name->len - at) };

	mem_copy(tail.b, name->b + at, tail.len);
	return tail;
}

unsigned int msg_name_labels(const struct msg_name *name)
{
	unsigned int count = 0;

	for (unsigned int at = 0; name->b[at]; at += name->b[at] + 1u)
		count++;
	return count;
}

bool msg_name_within(const struct msg_name *name, const struct msg_name *zone)
{
	const unsigned int end = (unsigned int)name->len - zone->len;
	unsigned int at = 0;

	/* Mostly the bytes differ: then no labels need to be walked. */
	if (name->len < zone->len ||
	    !msg_equal_fold(name->b + end, zone->b, zone->len))
		return false;
	while (at < end)
		at += name->b[at] + 1u;
	return at == end;
}

bool msg_name_append(struct msg_name *name, const void *label, size_t len)
{
	uint8_t *at = name->b + name->len - 1;

	if (len == 0 || len > LABEL_MAX || name->len + len + 1 > MSG_NAME_MAX)
		return false;
	at[0] = (uint8_t)len;
	mem_copy(at + 1, label, len);
	at[1 + len] = 0;
	name->len = (uint8_t)(name->len + len + 1);
	return true;
}

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
	uint8_t wire[2];

	be_put16(wire, v);
	msg_put_bytes(w, wire, sizeof(wire));
}

void msg_put_u32(struct msg_writer *w, uint32_t v)
{
	uint8_t wire[4];

	be_put32(wire, v);
	msg_put_bytes(w, wire, sizeof(wire));
}

/* Does the name written at @at equal the @len bytes of @tail? */
static bool written_equal(const struct msg_writer *w, uint32_t at,
			  const uint8_t *tail)
{
	for (;;) {
		while (w->buf[at] >= POINTER)
			at = be_get16(w->buf + at) & POINTER_MAX;
		if (!msg_equal_fold(w->buf + at, tail, w->buf[at] + 1u))
			return false;
		if (w->buf[at] == 0)
			return true;
		tail += w->buf[at] + 1u;
		at += w->buf[at] + 1u;
	}
}

static uint16_t find_target(const struct msg_writer *w, const uint8_t *tail)
{
	for (unsigned int i = 0; i < w->target_count; i++)
		if (written_equal(w, w->targets[i], tail))
			return w->targets[i];
	return 0;
}

static void add_target(struct msg_writer *w)
{
	if (w->target_count < MSG_TARGETS && w->len <= POINTER_MAX)
		w->targets[w->target_count++] = (uint16_t)w->len;
}

void msg_put_name(struct msg_writer *w, const struct msg_name *name,
		  bool compress)
{
	const uint8_t *at = name->b;
	uint16_t target;

	for (; *at && !w->full; at += *at + 1u) {
		target = compress ? find_target(w, at) : 0;
		if (target) {
			msg_put_u16(w, (uint16_t)(POINTER << 8 | target));
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
