/* SPDX-License-Identifier: MIT */
#include "platshow.h"

static void gauges(const void *ctx, struct report *r)
{
	const struct plat *d = ctx;
	struct nat64_stats s;

	nat64_get_stats(d->nat64, &s);
	report_gauge(r, "sessions", "Sessions in the table", s.sessions);
	report_gauge(r, "sessions-max", "Room for sessions", s.sessions_max);
	report_gauge(r, "bindings", "Bindings in the table", s.bindings);
	report_gauge(r, "subscribers", "Subscribers with sessions",
		     s.subscribers);
	report_gauge(r, "port-blocks", "Blocks of ports that are given out",
		     s.blocks);
	report_gauge(r, "ports-kept", "Ports that are free but not used yet",
		     s.ports_kept);
	report_gauge(r, "syns-held", "TCP SYNs from outside that wait",
		     s.syns_held);
}

void platshow_status(const void *ctx, struct report *r)
{
	const struct plat *d = ctx;

	app_report(&d->trans.app, r);
	trans_report(&d->trans, r);
	report_net6(r, "pool6", d->opt->nat64.pool6.prefix,
		    d->opt->nat64.pool6.len);
	gauges(ctx, r);
	state_report(&d->state, r);
}

void platshow_counters(const void *ctx, struct report *r)
{
	const struct plat *d = ctx;
	struct nat64_stats s;

	nat64_get_stats(d->nat64, &s);
	report_counter(r, "sessions-created", "Sessions ever made",
		       s.sessions_created);
	report_counter(r, "bindings-created", "Bindings ever made",
		       s.bindings_created);
	report_counter(r, "port-blocks-created", "Blocks ever given out",
		       s.blocks_created);
	report_counter(r, "hairpinned", "Packets from one customer to another",
		       s.hairpinned);
	state_counters(&d->state, r);
	record_counters(d->record, r);
	trans_counters(ctx, r);
}

void (*const platshow_metrics[])(const void *ctx, struct report *r) = {
	gauges, platshow_counters, NULL
};
