/* SPDX-License-Identifier: MIT */
#include "clat/iid.h"

/* Keeps this use of the key apart from any other. */
#define LABEL     "xlat-clat"
#define LABEL_LEN 9u

uint64_t iid_stable(const struct iid_seed *s, struct addr6 net,
		    uint32_t counter)
{
	uint8_t msg[LABEL_LEN + 8 + 1 + IID_IFNAME_MAX + 1 + 4] = LABEL;
	size_t at = LABEL_LEN + 8 + 1;
	uint8_t n = 0;

	be_put64(msg + LABEL_LEN, net.hi);
	for (; n < IID_IFNAME_MAX && s->ifname[n]; n++)
		msg[at++] = (uint8_t)s->ifname[n];
	msg[LABEL_LEN + 8] = n;
	msg[at++] = 0; /* RFC 7217's Network_ID is not used */
	be_put32(msg + at, counter);
	return siphash(s->key, msg, at + 4);
}

bool iid_reserved(uint64_t iid)
{
	return iid == 0 || iid >> 24 == 0x02005efffe ||
	       (iid >= 0xfdffffffffffff80 && iid <= 0xfdffffffffffffff);
}

struct addr6 iid_neutral(const struct iid_seed *s, struct addr6 a)
{
	if (s->pref64.len != 96 && s->pref64.len != 32)
		return a;
	a.lo &= 0xffff0000ffffffff;
	a.lo |= (uint64_t)csum_delta(addr6_sum(a) + addr6_sum(s->pref64.prefix),
				     addr4_sum(s->addr4))
		<< 32;
	return a;
}

/* Only of a /96 can other identifiers of the same /64 be outside. */
static bool is_inside(struct pref64 p, struct addr6 a)
{
	return p.len == 96 && pref64_contains(p, a);
}

struct addr6 iid_address(const struct iid_seed *s, struct addr6 net,
			 uint32_t *counter)
{
	struct addr6 a;

	for (;; ++*counter) {
		a = (struct addr6){ net.hi, iid_stable(s, net, *counter) };
		a = iid_neutral(s, a);
		if (!iid_reserved(a.lo) && !is_inside(s->pref64, a))
			return a;
	}
}
