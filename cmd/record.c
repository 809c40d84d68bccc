/* SPDX-License-Identifier: MIT */
#include "record.h"

#include <ctype.h>
#include <errno.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "pages.h"
#include "parse.h"

#define SECOND      1000000000ull
#define MS          1000000ull
#define RING        65536u /* events: 3 MiB */
#define BUDGET      512u   /* events of a way, before packets get a turn */
#define WHEN_FULL   (5 * MS)
#define WHEN_BROKEN SECOND
#define TALE_PAUSE  (10 * SECOND)
#define SYSLOG_PORT 514u
#define DOMAIN      1u

/* What fits every path (RFC 8200, 5; RFC 7011, 10.3.3), less the headers. */
#define MESSAGE6    (1280u - 48)
#define MESSAGE4    (512u - 28)

/* What the log is told of if there is a collector, too. */
#define FOR_THE_LOG (EVENT_ALARMS | EVENT_BIT(EVENT_DETERMINISTIC))

static const char *const way_names[RECORD_WAYS] = { "log", "syslog", "ipfix" };

static const char *parse_ipfix(void *field, const char *text)
{
	struct sink_address *at = field;
	char zone[16];

	at->port = 0;
	return parse_host_port(text, &at->addr, zone, &at->port) || !at->port ||
			       zone[0]
		       ? "an address and a port such as 192.0.2.1:4739"
		       : NULL;
}

static const char *parse_syslog(void *field, const char *text)
{
	struct sink_address *at = field;
	char zone[16];

	*at = (struct sink_address){ .port = SYSLOG_PORT };
	if (text[0] == '/' && text[1] && strlen(text) < sizeof(at->path)) {
		memcpy(at->path, text, strlen(text));
		return NULL;
	}
	return parse_host_port(text, &at->addr, zone, &at->port) || !at->port ||
			       zone[0]
		       ? "an address such as 192.0.2.1 or [2001:db8::1]:514, "
			 "or a full path such as /dev/log"
		       : NULL;
}

static const char *parse_refresh(void *field, const char *text)
{
	return parse_duration(text, field) ? NULL : DURATION_EXPECTED;
}

const struct option_row record_rows[] = {
	OPTION(struct record_options, bindings, "log-bindings", NULL,
	       parse_switch, OPTION_SWITCH | OPTION_LIVE,
	       "record who gets which port, and when"),
	OPTION(struct record_options, sessions, "log-sessions", NULL,
	       parse_switch, OPTION_SWITCH | OPTION_LIVE,
	       "record sessions, with the hosts talked to"),
	OPTION(struct record_options, syslog, "syslog", "ADDR[:PORT]|PATH",
	       parse_syslog, 0, "send records there (RFC 5424)"),
	OPTION(struct record_options, ipfix, "ipfix", "ADDR:PORT", parse_ipfix,
	       0, "send records to a collector (RFC 8158)"),
	OPTION(struct record_options, refresh, "ipfix-refresh", "TIME",
	       parse_refresh, 0, "how often templates are sent; default: 60s"),
};

_Static_assert(XL_COUNT(record_rows) == RECORD_ROW_COUNT,
	       "record.h counts them");

void record_options_adopt(struct record_options *o,
			  const struct record_options *fresh)
{
	o->bindings = fresh->bindings;
	o->sessions = fresh->sessions;
}

static bool has_collector(const struct record_options *o)
{
	return sink_address_given(&o->syslog) || sink_address_given(&o->ipfix);
}

/* What a collector is there for nobody has to say. */
static bool wants_bindings(const struct record_options *o)
{
	return o->bindings || (has_collector(o) && !o->sessions);
}

static void set_clock(struct record *r)
{
	struct timespec t;

	clock_gettime(CLOCK_REALTIME, &t);
	r->wall = (uint64_t)t.tv_sec * SECOND + (uint64_t)t.tv_nsec;
	r->now = ev_clock();
}

/* When an event was, milliseconds since 1970. */
static uint64_t wall_ms(const struct record *r, const struct nat64_event *e)
{
	return (r->wall - (r->now - e->when)) / MS;
}

static const char *name_of(const struct record_way *w)
{
	return way_names[w - w->owner->ways];
}

/* What it has lost, with what it will not find in the ring any more. */
static uint64_t lost_of(const struct record_way *w)
{
	const struct nat64_events *e = &w->owner->ring;
	const uint64_t behind = e->count - w->cursor;

	if (!w->open)
		return w->lost;
	return w->lost + w->owner->missed +
	       (behind > e->size ? behind - e->size : 0);
}

/* Tell of what is lost, now and then. */
static void tell_lost(struct record_way *w)
{
	const uint64_t lost = lost_of(w);

	if (lost == w->told || w->err || w->owner->loop->now < w->next_tale)
		return;
	log_warn("%s: %llu records lost so far: it does not take them as fast "
		 "as they come",
		 name_of(w), (unsigned long long)lost);
	w->told = lost;
	w->next_tale = w->owner->loop->now + TALE_PAUSE;
}

static void pause_way(struct record_way *w, uint64_t ns)
{
	ev_timer_set(w->owner->loop, &w->retry, w->owner->loop->now + ns);
}

/* It took nothing. */
static void fail(struct record_way *w, int err)
{
	w->tried = false;
	if (err == -EAGAIN || err == -ENOBUFS || err == -EINTR) {
		pause_way(w, WHEN_FULL);
		return;
	}
	/* Of UDP it is about the one before; a path tells of this one. */
	if (err == -ECONNREFUSED && !w->sink.to_len && w->sink.fd >= 0) {
		w->lost += w->last;
		w->sent -= w->last;
		w->last = 0;
	}
	if (!w->err)
		log_warn("%s: records cannot be sent: %s; they wait, the "
			 "oldest will be lost",
			 name_of(w), strerror(-err));
	w->err = err;
	pause_way(w, WHEN_BROKEN);
}

/*
 * Is it whole? UDP takes what nobody gets, and tells of it later: after a
 * refusal one record goes ahead, and the others a second after it.
 */
static bool is_whole(struct record_way *w)
{
	if (w->err == -ECONNREFUSED && !w->tried) {
		w->tried = true;
		pause_way(w, WHEN_BROKEN);
		return false;
	}
	if (w->err)
		log_info("%s: takes records again; %llu are lost", name_of(w),
			 (unsigned long long)lost_of(w));
	w->err = 0;
	w->tried = false;
	return true;
}

/* It took all or some of @w->buf. Return: it takes more. */
static bool succeed(struct record_way *w, uint32_t n)
{
	const bool whole = is_whole(w);

	w->start += n;
	if (w->start < w->len) {
		pause_way(w, WHEN_FULL);
		return false;
	}
	w->sent += w->records;
	w->last = w->records;
	w->start = w->len = w->records = 0;
	if (w == &w->owner->ways[RECORD_IPFIX])
		ipfix_sent(&w->owner->ipfix);
	return whole;
}

/* Return: false: not now. */
static bool push(struct record_way *w)
{
	const ssize_t n =
		sink_write(&w->sink, w->buf + w->start, w->len - w->start);

	if (n >= 0)
		return succeed(w, (uint32_t)n);
	fail(w, (int)n);
	return false;
}

static bool next_event(struct record_way *w, struct nat64_event *e)
{
	return event_next(&w->owner->ring, &w->cursor, &w->lost, e);
}

/* Lines, as many as fit and may come together. */
static uint32_t fill_lines(struct record *r, struct record_way *w)
{
	const size_t room = log_is_apart() ? RECORD_LINE : sizeof(w->buf);
	struct nat64_event e;
	uint32_t seen = 0;

	while (w->len + RECORD_LINE <= room && next_event(w, &e)) {
		seen++;
		if (has_collector(r->opt) && !(FOR_THE_LOG & EVENT_BIT(e.kind)))
			continue;
		w->len += record_line(r->app->opt, &e, wall_ms(r, &e),
				      w->buf + w->len);
		w->records++;
	}
	return seen;
}

static uint32_t fill_message(struct record *r, struct record_way *w)
{
	struct nat64_event e;

	if (w->len || !next_event(w, &e))
		return 0;
	w->len = record_syslog(r, &e, wall_ms(r, &e), w->buf);
	w->records = 1;
	return 1;
}

static uint32_t fill_ipfix(struct record *r, struct record_way *w)
{
	struct ipfix *x = &r->ipfix;
	struct nat64_event e;
	uint32_t seen = 0;

	while (next_event(w, &e)) {
		if (!ipfix_add(x, &e, wall_ms(r, &e))) {
			w->cursor--;
			break;
		}
		seen++;
	}
	if (!x->len)
		return seen;
	ipfix_end(x, (uint32_t)(r->wall / SECOND));
	w->len = x->len;
	w->records = x->records;
	return seen;
}

static uint32_t fill(struct record *r, struct record_way *w)
{
	switch (w - r->ways) {
	case RECORD_LOG:
		return fill_lines(r, w);
	case RECORD_SYSLOG:
		return fill_message(r, w);
	default:
		return fill_ipfix(r, w);
	}
}

/* Return: false: it does not take what there is. */
static bool drain_way(struct record *r, struct record_way *w)
{
	uint32_t seen = 0;
	bool takes = true;
	uint32_t n;

	do {
		n = fill(r, w);
		seen += n;
		takes = !w->len || push(w);
	} while (takes && n && seen < BUDGET);
	if (takes && w->cursor != r->ring.count)
		pause_way(w, 1); /* the next turn */
	tell_lost(w);
	return takes;
}

static bool is_behind(const struct record_way *w)
{
	return w->open && w->retry.at == UINT64_MAX &&
	       (w->len || w->cursor != w->owner->ring.count);
}

void record_put(struct record *r, const struct nat64_event *e)
{
	if (r->ring.ring)
		r->ring.ring[r->ring.count++ & (r->ring.size - 1)] = *e;
}

void record_drain(struct record *r)
{
	bool ready = false;

	for (unsigned int i = 0; i < RECORD_WAYS; i++) {
		if (!is_behind(&r->ways[i]))
			continue;
		if (!ready)
			set_clock(r);
		ready = true;
		(void)drain_way(r, &r->ways[i]);
	}
}

static void retry(struct ev_loop *loop, struct ev_timer *t)
{
	struct record_way *w = (struct record_way *)(void *)t;

	(void)loop;
	set_clock(w->owner);
	(void)drain_way(w->owner, w);
}

/* What a collector cannot do without. What is lost of it comes again. */
static void send_templates(struct record *r)
{
	uint8_t message[IPFIX_TEMPLATES_MAX];
	const struct sink *to = &r->ways[RECORD_IPFIX].sink;
	const uint32_t len =
		ipfix_templates(&r->ipfix, (uint32_t)time(NULL), message);

	(void)!sink_write(to, message, len);
	ev_timer_set(r->loop, &r->templates,
		     r->loop->now + r->opt->refresh * SECOND);
}

static void templates_due(struct ev_loop *loop, struct ev_timer *t)
{
	(void)loop;
	send_templates(
		(void *)((char *)t - offsetof(struct record, templates)));
}

static void read_host(struct record *r)
{
	if (gethostname(r->host, sizeof(r->host) - 1))
		r->host[0] = '\0';
	for (const char *c = r->host; *c; c++)
		if (!isgraph((unsigned char)*c))
			r->host[0] = '\0';
	if (!r->host[0])
		memcpy(r->host, "-", 2);
}

static enum exit_status open_way(struct record *r, enum record_ways which,
				 const struct sink_address *to)
{
	struct record_way *w = &r->ways[which];
	int err;

	if (!sink_address_given(to))
		return EXIT_OK;
	err = sink_open(&w->sink, to);
	if (err)
		log_error("%s: cannot be opened: %s", way_names[which],
			  strerror(-err));
	w->open = !err;
	return app_status(err);
}

static void open_ipfix(struct record *r, struct pref64 pool6)
{
	struct record_way *w = &r->ways[RECORD_IPFIX];
	const struct addr6 to = r->opt->ipfix.addr;
	const bool v4 = to.hi == 0 && to.lo >> 32 == 0xffff;

	r->ipfix = (struct ipfix){ .pool6 = pool6,
				   .domain = DOMAIN,
				   .buf = (uint8_t *)w->buf,
				   .size = v4 ? MESSAGE4 : MESSAGE6 };
	r->templates =
		(struct ev_timer){ .at = UINT64_MAX, .due = templates_due };
	if (!w->open)
		return;
	/* Twice, since one may get lost (RFC 7011, 8.4). */
	send_templates(r);
	send_templates(r);
}

enum exit_status record_open(struct record *r, struct app *a,
			     const struct record_options *opt,
			     struct pref64 pool6)
{
	enum exit_status status;

	r->opt = opt;
	r->app = a;
	r->loop = &a->loop;
	for (unsigned int i = 0; i < RECORD_WAYS; i++) {
		r->ways[i].owner = r;
		r->ways[i].sink.fd = -1;
		r->ways[i].retry =
			(struct ev_timer){ .at = UINT64_MAX, .due = retry };
	}
	r->ways[RECORD_LOG].open = true;
	read_host(r);
	status = open_way(r, RECORD_SYSLOG, &opt->syslog);
	if (!status)
		status = open_way(r, RECORD_IPFIX, &opt->ipfix);
	if (!status)
		open_ipfix(r, pool6);
	return status;
}

static bool make_ring(struct record *r)
{
	void *p;

	if (r->ring.ring)
		return true;
	p = pages_take(RING * sizeof(*r->ring.ring), false);
	if (!p) {
		log_error("no memory for records");
		return false;
	}
	r->ring.ring = p;
	r->ring.size = RING;
	return true;
}

struct nat64_events *record_ring(struct record *r, bool blocks)
{
	const struct record_options *o = r->opt;
	uint32_t want = 0;

	if (o->sessions)
		want |= EVENT_SESSIONS;
	if (wants_bindings(o))
		want |= blocks ? EVENT_BLOCKS : EVENT_BINDINGS | EVENT_BLOCKS;
	if (has_collector(o))
		want |= EVENT_LIMITS;
	want |= FOR_THE_LOG;
	r->ring.want = want;
	return make_ring(r) ? &r->ring : NULL;
}

void record_close(struct record *r)
{
	for (unsigned int i = 0; i < RECORD_WAYS; i++) {
		struct record_way *w = &r->ways[i];

		if (!w->open)
			continue;
		set_clock(r);
		while (w->cursor != r->ring.count || w->len)
			if (!drain_way(r, w))
				break;
		sink_close(&w->sink);
	}
}

void record_counters(const struct record *r, struct report *out)
{
	static const struct {
		const char *sent;
		const char *lost;
	} names[RECORD_WAYS] = {
		{ "log-records", "log-records-lost" },
		{ "syslog-records", "syslog-records-lost" },
		{ "ipfix-records", "ipfix-records-lost" },
	};

	for (unsigned int i = 0; i < RECORD_WAYS; i++) {
		report_counter(out, names[i].sent, "Records sent there",
			       r->ways[i].sent);
		report_counter(out, names[i].lost, "Records that are lost",
			       lost_of(&r->ways[i]));
	}
}
