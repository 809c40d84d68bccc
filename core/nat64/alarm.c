/* SPDX-License-Identifier: MIT */
#include "nat64/alarm.h"

#include "nat64/binding.h"
#include "nat64/tell.h"

_Static_assert(EVENT_SUBSCRIBER_HIGH - EVENT_POOL_HIGH == NAT64_SUBSCRIBER_HIGH,
	       "one order");

static void judge(struct nat64 *n, enum nat64_alarm alarm, unsigned int table,
		  bool reached)
{
	const uint32_t bit = ALARM_BIT(alarm, table);
	const struct nat64_event e = {
		.kind = (uint8_t)(EVENT_POOL_HIGH + alarm),
		.proto = alarm == NAT64_BINDINGS_HIGH || table == POOL_BLOCKS
				 ? 0
				 : bib_proto((uint8_t)table),
		.limit = n->cfg.alarm[alarm],
	};

	if (!reached)
		n->alarms &= ~bit;
	else if (!(n->alarms & bit) && e.limit && tell_event(n, e))
		n->alarms |= bit;
}

XL_APART void alarm_pool(struct nat64 *n, enum bib bib)
{
	const unsigned int table = n->cfg.port_block ? POOL_BLOCKS : bib;
	const uint64_t used = n->pool.used[table] * 100ull;
	const uint64_t room = n->pool.room[table];

	if (!n->events)
		return;
	judge(n, NAT64_POOL_HIGH, table,
	      used >= n->cfg.alarm[NAT64_POOL_HIGH] * room);
	judge(n, NAT64_POOL_LOW, table,
	      used <= n->cfg.alarm[NAT64_POOL_LOW] * room);
	judge(n, NAT64_BINDINGS_HIGH, 0,
	      n->bindings.used >= n->cfg.alarm[NAT64_BINDINGS_HIGH]);
}

XL_APART void alarm_bound(struct nat64 *n, const struct binding *b)
{
	struct subscriber *s = binding_subscriber(n, b);
	const uint32_t *limit = n->cfg.alarm;
	const uint8_t len = n->cfg.subscriber_len;

	alarm_pool(n, b->bib);
	if (!n->events || s->bindings != limit[NAT64_SUBSCRIBER_HIGH] ||
	    (s->alarmed && n->now - s->alarmed < limit[NAT64_ALARM_INTERVAL]))
		return;
	s->alarmed = n->now;
	tell_event(n, (struct nat64_event){
			      .kind = EVENT_SUBSCRIBER_HIGH,
			      .client = s->prefix,
			      .client_len = len,
			      .limit = limit[NAT64_SUBSCRIBER_HIGH] });
}
