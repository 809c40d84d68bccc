/* SPDX-License-Identifier: MIT */
#include "nat64/datagram.h"

static struct datagram_key key_of(const struct nat64 *n,
				  const struct pkt_view *v)
{
	if (v->version == 4)
		return (struct datagram_key){ .src = { 0, v->h4.src },
					      .dst = v->h4.dst,
					      .id = v->h4.id,
					      .proto = v->proto };
	return (struct datagram_key){
		.src = v->h6.src,
		.dst = pref64_extract(n->cfg.pool6, v->h6.dst),
		.id = v->h6.id,
		.proto = v->proto,
	};
}

static bool same(const struct datagram_key *a, const struct datagram_key *b)
{
	return addr6_equal(a->src, b->src) && a->dst == b->dst &&
	       a->id == b->id && a->proto == b->proto;
}

static uint64_t hash(const struct nat64 *n, const struct datagram_key *k)
{
	const uint64_t words[] = { k->src.hi, k->src.lo,
				   (uint64_t)k->dst << 32 | k->id, k->proto };

	return hash_words(n->cfg.key, words, 4, HASH_DATAGRAM);
}

/* Senders share the counters of how much they have; which of them share one,
 * nobody knows who does not know the key. */
static uint8_t share_of(const struct nat64 *n, const struct datagram_key *k)
{
	const uint64_t words[] = { k->src.hi, k->src.hi ? 0 : k->src.lo };

	return (uint8_t)hash_words(n->cfg.key, words, 2, HASH_SENDER);
}

uint32_t datagram_find(const struct nat64 *n, const struct pkt_view *v)
{
	const struct datagram_key key = key_of(n, v);
	struct table_probe p = table_probe(&n->datagrams_by, hash(n, &key));
	uint32_t i;

	while ((i = table_next(&p)))
		if (same(&datagram_at(n, i)->key, &key))
			return i;
	return 0;
}

static void append(struct nat64 *n, uint32_t index)
{
	struct datagram *d = datagram_at(n, index);

	d->prev = n->datagrams_old.tail;
	if (d->prev)
		datagram_at(n, d->prev)->next = index;
	else
		n->datagrams_old.head = index;
	n->datagrams_old.tail = index;
}

uint32_t datagram_open(struct nat64 *n, const struct pkt_view *v)
{
	const struct datagram_key key = key_of(n, v);
	const uint8_t share = share_of(n, &key);
	struct datagram *d;
	uint32_t i;

	if (n->shares[share].datagrams == DATAGRAM_SHARE)
		return 0;
	i = slab_take(&n->datagrams);
	if (!i)
		return 0;
	if (!table_insert(&n->datagrams_by, hash(n, &key), i)) {
		slab_give(&n->datagrams, i);
		return 0;
	}
	d = datagram_at(n, i);
	d->key = key;
	d->share = share;
	d->since = n->now;
	n->shares[share].datagrams++;
	append(n, i);
	return i;
}

void datagram_close(struct nat64 *n, uint32_t index)
{
	const struct datagram *d = datagram_at(n, index);

	if (d->prev)
		datagram_at(n, d->prev)->next = d->next;
	else
		n->datagrams_old.head = d->next;
	if (d->next)
		datagram_at(n, d->next)->prev = d->prev;
	else
		n->datagrams_old.tail = d->prev;
	n->shares[d->share].datagrams--;
	table_remove(&n->datagrams_by, hash(n, &d->key), index);
	slab_give(&n->datagrams, index);
}
