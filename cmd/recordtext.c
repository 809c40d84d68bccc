/* SPDX-License-Identifier: MIT */
/*
 * recordtext.c - an event in words
 */
#include <stdio.h>
#include <unistd.h>

#include "record.h"

/* Of RFC 5424: facility daemon, severity informational and warning. */
#define PRI_INFO    30
#define PRI_WARNING 28

static const char *const names[EVENT_KINDS] = {
	[EVENT_SESSION_CREATED] = "session-created",
	[EVENT_SESSION_DELETED] = "session-deleted",
	[EVENT_BINDING_CREATED] = "binding-created",
	[EVENT_BINDING_DELETED] = "binding-deleted",
	[EVENT_BLOCK_CREATED] = "block-created",
	[EVENT_BLOCK_DELETED] = "block-deleted",
	[EVENT_NO_ADDRESS] = "addresses-exhausted",
	[EVENT_NO_PORT] = "ports-exhausted",
	[EVENT_NO_SESSION] = "sessions-exhausted",
	[EVENT_SUBSCRIBER_LIMIT] = "subscriber-limit",
	[EVENT_NO_SUBSCRIBER] = "subscribers-exhausted",
	[EVENT_POOL_HIGH] = "pool-high",
	[EVENT_POOL_LOW] = "pool-low",
	[EVENT_BINDINGS_HIGH] = "bindings-high",
	[EVENT_SUBSCRIBER_HIGH] = "subscriber-high",
	[EVENT_DETERMINISTIC] = "deterministic",
};

static bool is_limit(const struct nat64_event *e)
{
	return (EVENT_LIMITS | EVENT_ALARMS) & EVENT_BIT(e->kind);
}

static void put_client(struct report *r, const struct nat64_event *e)
{
	if (e->client_len)
		report_net6(r, "client", e->client, e->client_len);
	else
		report_addr6(r, "client", e->client);
}

static void put_ports(struct report *r, const struct nat64_event *e)
{
	const uint32_t bit = EVENT_BIT(e->kind);

	if (bit & (EVENT_SESSIONS | EVENT_BINDINGS))
		report_number(r, "port", 0, e->client_port);
	if (e->pool)
		report_addr4(r, "pool", e->pool);
	if (e->pool_port)
		report_number(r, "pport", 0, e->pool_port);
	if (bit & EVENT_BLOCKS)
		report_number(r, "pport-last", 0, e->pool_last);
}

/* What RFC 7422, 3 asks for; R is all ports that are not dealt out. */
static void put_parameters(struct report *r, const struct nat64_event *e)
{
	char reserved[32];
	int n = snprintf(reserved, sizeof(reserved), "0-%u", e->pool_port - 1u);

	if (e->pool_last < UINT16_MAX)
		snprintf(reserved + n, sizeof(reserved) - (size_t)n,
			 ",%u-65535", e->pool_last + 1u);
	report_net6(r, "inside", e->client, e->client_len);
	report_number(r, "subscriber-prefix", 0, e->client_port);
	report_addr4(r, "pool", e->pool);
	report_addr4(r, "pool-last", e->remote);
	report_number(r, "dynamic-factor", 0, e->remote_port);
	report_number(r, "max-ports", 0, e->limit);
	report_number(r, "algorithm", 0, 0);
	report_text(r, "reserved", 0, reserved);
}

/* The names are those of `xlat ctl plat sessions`. */
static void put_fields(struct report *r, const struct nat64_event *e)
{
	if (e->kind == EVENT_DETERMINISTIC) {
		put_parameters(r, e);
		return;
	}
	if (e->proto)
		report_text(r, "proto", 0,
			    e->proto == IP_TCP   ? "tcp"
			    : e->proto == IP_UDP ? "udp"
						 : "icmp");
	if (e->client.hi | e->client.lo)
		put_client(r, e);
	put_ports(r, e);
	if (EVENT_BIT(e->kind) & EVENT_SESSIONS) {
		report_addr4(r, "remote", e->remote);
		report_number(r, "rport", 0, e->remote_port);
	}
	if (e->limit)
		report_number(r, "limit", 0, e->limit);
}

static struct report writer(char *out, uint32_t len, bool json)
{
	return (struct report){ .json = json,
				.line = !json,
				.buf = out,
				.len = len,
				.size = RECORD_LINE - 1 };
}

uint32_t record_line(const struct app_options *o, const struct nat64_event *e,
		     uint64_t ms, char *out)
{
	const bool json = o->log_format == LOG_FMT_JSON;
	const bool warns = is_limit(e);
	struct report r = writer(
		out, log_head(out, warns ? LOG_LVL_WARNING : LOG_LVL_INFO),
		json);
	char when[LOG_STAMP];

	log_stamp(when, ms);
	report_record(&r);
	report_text(&r, "time", 0, when);
	if (json) {
		report_text(&r, "instance", 0, o->instance);
		report_text(&r, "level", 0, warns ? "warning" : "info");
	}
	report_text(&r, "event", 0, names[e->kind]);
	put_fields(&r, e);
	if (json)
		report_record_end(&r);
	out[r.len++] = '\n';
	return r.len;
}

uint32_t record_syslog(const struct record *r, const struct nat64_event *e,
		       uint64_t ms, char *out)
{
	char when[LOG_STAMP];
	struct report w;
	int n;

	log_stamp(when, ms);
	n = snprintf(out, RECORD_LINE, "<%d>1 %s %.128s %s %d %s - ",
		     is_limit(e) ? PRI_WARNING : PRI_INFO, when, r->host,
		     r->app->opt->instance, (int)getpid(), names[e->kind]);
	w = writer(out, (uint32_t)n, false);
	put_fields(&w, e);
	return w.len;
}
