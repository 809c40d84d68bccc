/* SPDX-License-Identifier: MIT */
/*
 * isp_day [CSV] - a day of an ISP's customers behind a NAT64, in minutes
 *
 * Time is virtual, the packets and all that becomes of them are real: core is
 * given each packet that opens, keeps and ends the flows of model.h, from both
 * sides, and what it keeps is looked at each second.
 *
 * Environment: DAY_SUBSCRIBERS=N (default 10000), DAY_MODE=NAME (default: all).
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>

#include "../core/build.h"
#include "model.h"
#include "nat64/event.h"
#include "nat64/nat64.h"

#define SECOND          1000000000ull
#define PREFIX          0x20010db901000000ull /* of the first subscriber */
#define PER_ADDRESS     160u /* subscribers that share an IPv4 address */
#define SUBSCRIBERS_MAX 100000u
#define ROOM            100u /* sessions for each */
#define RING            (1u << 20)
#define FIRST_PORT      32768u /* of a device */
#define PEER_PORT       51413u /* of all its flows with peers */

/**
 * struct flow - one that lives
 * @next:	in the list of its second; 0: the last
 * @port:	of the device
 * @pool, @pool_port: what came out
 * @until:	second in which it ends
 */
struct flow {
	uint32_t next;
	uint32_t subscriber;
	uint32_t device;
	uint32_t pool;
	uint32_t until;
	struct model_flow is;
	uint16_t port;
	uint16_t pool_port;
};

/**
 * struct mode - how ports are given out and what is logged
 */
struct mode {
	const char *name;
	uint32_t block;
	bool deterministic;
	uint32_t dynamic;
};

/**
 * struct peak - the most that was seen, and when
 */
struct peak {
	uint32_t most;
	uint32_t second;
};

/**
 * struct day - a run
 * @due:	first flow of each second; behind the last one, what goes on
 *		into the next day
 * @flows:	all there is room for; number 0 is none
 * @ports:	that each subscriber has, of each table, and the most of one
 * @out:	the packet that was translated last
 */
struct day {
	uint32_t subscribers;
	struct nat64 *n;
	size_t size;
	struct nat64_events events;
	uint64_t cursor;
	uint64_t lost;
	uint32_t second;
	uint32_t due[MODEL_DAY + 1];
	struct flow *flows;
	uint32_t fresh;
	uint32_t free;
	struct {
		uint32_t now[3];
		uint32_t most;
	} * ports;
	struct pkt out;
	uint8_t buf[PKT_HEADROOM + 2048];
	uint64_t begun;
	uint64_t refused;
	uint64_t packets;
	uint64_t told[EVENT_KINDS];
	struct peak sessions;
	struct peak bindings;
	struct peak blocks;
	struct peak kept;
	struct peak rate;
};

_Noreturn static void fail(const char *what)
{
	fprintf(stderr, "isp_day: %s\n", what);
	exit(1);
}

static void *take(size_t size)
{
	void *p = mmap(NULL, size, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (p == MAP_FAILED)
		fail(strerror(errno));
	return p;
}

/* The network that so many subscribers, or a few more, have together. */
static struct net6 inside(uint32_t subscribers)
{
	uint8_t bits = 0;

	while (1u << bits < subscribers)
		bits++;
	return (struct net6){ { PREFIX, 0 }, (uint8_t)(64 - bits) };
}

static struct nat64_config config_of(const struct mode *m, uint32_t subscribers)
{
	const uint32_t addresses =
		(subscribers + PER_ADDRESS - 1) / PER_ADDRESS;

	return (struct nat64_config){
		.tr = { .self6 = { 0x20010db800000000, 1 },
			.self4 = 0xc0a80001,
			.mtu4 = 1500,
			.mtu6 = 1520,
			.lowest_mtu6 = 1280,
			.tos = TOS_COPY,
			.tc = TOS_COPY },
		.pool6 = { { 0x20010db800640000, 0 }, 96 },
		.pool4 = { { 0x14000000, 0x14000000 + addresses - 1, 1024,
			     65535 } },
		.pool4_count = 1,
		.timeout = { 300, 7440, 240, 6, 60, 2, 240 },
		.max_sessions = ROOM * subscribers,
		.subscriber_len = 64,
		.port_block = m->block,
		.inside = m->deterministic ? inside(subscribers)
					   : (struct net6){ .len = 0 },
		.dynamic = m->dynamic,
		.hold_down = 120, /* as in cmd/plat_options.h */
		.hold_max = 262144,
		.key = { 0x0123456789abcdef, 0xfedcba9876543210 },
	};
}

/* ------------------------------------------------------------- packets -- */

static bool send(struct day *d, const struct build *b)
{
	d->out = (struct pkt){ .data = d->buf + PKT_HEADROOM,
			       .headroom = PKT_HEADROOM,
			       .tailroom = 1024 };
	build_packet(&d->out, b);
	d->packets++;
	return nat64_packet(d->n, &d->out, d->second * SECOND).verdict ==
	       XLAT_FORWARD;
}

static uint8_t proto_of(const struct flow *f)
{
	return f->is.kind == MODEL_TCP    ? IP_TCP
	       : f->is.kind == MODEL_PING ? IP_ICMP
					  : IP_UDP;
}

/* From the device to the server. */
static bool send_out(struct day *d, const struct flow *f, uint8_t flags)
{
	const struct build b = {
		.version = 6,
		.proto = proto_of(f),
		.tcp_flags = flags,
		.src6 = { PREFIX + f->subscriber, f->device + 1 },
		.dst6 = { 0x20010db800640000, f->is.remote },
		.sport = f->port,
		.dport = f->is.remote_port,
	};

	return send(d, &b);
}

/* And back; of an echo request, as the request of the server's own. */
static bool send_back(struct day *d, const struct flow *f, uint8_t flags)
{
	const struct build b = {
		.version = 4,
		.proto = proto_of(f),
		.tcp_flags = flags,
		.src4 = f->is.remote,
		.dst4 = f->pool,
		.sport = f->is.kind == MODEL_PING ? f->pool_port
						  : f->is.remote_port,
		.dport = f->pool_port,
	};

	return send(d, &b);
}

/* ------------------------------------------------------ a flow's life -- */

static void put(struct day *d, uint32_t i, uint32_t second)
{
	if (second > MODEL_DAY)
		second = MODEL_DAY;
	d->flows[i].next = d->due[second];
	d->due[second] = i;
}

static uint32_t min(uint32_t a, uint32_t b)
{
	return a < b ? a : b;
}

static void begin(struct day *d, uint32_t i)
{
	struct flow *f = &d->flows[i];
	const bool tcp = f->is.kind == MODEL_TCP;
	const bool ping = f->is.kind == MODEL_PING;

	d->begun++;
	if (!send_out(d, f, tcp ? TCP_SYN : 0)) {
		d->refused++;
		f->next = d->free;
		d->free = i;
		return;
	}
	f->pool = be_get32(d->out.data + 12);
	f->pool_port = be_get16(d->out.data + IP4_HDR_LEN + (ping ? 4 : 0));
	if (!send_back(d, f, tcp ? TCP_SYN | TCP_ACK : 0))
		fail("an answer did not come through");
	if (tcp && !send_out(d, f, TCP_ACK))
		fail("an acknowledgement did not come through");
	put(d, i, d->second + min(MODEL_KEEPALIVE, f->is.life + 1));
}

static void end(struct day *d, uint32_t i)
{
	struct flow *f = &d->flows[i];

	if (f->is.kind == MODEL_TCP && f->is.end == MODEL_FIN) {
		send_out(d, f, TCP_FIN | TCP_ACK);
		send_back(d, f, TCP_FIN | TCP_ACK);
		send_out(d, f, TCP_ACK);
	} else if (f->is.kind == MODEL_TCP && f->is.end == MODEL_RST) {
		send_back(d, f, TCP_RST);
	}
	f->next = d->free;
	d->free = i;
}

static void go_on(struct day *d, uint32_t i)
{
	const struct flow *f = &d->flows[i];

	if (d->second >= f->until) {
		end(d, i);
		return;
	}
	if (!send_out(d, f, TCP_ACK) || !send_back(d, f, TCP_ACK))
		fail("a packet of a flow did not come through");
	put(d, i, min(d->second + MODEL_KEEPALIVE, f->until));
}

static uint32_t take_flow(struct day *d)
{
	uint32_t i = d->free;

	if (i)
		d->free = d->flows[i].next;
	else if (++d->fresh < ROOM * d->subscribers)
		i = d->fresh;
	else
		fail("too many flows at a time");
	return i;
}

/* Devices take one port after another, as some do. */
static uint16_t next_port(uint32_t subscriber, uint32_t device)
{
	static uint16_t last[SUBSCRIBERS_MAX][MODEL_DEVICES];
	uint16_t *p = &last[subscriber][device];

	*p = (uint16_t)((*p + 1) % (UINT16_MAX - FIRST_PORT - 15000));
	return (uint16_t)(FIRST_PORT + *p);
}

static void open_flow(struct day *d, const struct model_burst *b)
{
	const uint32_t i = take_flow(d);
	const struct model_flow is = model_flow();

	d->flows[i] = (struct flow){
		.subscriber = b->subscriber,
		.device = b->device,
		.until = d->second + is.life + 1,
		.is = is,
		.port = is.kind == MODEL_PEER
				? PEER_PORT
				: next_port(b->subscriber, b->device),
	};
	begin(d, i);
}

/* ------------------------------------------------------------ a second -- */

static void count_ports(struct day *d, const struct nat64_event *e)
{
	const uint64_t who = e->client.hi - PREFIX;
	const unsigned int table = e->proto == IP_TCP   ? 0
				   : e->proto == IP_UDP ? 1
							: 2;
	uint32_t *now = &d->ports[who].now[table];

	if (e->kind == EVENT_BINDING_DELETED)
		--*now;
	if (e->kind == EVENT_BINDING_CREATED && ++*now > d->ports[who].most)
		d->ports[who].most = *now;
}

static void read_events(struct day *d)
{
	struct nat64_event e;

	while (event_next(&d->events, &d->cursor, &d->lost, &e)) {
		d->told[e.kind]++;
		if (EVENT_BIT(e.kind) & EVENT_BINDINGS)
			count_ports(d, &e);
	}
	if (d->lost)
		fail("the ring of events was too small");
}

static void run_out(struct day *d)
{
	const uint64_t now = d->second * SECOND;

	while (nat64_next_expiry(d->n) <= now) {
		d->out = (struct pkt){ .data = d->buf + PKT_HEADROOM,
				       .headroom = PKT_HEADROOM,
				       .tailroom = 2048 };
		/* Of a connection that has gone: nobody answers. */
		d->packets += nat64_expire(d->n, now, &d->out, 256);
	}
}

static void open_burst(struct day *d)
{
	const struct model_burst b = model_burst(d->subscribers);

	for (uint32_t i = 0; i < b.flows; i++)
		open_flow(d, &b);
}

static void note(struct peak *p, uint64_t value, uint32_t second)
{
	if (value > p->most)
		*p = (struct peak){ (uint32_t)value, second };
}

static void run_second(struct day *d)
{
	const uint64_t before = d->told[EVENT_SESSION_CREATED];
	struct nat64_stats s;
	uint32_t next;

	run_out(d);
	for (uint32_t i = d->due[d->second]; i; i = next) {
		next = d->flows[i].next;
		go_on(d, i);
	}
	for (uint32_t k = model_bursts(d->second, d->subscribers); k; k--)
		open_burst(d);
	read_events(d);
	nat64_get_stats(d->n, &s);
	note(&d->sessions, s.sessions, d->second);
	note(&d->bindings, s.bindings, d->second);
	note(&d->blocks, s.blocks, d->second);
	note(&d->kept, s.ports_kept, d->second);
	note(&d->rate, d->told[EVENT_SESSION_CREATED] - before, d->second);
}

/* -------------------------------------------------------------- a day -- */

static void open_day(struct day *d, const struct mode *m, uint32_t subscribers)
{
	const struct nat64_config c = config_of(m, subscribers);
	const char *wrong = nat64_config_check(&c);

	if (wrong)
		fail(wrong);
	model_reset();
	*d = (struct day){ .subscribers = subscribers, .size = nat64_size(&c) };
	d->n = nat64_init(take(d->size), &c);
	d->flows = take((size_t)ROOM * subscribers * sizeof(*d->flows));
	d->ports = take(subscribers * sizeof(*d->ports));
	d->events = (struct nat64_events){
		.ring = take(RING * sizeof(*d->events.ring)),
		.size = RING,
		.want = EVENT_SESSIONS | EVENT_BINDINGS | EVENT_BLOCKS,
	};
	nat64_listen(d->n, &d->events);
}

static void close_day(struct day *d)
{
	munmap(d->n, d->size);
	munmap(d->flows, (size_t)ROOM * d->subscribers * sizeof(*d->flows));
	munmap(d->ports, d->subscribers * sizeof(*d->ports));
	munmap(d->events.ring, RING * sizeof(*d->events.ring));
}

static int by_value(const void *a, const void *b)
{
	const uint32_t x = *(const uint32_t *)a;
	const uint32_t y = *(const uint32_t *)b;

	return (x > y) - (x < y);
}

/* What @ports have at most, ascending: to be freed. */
static uint32_t *sorted_ports(const struct day *d)
{
	uint32_t *most = calloc(d->subscribers, sizeof(*most));

	if (!most)
		fail("no memory");
	for (uint32_t i = 0; i < d->subscribers; i++)
		most[i] = d->ports[i].most;
	qsort(most, d->subscribers, sizeof(*most), by_value);
	return most;
}

static struct {
	FILE *csv;
	const char *mode;
} report;

static void row(const char *what, double value)
{
	printf("  %-52s %12.0f\n", what, value);
	fprintf(report.csv, "%s,\"%s\",%.0f\n", report.mode, what, value);
}

static void peak_row(const char *what, const struct peak *p)
{
	char text[80];

	snprintf(text, sizeof(text), "%s, at most (at %02u:%02u)", what,
		 p->second / 3600, p->second / 60 % 60);
	row(text, p->most);
}

/* A range of its own for each subscriber (RFC 7422) needs no log and no
 * table; how many of them it would not be enough for is told by the peaks. */
static void report_ranges(const uint32_t *most, uint32_t subscribers)
{
	static const uint32_t sharing[] = { 64, 128, 160, 256 };
	char text[80];

	for (unsigned int i = 0; i < XL_COUNT(sharing); i++) {
		const uint32_t range = 64512 / sharing[i];
		uint32_t above = 0;

		while (above < subscribers &&
		       most[subscribers - 1 - above] > range)
			above++;
		snprintf(text, sizeof(text),
			 "subscribers that %u ports (%u share) are too few for",
			 range, sharing[i]);
		row(text, above);
	}
}

static void report_day(const struct day *d, double seconds)
{
	uint32_t *most = sorted_ports(d);
	const uint64_t *told = d->told;

	row("flows", (double)d->begun);
	row("flows refused", (double)d->refused);
	row("packets", (double)d->packets);
	peak_row("sessions", &d->sessions);
	peak_row("bindings", &d->bindings);
	peak_row("blocks", &d->blocks);
	peak_row("ports kept back", &d->kept);
	peak_row("new sessions in a second", &d->rate);
	row("lines of --log-sessions", (double)(told[EVENT_SESSION_CREATED] +
						told[EVENT_SESSION_DELETED]));
	row("lines of --log-bindings", (double)(told[EVENT_BINDING_CREATED] +
						told[EVENT_BINDING_DELETED]));
	row("lines of blocks",
	    (double)(told[EVENT_BLOCK_CREATED] + told[EVENT_BLOCK_DELETED]));
	row("ports of a subscriber, at most: median", most[d->subscribers / 2]);
	row("of one in a hundred", most[d->subscribers * 99 / 100]);
	row("of any", most[d->subscribers - 1]);
	report_ranges(most, d->subscribers);
	row("seconds that all of it took", seconds);
	free(most);
}

static void run_day(const struct mode *m, uint32_t subscribers)
{
	static struct day d;
	const clock_t begin = clock();

	open_day(&d, m, subscribers);
	for (d.second = 0; d.second < MODEL_DAY; d.second++)
		run_second(&d);
	report.mode = m->name;
	printf("a day of %u subscribers, %u to an address, %s\n", subscribers,
	       PER_ADDRESS, m->name);
	report_day(&d, (double)(clock() - begin) / CLOCKS_PER_SEC);
	close_day(&d);
}

int main(int argc, char **argv)
{
	static const struct mode modes[] = {
		{ "single ports", 0, false, 0 },
		{ "blocks of 256", 256, false, 0 },
		{ "deterministic", 0, true, 0 },
		{ "deterministic, then blocks of 256", 256, true, 60 },
	};
	const char *wanted = getenv("DAY_SUBSCRIBERS");
	const char *only = getenv("DAY_MODE");
	const long subscribers = wanted ? atol(wanted) : 10000;

	if (subscribers < 100 || subscribers > (long)SUBSCRIBERS_MAX)
		fail("DAY_SUBSCRIBERS is not from 100 to 100000");
	report.csv = fopen(argc > 1 ? argv[1] : "/dev/null", "w");
	if (!report.csv)
		fail(strerror(errno));
	fprintf(report.csv, "mode,what,value\n");
	for (unsigned int i = 0; i < XL_COUNT(modes); i++)
		if (!only || strcmp(only, modes[i].name) == 0)
			run_day(&modes[i], (uint32_t)subscribers);
	return fclose(report.csv) == 0 ? 0 : 1;
}
