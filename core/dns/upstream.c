/* SPDX-License-Identifier: MIT */
#include "dns/upstream.h"

static const uint64_t patience[UPSTREAM_LISTS] = {
	UPSTREAM_PATIENCE,
	UPSTREAM_PATIENCE,
	UPSTREAM_LAST,
};

size_t upstream_memory(uint32_t ask_count)
{
	return ask_count * (sizeof(struct upstream_ask) + sizeof(uint32_t));
}

void upstream_init(struct upstream *u, void *mem, struct siphash_key key)
{
	u->asks = mem;
	u->buckets = (uint32_t *)(void *)(u->asks + u->ask_count);
	u->key = key;
	u->used = 0;
	u->fresh = 0;
	u->free = UPSTREAM_NONE;
	for (unsigned int i = 0; i < UPSTREAM_LISTS; i++)
		u->lists[i] =
			(struct upstream_queue){ UPSTREAM_NONE, UPSTREAM_NONE };
	mem_zero(u->servers, sizeof(u->servers));
}

/*
 * Finding the ask for a question. Buckets hold indexes plus one, so that
 * memory that was never touched is empty.
 */

static uint32_t *bucket(const struct upstream *u, uint32_t hash)
{
	return &u->buckets[hash & (u->ask_count - 1)];
}

static bool is_for(const struct upstream_ask *a, struct cache_key key)
{
	return a->how == key.how && a->q.type == key.q->type &&
	       a->q.class == key.q->class &&
	       msg_name_equal(&a->q.name, &key.q->name);
}

uint32_t upstream_find(const struct upstream *u, struct cache_key key)
{
	const uint32_t hash = cache_hash(u->key, key);
	uint32_t i = *bucket(u, hash) - 1;

	while (i != UPSTREAM_NONE && !is_for(&u->asks[i], key))
		i = u->asks[i].chain;
	return i;
}

static void unchain(struct upstream *u, uint32_t ask)
{
	const struct upstream_ask *a = &u->asks[ask];
	uint32_t i = *bucket(u, a->hash) - 1;

	if (i == ask) {
		*bucket(u, a->hash) = a->chain + 1;
		return;
	}
	while (u->asks[i].chain != ask)
		i = u->asks[i].chain;
	u->asks[i].chain = a->chain;
}

/*
 * Lists of deadlines.
 */

static void list_append(struct upstream *u, uint32_t ask,
			enum upstream_list which)
{
	struct upstream_queue *list = &u->lists[which];
	struct upstream_ask *a = &u->asks[ask];

	a->list = (uint8_t)which;
	a->next = UPSTREAM_NONE;
	a->prev = list->tail;
	if (list->tail == UPSTREAM_NONE)
		list->head = ask;
	else
		u->asks[list->tail].next = ask;
	list->tail = ask;
}

static void list_remove(struct upstream *u, uint32_t ask)
{
	struct upstream_ask *a = &u->asks[ask];
	struct upstream_queue *list;

	if (a->list == UPSTREAM_UNTIMED)
		return;
	list = &u->lists[a->list];
	if (a->prev == UPSTREAM_NONE)
		list->head = a->next;
	else
		u->asks[a->prev].next = a->next;
	if (a->next == UPSTREAM_NONE)
		list->tail = a->prev;
	else
		u->asks[a->next].prev = a->prev;
	a->list = UPSTREAM_UNTIMED;
}

static void wait(struct upstream *u, uint32_t ask, enum upstream_list which,
		 uint64_t now)
{
	list_remove(u, ask);
	u->asks[ask].deadline = now + patience[which];
	list_append(u, ask, which);
}

/*
 * Servers.
 */

/* Is server @a to be asked before @b? One that was never asked is, so that
 * it gets known; else the one that comes first in the configuration is,
 * unless the other takes less than half as long. */
static bool is_better(const struct upstream *u, uint32_t a, uint32_t b,
		      uint64_t now)
{
	const struct upstream_server *sa = &u->servers[a];
	const struct upstream_server *sb = &u->servers[b];
	const bool down_a = sa->down_until > now;
	const bool down_b = sb->down_until > now;

	if (down_a != down_b)
		return down_b;
	return sb->rtt && sa->rtt < sb->rtt / 2;
}

/* The servers that were not picked get a little better each time, so that
 * one which was slow once is tried again some day. */
static void let_recover(struct upstream *u, uint32_t picked)
{
	for (uint32_t i = 0; i < u->server_count; i++)
		if (i != picked)
			u->servers[i].rtt -= u->servers[i].rtt / 64;
}

/* Of a server that failed last nobody else is to wait for an answer before
 * it has given one. */
static void try_out(struct upstream_server *s, uint64_t now)
{
	if ((s->fails || s->downs) && s->down_until < now + UPSTREAM_PATIENCE)
		s->down_until = now + UPSTREAM_PATIENCE;
}

bool upstream_all_down(const struct upstream *u, uint64_t now)
{
	for (uint32_t i = 0; i < u->server_count; i++)
		if (u->servers[i].down_until <= now)
			return false;
	return true;
}

static bool pick_server(struct upstream *u, uint32_t ask, uint64_t now)
{
	struct upstream_ask *a = &u->asks[ask];
	uint32_t best = UPSTREAM_NONE;

	for (uint32_t i = 0; i < u->server_count; i++) {
		if (a->tried >> i & 1)
			continue;
		if (best == UPSTREAM_NONE || is_better(u, i, best, now))
			best = i;
	}
	if (best == UPSTREAM_NONE)
		return false;
	let_recover(u, best);
	try_out(&u->servers[best], now);
	a->server = (uint8_t)best;
	a->tried |= (uint8_t)(1u << best);
	a->tcp = false;
	a->bad_cookie = false;
	a->plain = u->servers[best].plain_until > now;
	return true;
}

bool upstream_next_server(struct upstream *u, uint32_t ask, uint64_t now)
{
	return pick_server(u, ask, now);
}

static void server_failed(struct upstream *u, uint32_t index, uint64_t now)
{
	struct upstream_server *s = &u->servers[index];
	uint64_t down = UPSTREAM_DOWN_MIN << s->downs;

	if (++s->fails < UPSTREAM_DOWN_FAILS)
		return;
	s->fails = 0;
	if (down < UPSTREAM_DOWN_MAX)
		s->downs++;
	s->down_until = now + down;
}

static void server_answered(struct upstream *u, const struct upstream_ask *a,
			    uint64_t now)
{
	struct upstream_server *s = &u->servers[a->server];
	const uint64_t took = now - a->asked_at;

	s->fails = 0;
	s->downs = 0;
	s->down_until = 0;
	/* Which of two questions was answered nobody can tell (Karn). */
	if (!a->resent)
		s->rtt = s->rtt ? s->rtt - s->rtt / 8 + took / 8 : took + 1;
}

/*
 * The life of an ask.
 */

uint32_t upstream_take(struct upstream *u, struct cache_key key, uint64_t now)
{
	const uint32_t hash = cache_hash(u->key, key);
	uint32_t ask = u->free;
	struct upstream_ask *a;

	if (ask != UPSTREAM_NONE)
		u->free = u->asks[ask].next;
	else if (u->fresh < u->ask_count)
		ask = u->fresh++;
	else
		return UPSTREAM_NONE;
	u->used++;
	a = &u->asks[ask];
	*a = (struct upstream_ask){
		.q = *key.q,
		.how = key.how,
		.hash = hash,
		.first = UPSTREAM_NONE,
		.list = UPSTREAM_UNTIMED,
		.chain = *bucket(u, hash) - 1,
	};
	*bucket(u, hash) = ask + 1;
	pick_server(u, ask, now); /* there is at least one */
	return ask;
}

void upstream_close(struct upstream *u, uint32_t ask)
{
	list_remove(u, ask);
	unchain(u, ask);
}

void upstream_release(struct upstream *u, uint32_t ask)
{
	u->asks[ask].next = u->free;
	u->free = ask;
	u->used--;
}

void upstream_start(struct upstream *u, uint32_t ask, uint64_t now,
		    uint64_t random)
{
	struct upstream_ask *a = &u->asks[ask];
	const uint32_t all = (1u << u->server_count) - 1;

	a->id = (uint16_t)random;
	a->cookie = a->plain ? 0
			     : upcookie_ours(&u->servers[a->server].cookie,
					     u->key, random, now);
	a->asked_at = now;
	a->foreign = 0;
	a->resent = false;
	wait(u, ask, a->tried == all ? UPSTREAM_AGAIN : UPSTREAM_NEXT, now);
	u->count[COUNT_UPSTREAM]++;
	u->count[COUNT_UPSTREAM_TCP] += a->tcp;
}

void upstream_source(struct upstream *u, uint32_t ask, struct addr6 from)
{
	struct upstream_ask *a = &u->asks[ask];
	struct upcookie *c = &u->servers[a->server].cookie;

	if (upcookie_from(c, u->key, from) && a->cookie)
		a->cookie = c->ours;
}

static enum upstream_got foreign(struct upstream *u, struct upstream_ask *a)
{
	u->count[COUNT_UPSTREAM_FOREIGN]++;
	if (a->tcp || ++a->foreign < UPSTREAM_FORGERIES)
		return UPSTREAM_FOREIGN;
	u->count[COUNT_UPSTREAM_FORGED]++;
	a->tcp = true;
	return UPSTREAM_OTHERWISE;
}

enum upstream_got upstream_got(struct upstream *u, uint32_t ask, uint64_t now,
			       const void *data, size_t len, struct answer *out)
{
	struct upstream_ask *a = &u->asks[ask];
	const enum answer_kind kind = answer_read(out, data, len, a->id, &a->q);

	if (kind == ANSWER_FOREIGN)
		return foreign(u, a);
	switch (upcookie_check(&u->servers[a->server].cookie, a->cookie, out,
			       kind == ANSWER_BROKEN, a->tcp, now)) {
	case UPCOOKIE_FOREIGN:
		return foreign(u, a);
	case UPCOOKIE_AGAIN:
		a->tcp = a->bad_cookie;
		a->bad_cookie = true;
		return UPSTREAM_OTHERWISE;
	case UPCOOKIE_TCP:
		a->tcp = true;
		return UPSTREAM_OTHERWISE;
	case UPCOOKIE_FINE:
		break;
	}
	server_answered(u, a, now);
	if (kind == ANSWER_IS && out->truncated && !a->tcp) {
		a->tcp = true;
		return UPSTREAM_OTHERWISE;
	}
	if (kind == ANSWER_BROKEN || out->truncated) {
		u->count[COUNT_UPSTREAM_BROKEN]++;
		return UPSTREAM_BROKEN;
	}
	if (out->rcode == MSG_FORMERR && !out->edns && !a->plain) {
		a->plain = true;
		return UPSTREAM_OTHERWISE;
	}
	if (a->plain && !out->edns && u->servers[a->server].plain_until <= now)
		u->servers[a->server].plain_until = now + UPSTREAM_PLAIN_TIME;
	if (!answer_is_data(out))
		u->count[COUNT_UPSTREAM_ERROR]++;
	return UPSTREAM_ANSWER;
}

/* Of the heads of the lists the one that is due first. */
static uint32_t first_due(const struct upstream *u)
{
	uint32_t best = UPSTREAM_NONE;

	for (unsigned int i = 0; i < UPSTREAM_LISTS; i++) {
		const uint32_t head = u->lists[i].head;

		if (head != UPSTREAM_NONE &&
		    (best == UPSTREAM_NONE ||
		     u->asks[head].deadline < u->asks[best].deadline))
			best = head;
	}
	return best;
}

uint64_t upstream_deadline(const struct upstream *u)
{
	const uint32_t ask = first_due(u);

	return ask == UPSTREAM_NONE ? UINT64_MAX : u->asks[ask].deadline;
}

void upstream_failed(struct upstream *u, uint32_t ask, uint64_t now)
{
	u->count[COUNT_UPSTREAM_FAILED]++;
	server_failed(u, u->asks[ask].server, now);
}

enum upstream_due upstream_expire(struct upstream *u, uint64_t now,
				  uint32_t *ask)
{
	struct upstream_ask *a;

	*ask = first_due(u);
	if (*ask == UPSTREAM_NONE || u->asks[*ask].deadline > now)
		return UPSTREAM_NOTHING;
	a = &u->asks[*ask];
	if (a->list != UPSTREAM_AGAIN) {
		u->count[COUNT_UPSTREAM_TIMEOUT]++;
		server_failed(u, a->server, now);
		list_remove(u, *ask);
		return UPSTREAM_SILENT;
	}
	wait(u, *ask, UPSTREAM_END, now);
	if (a->tcp) /* which sends again by itself */
		return upstream_expire(u, now, ask);
	a->resent = true;
	u->count[COUNT_UPSTREAM_AGAIN]++;
	return UPSTREAM_RESEND;
}

uint32_t upstream_question(const struct upstream *u, uint32_t ask, void *buf)
{
	const struct upstream_ask *a = &u->asks[ask];
	const struct upcookie *c = &u->servers[a->server].cookie;
	uint16_t flags = 0;
	struct msg_writer w;

	if (a->how & CACHE_RD)
		flags |= MSG_RD;
	if (a->how & CACHE_CD)
		flags |= MSG_CD;
	msg_write(&w, buf, UPSTREAM_QUESTION_MAX, a->id, flags);
	msg_put_question(&w, &a->q);
	if (!a->plain) {
		msg_put_bytes(&w, "", 1);
		msg_put_u16(&w, MSG_OPT);
		msg_put_u16(&w, REQUEST_UDP_SIZE);
		msg_put_u32(&w, a->how & CACHE_DO ? MSG_DO : 0);
		msg_put_u16(&w, (uint16_t)upcookie_len(c, a->cookie));
		upcookie_put(&w, c, a->cookie);
		msg_count(&w, MSG_ADDITIONAL);
	}
	return w.len;
}
