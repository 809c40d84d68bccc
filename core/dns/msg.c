/* SPDX-License-Identifier: MIT */
#include "dns/msg.h"

#define LABEL_MAX 63u

/* A name has at most 127 labels, so more pointers in a row carry nothing;
 * the limit keeps a message of pointers from costing the square of its size. */
#define HOPS_MAX  128u

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
	target = be_get16(r->data + *at) & MSG_POINTER_MAX;
	if (target < MSG_HDR_LEN || target >= *lowest)
		return false;
	*at = *lowest = target;
	return true;
}

/* Copy @n bytes from @at on to @b + @to. A call for each label would take
 * longer than the copying. */
static void copy_label(const struct msg_reader *r, uint32_t at, uint8_t *b,
		       uint32_t to, uint32_t n)
{
	const uint32_t more = (n + 7) & ~7u;

	if (at + more > r->len || to + more > MSG_NAME_MAX) {
		mem_copy(b + to, r->data + at, n);
		return;
	}
	for (uint32_t i = 0; i < more; i += 8)
		mem_copy(b + to + i, r->data + at + i, 8);
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
		if ((label & MSG_POINTER) == MSG_POINTER) {
			if (hops == 0)
				*pos = at + 2;
			if (++hops > HOPS_MAX || !follow(r, &at, &lowest))
				return false;
			continue;
		}
		if (label > LABEL_MAX || n + label + 1 > MSG_NAME_MAX ||
		    at + label + 1 > r->len)
			return false;
		copy_label(r, at, name->b, n, label + 1);
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

/* Go behind the name at @*pos; it may be malformed beyond a pointer. */
static bool skip_name(const struct msg_reader *r, uint32_t *pos)
{
	uint32_t at = *pos;

	while (at < r->len && r->data[at] && r->data[at] < MSG_POINTER)
		at += r->data[at] + 1u;
	if (at >= r->len)
		return false;
	*pos = at + (r->data[at] ? 2 : 1);
	return true;
}

enum msg_got msg_skim_rr(struct msg_reader *r, struct msg_rr *rr)
{
	const uint8_t *fixed;

	rr->section = next_section(r);
	if (rr->section == MSG_QUESTION)
		return MSG_END;
	rr->at = r->pos;
	if (!skip_name(r, &r->pos) || r->pos + 10 > r->len)
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

bool msg_read_owner(const struct msg_reader *r, struct msg_rr *rr)
{
	uint32_t at = rr->at;

	return msg_read_name(r, &at, &rr->owner);
}

enum msg_got msg_read_rr(struct msg_reader *r, struct msg_rr *rr)
{
	const enum msg_got got = msg_skim_rr(r, rr);

	return got != MSG_RR || msg_read_owner(r, rr) ? got : MSG_BAD;
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
