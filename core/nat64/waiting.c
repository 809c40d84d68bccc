/* SPDX-License-Identifier: MIT */
#include "nat64/waiting.h"

static struct waiting *slot(const struct nat64 *n, uint32_t index)
{
	return slab_at(&n->waiting, index);
}

bool waiting_put(struct nat64 *n, uint32_t datagram, const struct pkt *p)
{
	struct datagram *d = datagram_at(n, datagram);
	struct waiting *w;
	uint32_t i = 0;

	if (p->len <= WAITING_BYTES &&
	    n->shares[d->share].waiting < WAITING_SHARE)
		i = slab_take(&n->waiting);
	if (!i)
		return false;
	w = slot(n, i);
	w->len = p->len;
	mem_copy(w->packet, p->data, p->len);
	if (d->waiting_last)
		slot(n, d->waiting_last)->next = i;
	else
		d->waiting_first = i;
	d->waiting_last = i;
	n->shares[d->share].waiting++;
	return true;
}

static void take(struct nat64 *n, struct datagram *d)
{
	const uint32_t i = d->waiting_first;

	d->waiting_first = slot(n, i)->next;
	if (!d->waiting_first)
		d->waiting_last = 0;
	n->shares[d->share].waiting--;
	slab_give(&n->waiting, i);
}

bool waiting_get(struct nat64 *n, uint32_t datagram, struct pkt *out)
{
	struct datagram *d = datagram_at(n, datagram);
	const struct waiting *w = slot(n, d->waiting_first);

	if (!d->waiting_first)
		return false;
	mem_copy(out->data, w->packet, w->len);
	out->len = w->len;
	out->tailroom -= w->len;
	out->gso = PKT_GSO_NONE;
	out->partial = false;
	out->cut = 0;
	take(n, d);
	return true;
}

void waiting_drop(struct nat64 *n, uint32_t datagram)
{
	struct datagram *d = datagram_at(n, datagram);

	while (d->waiting_first)
		take(n, d);
}
