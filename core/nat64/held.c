/* SPDX-License-Identifier: MIT */
#include "nat64/held.h"

#include "siit/error.h"

/* Slots are numbered from 1 in the table: 0 is no record there. */
static struct held *slot(const struct nat64 *n, uint32_t at)
{
	return &n->held[at % HELD_MAX];
}

/* What is held is the packet; its flow is read from it again. */
static bool read_flow(const struct held *h, struct flow4 *f)
{
	struct pkt_view v;

	if (pkt_parse_quote(h->packet, h->len, &v))
		return false;
	*f = (struct flow4){ v.h4.dst, v.h4.src, v.dport, v.sport, BIB_TCP };
	return true;
}

static bool same(const struct flow4 *a, const struct flow4 *b)
{
	return a->pool == b->pool && a->remote == b->remote &&
	       a->pool_port == b->pool_port && a->remote_port == b->remote_port;
}

static uint64_t hash(const struct nat64 *n, const struct flow4 *f)
{
	const uint64_t words[] = {
		(uint64_t)f->pool << 32 | f->remote,
		(uint64_t)f->pool_port << 16 | f->remote_port,
	};

	return hash_words(n->cfg.key, words, 2, HASH_HELD);
}

static uint32_t find(const struct nat64 *n, const struct flow4 *f)
{
	struct table_probe p = table_probe(&n->held_by4, hash(n, f));
	struct flow4 found;
	uint32_t i;

	while ((i = table_next(&p)))
		if (read_flow(slot(n, i - 1), &found) && same(&found, f))
			return i;
	return 0;
}

static void remove(struct nat64 *n, const struct flow4 *f, uint32_t i)
{
	table_remove(&n->held_by4, hash(n, f), i);
	slot(n, i - 1)->len = 0;
}

bool held_add(struct nat64 *n, const struct pkt *p, const struct flow4 *f)
{
	const uint32_t at = n->held_end % HELD_MAX;
	struct held *h = slot(n, at);

	if (find(n, f))
		return true;
	if (n->held_end - n->held_first == HELD_MAX ||
	    !table_insert(&n->held_by4, hash(n, f), at + 1))
		return false;
	h->since = n->now;
	h->len = (uint16_t)(p->len < HELD_BYTES ? p->len : HELD_BYTES);
	h->partial = p->partial && h->len == p->len;
	mem_copy(h->packet, p->data, h->len);
	n->held_end++;
	return true;
}

bool held_forget(struct nat64 *n, const struct flow4 *f)
{
	const uint32_t i = n->held_first == n->held_end ? 0 : find(n, f);

	if (i)
		remove(n, f, i);
	return i != 0;
}

static bool answer(const struct nat64 *n, const struct held *h, struct pkt *out)
{
	struct pkt_view v;

	if (pkt_parse_quote(h->packet, h->len, &v))
		return false;
	mem_copy(out->data, h->packet, h->len);
	out->len = h->len;
	out->tailroom -= h->len;
	out->gso = PKT_GSO_NONE;
	out->partial = h->partial;
	return error_reply4(&n->cfg.tr, out, &v, WHY_SYN_HELD, 3, 3, 0)
		       .verdict == XLAT_REPLY;
}

bool held_expire(struct nat64 *n, struct pkt *out, bool *built)
{
	const struct held *h = slot(n, n->held_first);
	struct flow4 f;

	if (n->held_first == n->held_end)
		return false;
	if (h->len && n->now - h->since <= n->cfg.timeout[NAT64_TCP_SYN])
		return false;
	if (h->len) {
		*built = answer(n, h, out);
		if (read_flow(h, &f))
			remove(n, &f, n->held_first % HELD_MAX + 1);
	}
	n->held_first++;
	return true;
}

uint64_t held_next_expiry(const struct nat64 *n)
{
	if (n->held_first == n->held_end)
		return UINT64_MAX;
	return slot(n, n->held_first)->since +
	       (uint64_t)n->cfg.timeout[NAT64_TCP_SYN] + 1;
}

uint32_t held_count(const struct nat64 *n)
{
	return n->held_end - n->held_first;
}

bool held_view(const struct nat64 *n, uint32_t *at,
	       struct nat64_session_view *out)
{
	struct flow4 f;

	for (; *at < held_count(n); ++*at) {
		const struct held *h = slot(n, n->held_first + *at);

		if (!h->len || !read_flow(h, &f))
			continue;
		*out = (struct nat64_session_view){
			.pool = f.pool,
			.remote = f.remote,
			.pool_port = f.pool_port,
			.remote_port = f.remote_port,
			.proto = IP_TCP,
			.state = "V4_INIT",
			.expires = (h->since + 1ull +
				    n->cfg.timeout[NAT64_TCP_SYN]) *
				   1000000000,
		};
		++*at;
		return true;
	}
	return false;
}
