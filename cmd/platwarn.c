/* SPDX-License-Identifier: MIT */
#include "platwarn.h"

#include <arpa/inet.h>

#include "log.h"

#define PAUSE 10000000000ull /* ns between two lines about one reason */

static bool is_want(enum xlat_why why)
{
	switch (why) {
	case WHY_TABLE_FULL:
	case WHY_POOL_EXHAUSTED:
	case WHY_POOL_ADDRESSES:
	case WHY_MANY_SUBSCRIBERS:
	case WHY_SUBSCRIBER_LIMIT:
	case WHY_SUBSCRIBER_BINDINGS:
	case WHY_SUBSCRIBER_RATE:
	case WHY_SUBSCRIBER_PORTS:
	case WHY_BINDING_LIMIT:
		return true;
	default:
		return false;
	}
}

void platwarn_see(struct platwarn *w, const struct nat64 *n, enum xlat_why why,
		  uint64_t now)
{
	const struct net6 who = nat64_refused(n);
	char text[INET6_ADDRSTRLEN];
	uint8_t wire[16];

	if (!is_want(why))
		return;
	if (now < w->next[why]) {
		w->missed[why]++;
		return;
	}
	addr6_store(wire, who.addr);
	log_warn("subscriber %s/%u is refused, %s: %s; %llu others since the "
		 "last line",
		 inet_ntop(AF_INET6, wire, text, sizeof(text)), who.len,
		 xlat_why_name(why), xlat_why_text(why),
		 (unsigned long long)w->missed[why]);
	w->next[why] = now + PAUSE;
	w->missed[why] = 0;
}
