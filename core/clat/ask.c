/* SPDX-License-Identifier: MIT */
#include "clat/ask.h"

#include "clat/prefix.h"

#define SECOND       1000000000ull
#define TRIES        3u
#define STRAYS_MAX   100u
#define REFRESH      (10 * SECOND)  /* before the TTL ends */
#define DOUBT        (10 * SECOND)  /* after a denial of what is in use */
#define STALE        (600 * SECOND) /* use beyond the TTL */
#define BACKOFF      (10 * SECOND)  /* after the first round in vain */
#define BACKOFF_LAST (300 * SECOND)

static void rest(struct ask *a, uint64_t until)
{
	a->state = ASK_REST;
	a->at = until;
	a->server = 0;
	a->tries = 0;
	a->tcp = false;
}

static void idle(struct ask *a)
{
	a->state = ASK_IDLE;
	a->at = a->found.count ? a->until : UINT64_MAX;
}

void ask_start(struct ask *a, uint32_t server_count, uint64_t at)
{
	a->server_count = server_count;
	a->rounds = 0;
	rest(a, at);
	if (server_count == 0)
		idle(a);
}

void ask_stop(struct ask *a)
{
	*a = (struct ask){ .at = UINT64_MAX };
}

/* Between 0.9 and 1.1 of @ns, by what the last question bore. */
static uint64_t spread(const struct ask *a, uint64_t ns)
{
	return ns / 10 * 9 + ns / 5 / 1000 * (a->sent.id % 1000u);
}

static void end_round(struct ask *a, uint64_t now)
{
	uint64_t wait = BACKOFF;

	for (uint32_t i = 0; i < a->rounds && wait < BACKOFF_LAST; i++)
		wait *= 2;
	a->rounds++;
	wait = spread(a, wait < BACKOFF_LAST ? wait : BACKOFF_LAST);
	if (a->found.count && a->until < now + wait)
		wait = a->until - now;
	rest(a, now + wait);
}

static void forget(struct ask *a)
{
	a->found.count = 0;
	a->denied = 0;
}

static void next_server(struct ask *a, uint64_t now)
{
	a->tries = 0;
	a->tcp = false;
	if (++a->server >= a->server_count) {
		if (a->denied > 1)
			forget(a);
		end_round(a, now);
		return;
	}
	a->state = ASK_WAIT;
	a->at = now;
}

static bool send(struct ask *a, uint64_t now, uint64_t random)
{
	a->sent.id = (uint16_t)random;
	/* The last try is for a server that changes the letters' case. */
	a->sent.upper = a->tries + 1 < TRIES ? (uint16_t)(random >> 16) : 0;
	a->strays = 0;
	a->state = ASK_WAIT;
	a->at = now + (SECOND << a->tries++);
	return true;
}

static void expire(struct ask *a, uint64_t now)
{
	if (a->found.count && now >= a->until)
		forget(a);
}

bool ask_due(struct ask *a, uint64_t now, uint64_t random)
{
	expire(a, now);
	if (a->state == ASK_IDLE) {
		idle(a);
		return false;
	}
	if (a->tries == TRIES)
		next_server(a, now);
	if (a->state == ASK_REST && a->at > now)
		return false;
	return send(a, now, random);
}

void ask_failed(struct ask *a, uint64_t now)
{
	if (a->state == ASK_WAIT)
		next_server(a, now);
}

static void found(struct ask *a, const struct v4only *v, uint64_t now)
{
	a->found = *v;
	a->denied = 0;
	a->rounds = 0;
	a->until = now + v->ttl * SECOND + STALE;
	rest(a, now + v->ttl * SECOND - REFRESH);
}

/* One server of several may be broken: a denial is believed the second time,
 * where there is something to lose. */
static void denied(struct ask *a, const struct v4only *v, uint64_t now)
{
	a->rounds = 0;
	if (a->found.count && a->denied++ == 0) {
		rest(a, now + DOUBT);
		return;
	}
	if (a->found.count && a->server + 1 < a->server_count) {
		next_server(a, now);
		return;
	}
	forget(a);
	rest(a, now + v->ttl * SECOND);
}

/* Over TCP nothing is cut. */
static void again_over_tcp(struct ask *a, uint64_t now)
{
	if (a->tcp) {
		next_server(a, now);
		return;
	}
	a->tcp = true;
	a->tries = 0;
	a->at = now;
}

void ask_answered(struct ask *a, const void *msg, size_t len, uint64_t now)
{
	const struct v4only v = v4only_answer(a->sent, msg, len);

	if (a->state != ASK_WAIT)
		return;
	switch (v.what) {
	case V4ONLY_IGNORE:
		if (++a->strays > STRAYS_MAX)
			next_server(a, now);
		break;
	case V4ONLY_FOUND:
		found(a, &v, now);
		break;
	case V4ONLY_NONE:
		denied(a, &v, now);
		break;
	case V4ONLY_FAILED:
		next_server(a, now);
		break;
	case V4ONLY_CUT:
		again_over_tcp(a, now);
		break;
	}
}

struct pref64 ask_choose(const struct ask *a, struct pref64 used)
{
	for (uint32_t i = 0; i < a->found.count; i++)
		if (prefix_equal(a->found.prefixes[i], used))
			return used;
	return a->found.count ? a->found.prefixes[0]
			      : (struct pref64){ .len = 0 };
}
