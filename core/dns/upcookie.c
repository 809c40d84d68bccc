/* SPDX-License-Identifier: MIT */
#include "dns/upcookie.h"

static uint64_t fresh(struct siphash_key key, uint64_t random)
{
	return siphash(key, &random, sizeof(random)) | 1;
}

uint64_t upcookie_ours(struct upcookie *c, struct siphash_key key,
		       uint64_t random, uint64_t now)
{
	if (c->until > now)
		return 0;
	if (!c->ours)
		c->ours = fresh(key, random);
	return c->ours;
}

bool upcookie_from(struct upcookie *c, struct siphash_key key,
		   struct addr6 from)
{
	const bool known = c->from.hi || c->from.lo;

	if (addr6_equal(c->from, from))
		return false;
	c->from = from;
	if (!known)
		return false;
	/* Who does not have the key sees no connection. */
	c->ours = fresh(key, c->ours);
	c->theirs_len = 0;
	return true;
}

uint32_t upcookie_len(const struct upcookie *c, uint64_t ours)
{
	if (!ours)
		return 0;
	return 4 + COOKIE_CLIENT_LEN + (ours == c->ours ? c->theirs_len : 0);
}

void upcookie_put(struct msg_writer *w, const struct upcookie *c, uint64_t ours)
{
	const uint32_t len = upcookie_len(c, ours);
	uint8_t b[COOKIE_CLIENT_LEN];

	if (!len)
		return;
	be_put64(b, ours);
	msg_put_u16(w, MSG_COOKIE);
	msg_put_u16(w, (uint16_t)(len - 4));
	msg_put_bytes(w, b, sizeof(b));
	msg_put_bytes(w, c->theirs, len - 4 - COOKIE_CLIENT_LEN);
}

/* There is no cookie in the answer. */
static enum upcookie_verdict absent(struct upcookie *c, bool broken, bool tcp,
				    uint64_t now)
{
	if (c->theirs_len && !tcp)
		return broken ? UPCOOKIE_FOREIGN : UPCOOKIE_TCP;
	if (broken)
		return UPCOOKIE_FINE;
	/* It has none, or has none any more. The next will be another. */
	c->theirs_len = 0;
	c->ours = 0;
	c->until = now + UPCOOKIE_PAUSE;
	return UPCOOKIE_FINE;
}

enum upcookie_verdict upcookie_check(struct upcookie *c, uint64_t ours,
				     const struct answer *a, bool broken,
				     bool tcp, uint64_t now)
{
	const uint8_t *cookie = a->r.data + a->cookie;

	if (!ours)
		return UPCOOKIE_FINE;
	if (!a->cookie_len)
		return absent(c, broken, tcp, now);
	if (!cookie_legal(a->cookie_len) || be_get64(cookie) != ours)
		return UPCOOKIE_FOREIGN;
	if (ours == c->ours && a->cookie_len > COOKIE_CLIENT_LEN) {
		c->theirs_len = (uint8_t)(a->cookie_len - COOKIE_CLIENT_LEN);
		mem_copy(c->theirs, cookie + COOKIE_CLIENT_LEN, c->theirs_len);
	}
	return a->rcode == MSG_BADCOOKIE && !tcp ? UPCOOKIE_AGAIN
						 : UPCOOKIE_FINE;
}
