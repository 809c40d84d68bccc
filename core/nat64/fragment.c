/* SPDX-License-Identifier: MIT */
#include "nat64/fragment.h"

#include "nat64/owner.h"
#include "nat64/path.h"
#include "nat64/waiting.h"

/* Only what would be translated is worth remembering. */
static bool is_ours(const struct nat64 *n, const struct pkt_view *v)
{
	if (v->proto != IP_TCP && v->proto != IP_UDP)
		return false;
	if (v->version == 4)
		return pool_find(&n->pool, v->h4.dst) != POOL_NONE;
	return pref64_contains(n->cfg.pool6, v->h6.dst) &&
	       !pref64_contains(n->cfg.pool6, v->h6.src);
}

static void forget(struct nat64 *n, uint32_t index)
{
	waiting_drop(n, index);
	datagram_close(n, index);
}

/* Those that wait for this datagram can go. */
static void ready(struct nat64 *n, uint32_t index)
{
	struct fifo *f = &n->datagrams_ready;

	if (f->tail)
		datagram_at(n, f->tail)->next_ready = index;
	else
		f->head = index;
	f->tail = index;
}

static enum xlat_why hold(struct nat64 *n, uint32_t index, const struct pkt *p)
{
	if (waiting_put(n, index, p))
		return WHY_FRAGMENT_HELD;
	forget(n, index);
	return WHY_FRAGMENT;
}

/* What only the first one told, and what became of it. */
static void tell(const struct datagram *d, struct pkt_view *v)
{
	v->sport = d->sport;
	v->dport = d->dport;
	if (v->version == 6)
		v->h6.id = d->ident;
}

/* The datagram is known: enter this part of it. */
static enum xlat_why add(struct nat64 *n, uint32_t index,
			 const struct pkt_view *v)
{
	struct datagram *d = datagram_at(n, index);

	if (d->dead)
		return WHY_FRAGMENT;
	switch (parts_add(&d->parts, v)) {
	case PART_NEW:
		break;
	case PART_OVERLAP: /* RFC 5722: all of it, what comes too */
		waiting_drop(n, index);
		d->dead = true;
		return WHY_FRAGMENT;
	default:
		return WHY_FRAGMENT;
	}
	if (v->first) {
		d->sport = v->sport;
		d->dport = v->dport;
	}
	return WHY_NONE;
}

enum xlat_why fragment_arrives(struct nat64 *n, const struct pkt *p,
			       struct pkt_view *v)
{
	enum xlat_why why;
	struct datagram *d;
	uint32_t i;

	if (!is_ours(n, v))
		return WHY_NONE;
	i = datagram_find(n, v);
	if (!i && v->first)
		return WHY_NONE; /* fragment_passed() will remember it */
	if (!i)
		i = datagram_open(n, v);
	if (!i)
		return WHY_FRAGMENT;
	why = add(n, i, v);
	if (why)
		return why;
	d = datagram_at(n, i);
	if (v->first)
		return WHY_NONE;
	if (!d->known)
		return hold(n, i, p);
	tell(d, v);
	if (!d->waiting_first && parts_are_all(&d->parts))
		datagram_close(n, i);
	return WHY_NONE;
}

void fragment_passed(struct nat64 *n, const struct pkt_view *v, bool forwarded,
		     uint32_t ident)
{
	struct datagram *d;
	uint32_t i;

	if (!is_ours(n, v))
		return;
	i = datagram_find(n, v);
	if (!forwarded) {
		if (i)
			forget(n, i);
		return;
	}
	if (!i) {
		i = datagram_open(n, v);
		if (!i || add(n, i, v))
			return;
	}
	d = datagram_at(n, i);
	d->known = true;
	d->ident = (uint16_t)ident;
	if (d->waiting_first)
		ready(n, i);
	else if (parts_are_all(&d->parts))
		datagram_close(n, i);
}

/* One that waited goes its way at last. */
static bool send(struct nat64 *n, const struct datagram *d, struct pkt *out)
{
	struct xlat_result r;
	struct pkt_view v;

	if (pkt_parse(out, &v))
		return false;
	tell(d, &v);
	if (owner_is_shared(n) && owner_hands(n, out, &v, NAT64_HAND_PORTS))
		return true;
	r = path_whole(n, out, &v);
	return r.verdict != XLAT_DROP;
}

bool fragment_release(struct nat64 *n, struct pkt *out, bool *built)
{
	const uint32_t i = n->datagrams_ready.head;
	struct datagram *d = datagram_at(n, i);

	if (!i)
		return false;
	if (waiting_get(n, i, out))
		*built = send(n, d, out);
	if (d->waiting_first)
		return true;
	n->datagrams_ready.head = d->next_ready;
	if (!d->next_ready)
		n->datagrams_ready.tail = 0;
	d->next_ready = 0;
	if (!d->dead && parts_are_all(&d->parts))
		datagram_close(n, i);
	return true;
}

static uint64_t end_of(const struct nat64 *n, uint32_t index)
{
	return datagram_at(n, index)->since +
	       (uint64_t)n->cfg.timeout[NAT64_FRAGMENT] + 1;
}

bool fragment_expire(struct nat64 *n)
{
	const uint32_t i = n->datagrams_old.head;

	if (!i || end_of(n, i) > n->now)
		return false;
	forget(n, i);
	return true;
}

uint64_t fragment_next_expiry(const struct nat64 *n)
{
	if (n->datagrams_ready.head)
		return 0;
	return n->datagrams_old.head ? end_of(n, n->datagrams_old.head)
				     : UINT64_MAX;
}
