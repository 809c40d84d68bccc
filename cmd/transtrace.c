/* SPDX-License-Identifier: MIT */
/*
 * transtrace.c - the command "trace" of translators
 */
#include <stdio.h>
#include <string.h>

#include "parse.h"
#include "trans.h"

#define RATE_DEFAULT 100u /* packets a second; people do not read faster */

static const char *parse_either_net(void *field, const char *text)
{
	struct net6 *net = field;
	struct net4 net4;

	if (!parse_net6(text, net))
		return NULL;
	if (parse_net4(text, &net4))
		return "an IPv4 or IPv6 network or address";
	net->addr = (struct addr6){ 0, 0xffff00000000u | net4.addr };
	net->len = (uint8_t)(96 + net4.len);
	return NULL;
}

static const char *parse_reason(void *field, const char *text)
{
	uint32_t *why = field;

	for (*why = WHY_NONE + 1; *why < WHY_COUNT; ++*why)
		if (strcmp(text, xlat_why_name((enum xlat_why) * why)) == 0)
			return NULL;
	return "a reason: a counter's name without drop-";
}

static const char *parse_rate(void *field, const char *text)
{
	return parse_u32(field, text, 1, 10000, "a number from 1 to 10000");
}

static const char *parse_format(void *field, const char *text)
{
	static const char *const words[] = { "text", "pcapng", NULL };
	const int n = parse_word(text, words);

	*(bool *)field = n == 1;
	return n < 0 ? "text or pcapng" : NULL;
}

const struct ctlarg trans_trace_args[] = {
	CTLARG(struct trace_filter, net, "address", "CIDR", parse_either_net,
	       false),
	CTLARG(struct trace_filter, proto, "proto", "NAME", parse_proto, false),
	CTLARG(struct trace_filter, port, "port", "PORT", parse_port, false),
	CTLARG(struct trace_filter, why, "reason", "NAME", parse_reason, false),
	CTLARG(struct trace_filter, rate, "rate", "N", parse_rate, false),
	CTLARG(struct trace_filter, count, "count", "N", parse_rate, false),
	CTLARG(struct trace_filter, pcapng, "format", "text|pcapng",
	       parse_format, false),
	CTLARG_END,
};

/* In whatever thread; the first one looks after it when it is woken. */
static void wake(void *ctx)
{
	struct trans *t = ctx;

	if (t->crew.count < 2) {
		serve_wake(t->tracer, &t->app.loop);
		return;
	}
	__atomic_store_n(&t->traced, true, __ATOMIC_SEQ_CST);
	crew_wake(&t->crew, 0);
}

void trans_told(struct trans *t)
{
	if (__atomic_exchange_n(&t->traced, false, __ATOMIC_SEQ_CST) &&
	    t->pump.trace)
		serve_wake(t->tracer, &t->app.loop);
}

/* All packet loops tell it, or nobody. */
static void set_trace(struct trans *t, struct trace *trace)
{
	t->pump.trace = trace;
	for (uint32_t i = 1; i < t->crew.count; i++)
		trans_pump(t, i)->trace = trace;
}

static const char *begin(void *ctx, struct serve_client *c)
{
	struct trans *t = ctx;
	struct trace_filter *f = (void *)c->args;
	struct trace *trace;

	if (t->pump.trace)
		return "somebody traces already";
	if (!f->rate)
		f->rate = RATE_DEFAULT;
	trace = trace_open(f, ev_clock());
	if (!trace)
		return "out of memory";
	t->tracer = c;
	trace->wake = wake;
	trace->ctx = t;
	crew_stop(&t->crew);
	set_trace(t, trace);
	if (t->fast)
		fast_pause(t->fast, true);
	return NULL;
}

static enum serve_more next(void *ctx, struct serve_client *c)
{
	struct trans *t = ctx;
	struct trace *trace = t->pump.trace;
	struct report *r = &c->report;
	uint32_t n;

	crew_stop(&t->crew);
	n = trace_take(trace, r->buf + r->len, r->size - r->len);
	r->len += n;
	if (n)
		return SERVE_MORE;
	return trace->ended ? SERVE_END : SERVE_WAIT;
}

static void end(void *ctx)
{
	struct trans *t = ctx;
	struct trace *trace = t->pump.trace;

	if (t->fast)
		fast_pause(t->fast, false);
	crew_stop(&t->crew);
	set_trace(t, NULL);
	trace_close(trace);
}

const struct control_stream trans_trace = {
	.begin = begin,
	.next = next,
	.end = end,
};
