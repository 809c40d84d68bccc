/* SPDX-License-Identifier: MIT */
/* Busy sessions in a table that an eBPF program reads: what it does with a
 * packet is what nat64_packet() does, or nothing. Carried out here as
 * bpf/plat.c does it. */
#include "nat64_help.h"

#include <pthread.h>
#include <stdatomic.h>

#include "nat64/clock.h"
#include "nat64/quick.h"
#include "nat64/session.h"
#include "nat64/snapshot.h"

#define ANN C1
#define BOB C2

/* A world with the other one who translates. */
struct pair {
	struct world *w;
	struct quick_table *t;
	struct quick_config c;
	unsigned int carried;
};

static void pair_begin(struct pair *q, struct world *w)
{
	*q = (struct pair){ .w = w, .t = aligned_alloc(64, sizeof(*q->t)) };
	memset(q->t, 0, sizeof(*q->t));
	q->t->key[0] = 0x5555;
	nat64_quicken(w->n, q->t);
	q->c = nat64_quick_config(w->n);
}

static void pair_end(struct pair *q)
{
	world_free(q->w);
	free(q->t);
}

static uint16_t adjusted(uint16_t check, uint16_t delta, bool partial)
{
	return partial ? csum_adjust_partial(check, delta)
		       : csum_adjust(check, delta);
}

/* The port's change is not in a partial checksum. */
static void patch(struct pkt *p, uint32_t at, uint16_t delta, uint8_t proto,
		  uint32_t port_at, uint16_t port)
{
	uint8_t *check = p->data + at + (proto == IP_TCP ? 16 : 6);
	const uint16_t was = be_get16(p->data + at + port_at);
	uint16_t sum = adjusted(be_get16(check), delta, p->partial);

	if (!p->partial)
		sum = csum_adjust(sum, csum_delta(was, port));
	if (proto == IP_UDP && sum == 0)
		sum = 0xffff;
	be_put16(check, sum);
	be_put16(p->data + at + port_at, port);
}

static void replace(struct pkt *p, uint32_t from, uint32_t to)
{
	p->data += (int32_t)from - (int32_t)to;
	p->len = p->len - from + to;
}

static void touch(const struct pair *q, struct quick *e,
		  enum nat64_outside side)
{
	if (q->c.outside != side)
		quick_touch(e, (uint32_t)(q->w->now / SECOND));
}

static bool carry6(struct pair *q, struct pkt *p, const uint8_t *head,
		   const struct plain_size *s)
{
	struct quick_key k;
	struct quick_to to;
	struct quick *e;
	struct hdr6 h;
	struct hdr4 out;
	uint32_t segment;

	if (!quick_from6(&q->c, head, s, &h, &segment, &k))
		return false;
	e = quick_find(q->t, &k, &to);
	if (!e)
		return false;
	touch(q, e, NAT64_IPV6);
	out = quick_6to4(&q->c, h, segment, to);
	patch(p, 40, plain_delta(out.src, out.dst, h.src, h.dst, false),
	      h.proto, 0, (uint16_t)to.port);
	replace(p, 40, 20);
	hdr4_store(p->data, out);
	return true;
}

static bool carry4(struct pair *q, struct pkt *p, const uint8_t *head,
		   const struct plain_size *s)
{
	struct quick_key k;
	struct quick_to to;
	struct quick *e;
	struct hdr4 h;
	struct hdr6 out;

	if (!quick_from4(&q->c, head, s, &h, &k))
		return false;
	e = quick_find(q->t, &k, &to);
	if (!e)
		return false;
	touch(q, e, NAT64_IPV4);
	out = quick_4to6(&q->c, h, to);
	patch(p, 20, plain_delta(h.src, h.dst, out.src, out.dst, true), h.proto,
	      2, (uint16_t)to.port);
	replace(p, 20, 40);
	hdr6_store(p->data, out);
	return true;
}

static bool carry(struct pair *q, struct pkt *p)
{
	const struct plain_size s = { p->len, p->gso ? p->gso_size : 0 };
	uint8_t head[QUICK_HEAD6] = { 0 };

	memcpy(head, p->data, p->len < sizeof(head) ? p->len : sizeof(head));
	if (!(p->data[0] >> 4 == 4 ? carry4(q, p, head, &s)
				   : carry6(q, p, head, &s)))
		return false;
	q->carried++;
	return true;
}

/* As the kernel does: by the table, or else by the NAT64. */
static bool pair_send(struct pair *q, struct seg s)
{
	uint8_t bytes[2048];
	const size_t len = seg_write(bytes, &s);

	world_buffer(q->w, len);
	memcpy(q->w->p.data, bytes, len);
	if (carry(q, &q->w->p)) {
		q->w->r = xlat_forward();
		return true;
	}
	send_raw(q->w, bytes, len);
	return false;
}

/* A connection that is up: the port it has in the pool. */
static uint16_t connect_tcp(struct pair *q, uint16_t port)
{
	const uint16_t pool = bind_port(q->w, tcp6(ANN, port, Z, 80, SYN));

	cr_assert_not(pair_send(q, tcp4(Z, 80, T1, pool, SYN | ACK)));
	expect_forward(q->w);
	return pool;
}

/* Packets of a second until it is in the table. */
static unsigned int warm_up(struct pair *q, struct seg s)
{
	for (unsigned int i = 0; i < 20; i++) {
		if (pair_send(q, s))
			return i;
		expect_forward(q->w);
	}
	return 20;
}

#define connected(q, pool)                                                     \
	struct pair q;                                                         \
	uint16_t pool;                                                         \
                                                                               \
	pair_begin(&q, world_default());                                       \
	pool = connect_tcp(&q, 4000)

Test(nat64_quick, worth_it)
{
	struct pair q;

	pair_begin(&q, world_default());
	cr_expect_eq(warm_up(&q, udp6(ANN, 4000, Z, 53)), 9,
		     "the first one begins it, eight more make it busy");
	expect_seg(q.w, (struct seg){ .version = 4,
				      .a4 = T1,
				      .b4 = Z,
				      .sport = got_port(q.w),
				      .dport = 53,
				      .proto = UDP_PROTO,
				      .len = 10,
				      .ttl = 63 });
	cr_expect(pair_send(&q, udp4(Z, 53, T1, got_port(q.w))));
	pair_end(&q);
}

Test(nat64_quick, not_worth_it)
{
	struct pair q;

	pair_begin(&q, world_default());
	for (unsigned int i = 0; i < 200; i++) {
		cr_assert_not(pair_send(&q, udp6(ANN, 4000, Z, 53)));
		if (i % 8 == 7)
			wait_s(q.w, 1);
	}
	pair_end(&q);
}

Test(nat64_quick, off)
{
	struct pair q;

	pair_begin(&q, world_default());
	nat64_quicken(q.w->n, NULL);
	cr_expect_eq(warm_up(&q, udp6(ANN, 4000, Z, 53)), 20);
	pair_end(&q);
}

Test(nat64_quick, nothing_before_it_is_told)
{
	struct pair q;

	pair_begin(&q, world_default());
	q.c = (struct quick_config){ .pool6_len = 0 };
	cr_expect_eq(warm_up(&q, udp6(ANN, 4000, Z, 53)), 20);
	cr_expect_not(pair_send(&q, udp4(Z, 53, T1, got_port(q.w))));
	pair_end(&q);
}

Test(nat64_quick, only_established)
{
	struct pair q;
	uint16_t pool;

	pair_begin(&q, world_default());
	pool = bind_port(q.w, tcp6(ANN, 4000, Z, 80, SYN));
	cr_expect_eq(warm_up(&q, tcp6(ANN, 4000, Z, 80, ACK)), 20);
	pair_send(&q, tcp4(Z, 80, T1, pool, SYN | ACK));
	wait_s(q.w, 1);
	cr_expect_eq(warm_up(&q, tcp6(ANN, 4000, Z, 80, ACK)), 9);
	cr_expect(pair_send(&q, tcp4(Z, 80, T1, pool, ACK)));
	pair_end(&q);
}

Test(nat64_quick, no_ping)
{
	struct pair q;

	pair_begin(&q, world_default());
	cr_expect_eq(warm_up(&q, ping6(ANN, 7, Z)), 20);
	pair_end(&q);
}

Test(nat64_quick, no_hairpin)
{
	struct pair q;
	uint16_t pool;

	pair_begin(&q, world_default());
	pool = bind_port(q.w, udp6(BOB, 5000, Z, 53));
	cr_expect_eq(warm_up(&q, udp6(ANN, 4000, T1, pool)), 20);
	pair_end(&q);
}

/* Others may send to the port, but not this way. */
Test(nat64_quick, only_this_remote_host)
{
	connected(q, pool);

	warm_up(&q, tcp6(ANN, 4000, Z, 80, ACK));
	cr_expect(pair_send(&q, tcp4(Z, 80, T1, pool, ACK)));
	cr_expect_not(pair_send(&q, tcp4(Z, 81, T1, pool, ACK)));
	cr_expect_not(pair_send(&q, tcp4(W, 80, T1, pool, ACK)));
	cr_expect_not(pair_send(&q, udp4(Z, 80, T1, pool)));
	cr_expect_not(pair_send(&q, tcp6(BOB, 4000, Z, 80, ACK)));
	cr_expect_not(pair_send(&q, tcp6(ANN, 4002, Z, 80, ACK)));
	pair_end(&q);
}

/* Flags that the state machine of RFC 6146 (3.5.2.2) is about. */
Test(nat64_quick, reset)
{
	connected(q, pool);

	warm_up(&q, tcp6(ANN, 4000, Z, 80, ACK));
	cr_expect_not(pair_send(&q, tcp6(ANN, 4000, Z, 80, SYN)));
	cr_expect(pair_send(&q, tcp6(ANN, 4000, Z, 80, ACK)));
	cr_expect_not(pair_send(&q, tcp4(Z, 80, T1, pool, RST | ACK)));
	cr_expect_not(pair_send(&q, tcp6(ANN, 4000, Z, 80, ACK)),
		      "it has to be seen: in TRANS it tells that all is well");
	pair_end(&q);
}

/* V4 FIN RCV: the client may go on sending, and what it sends keeps the
 * session alive; after both FINs nothing does. */
Test(nat64_quick, half_closed)
{
	connected(q, pool);
	struct nat64_session_view s;

	warm_up(&q, tcp6(ANN, 4000, Z, 80, ACK));
	cr_expect_not(pair_send(&q, tcp4(Z, 80, T1, pool, FIN | ACK)));
	wait_s(q.w, 1000);
	cr_expect(pair_send(&q, tcp6(ANN, 4000, Z, 80, ACK)));
	cr_assert(find_session(q.w, TCP_PROTO, Z, 80, &s));
	cr_expect_str_eq(s.state, "V4_FIN_RCV");
	expect_life(q.w, &s, 7200);
	cr_expect_not(pair_send(&q, tcp6(ANN, 4000, Z, 80, FIN | ACK)));
	cr_expect_not(pair_send(&q, tcp6(ANN, 4000, Z, 80, ACK)));
	cr_expect_not(pair_send(&q, tcp4(Z, 80, T1, pool, ACK)));
	cr_assert(find_session(q.w, TCP_PROTO, Z, 80, &s));
	expect_life(q.w, &s, 240);
	pair_end(&q);
}

/* N64-065: whoever uses it keeps it; here nobody else does. */
Test(nat64_quick, lives_by_the_other_one)
{
	struct pair q;
	struct nat64_session_view s;
	uint16_t pool;

	pair_begin(&q, world_default());
	warm_up(&q, udp6(ANN, 4000, Z, 53));
	pool = got_port(q.w);
	for (unsigned int i = 0; i < 20; i++) {
		wait_s(q.w, 299);
		cr_assert(i & 1 ? pair_send(&q, udp6(ANN, 4000, Z, 53))
				: pair_send(&q, udp4(Z, 53, T1, pool)));
		cr_assert(find_session(q.w, UDP_PROTO, Z, 53, &s));
		expect_life(q.w, &s, 300);
	}
	wait_s(q.w, 302);
	cr_expect_not(has_session(q.w, UDP_PROTO, Z, 53));
	cr_expect_not(pair_send(&q, udp4(Z, 53, T1, pool)));
	expect_drop(q.w, WHY_NO_BINDING);
	pair_end(&q);
}

/* RFC 6146, 5.3: not by packets from the side that does not count. */
static void outside(enum nat64_outside side)
{
	struct world *w = world_new();
	struct nat64_session_view s;
	struct pair q;
	struct seg out = udp6(ANN, 4000, Z, 53);
	struct seg in;

	w->cfg.outside = side;
	world_open(w);
	pair_begin(&q, w);
	send_seg(w, out);
	in = udp4(Z, 53, T1, got_port(w));
	warm_up(&q, side == NAT64_IPV4 ? out : in);
	wait_s(w, 200);
	cr_expect(pair_send(&q, side == NAT64_IPV4 ? in : out));
	cr_assert(find_session(w, UDP_PROTO, Z, 53, &s));
	expect_life(w, &s, 100);
	cr_expect(pair_send(&q, side == NAT64_IPV4 ? out : in));
	cr_assert(find_session(w, UDP_PROTO, Z, 53, &s));
	expect_life(w, &s, 300);
	pair_end(&q);
}

Test(nat64_quick, outside_is_ipv4)
{
	outside(NAT64_IPV4);
}

Test(nat64_quick, outside_is_ipv6)
{
	outside(NAT64_IPV6);
}

/* An idle connection is probed as ever (RFC 6146, 3.5.2.2), and is then
 * nobody else's. */
Test(nat64_quick, probe)
{
	connected(q, pool);

	warm_up(&q, tcp6(ANN, 4000, Z, 80, ACK));
	wait_s(q.w, 7199);
	cr_expect_eq(q.w->built, 0);
	cr_expect(pair_send(&q, tcp4(Z, 80, T1, pool, ACK)));
	wait_s(q.w, 7199);
	cr_expect_eq(q.w->built, 0);
	wait_s(q.w, 3);
	cr_expect_eq(q.w->built, 1);
	cr_expect_not(pair_send(&q, tcp4(Z, 80, T1, pool, ACK)));
	pair_end(&q);
}

Test(nat64_quick, closed)
{
	connected(q, pool);
	struct nat64_session_view s;
	uint32_t cursor = 0;

	warm_up(&q, tcp6(ANN, 4000, Z, 80, ACK));
	cr_assert(nat64_next_session(q.w->n, &cursor, &s));
	cr_assert(nat64_close(q.w->n, cursor, q.w->now));
	cr_expect_not(pair_send(&q, tcp4(Z, 80, T1, pool, ACK)));
	expect_drop(q.w, WHY_NO_BINDING);
	pair_end(&q);
}

/* A configuration holds for what comes next, also if a review is to come. */
Test(nat64_quick, adjusted)
{
	static const struct net4 deny = { Z, 32 };
	connected(q, pool);
	struct nat64_config c = q.w->cfg;

	warm_up(&q, tcp6(ANN, 4000, Z, 80, ACK));
	c.deny4 = &deny;
	c.deny4_count = 1;
	cr_assert(nat64_adjust(q.w->n, &c));
	cr_expect_not(pair_send(&q, tcp4(Z, 80, T1, pool, ACK)));
	pair_end(&q);
}

Test(nat64_quick, moved)
{
	connected(q, pool);
	struct world *to = world_new();
	struct nat64_session_view s;

	warm_up(&q, tcp6(ANN, 4000, Z, 80, ACK));
	wait_s(q.w, 600);
	cr_expect(pair_send(&q, tcp4(Z, 80, T1, pool, ACK)));
	to->cfg.max_sessions = 500;
	to->now = q.w->now;
	world_open(to);
	cr_assert_eq(nat64_move(to->n, q.w->n, to->now), 1);
	cr_assert(find_session(to, TCP_PROTO, Z, 80, &s));
	expect_life(to, &s, 7200);
	cr_expect_not(pair_send(&q, tcp4(Z, 80, T1, pool, ACK)));
	world_free(q.w);
	q.w = to;
	cr_expect_lt(warm_up(&q, tcp6(ANN, 4000, Z, 80, ACK)), 20,
		     "and gets there again");
	pair_end(&q);
}

/* The clock of who uses it is ahead of the last packet's here. */
Test(nat64_quick, moved_while_used)
{
	connected(q, pool);
	struct world *to = world_new();

	warm_up(&q, tcp6(ANN, 4000, Z, 80, ACK));
	to->now = q.w->now;
	q.w->now += 5 * SECOND;
	cr_expect(pair_send(&q, tcp4(Z, 80, T1, pool, ACK)));
	world_open(to);
	cr_expect_eq(nat64_move(to->n, q.w->n, to->now), 1);
	world_free(to);
	pair_end(&q);
}

/* In a file it is as old as it was not used by anybody. */
Test(nat64_quick, in_a_file)
{
	connected(q, pool);
	uint8_t file[400];
	struct snapshot shot = { .now = 0 };

	warm_up(&q, tcp6(ANN, 4000, Z, 80, ACK));
	wait_s(q.w, 500);
	cr_expect(pair_send(&q, tcp4(Z, 80, T1, pool, ACK)));
	wait_s(q.w, 40);
	shot.now = q.w->now;
	cr_assert_eq(snapshot_fill(&shot, q.w->n, file, sizeof(file)),
		     SNAPSHOT_HEAD + 2 * SNAPSHOT_RECORD);
	cr_expect_eq(be_get32(file + SNAPSHOT_HEAD + 32), 40);
	pair_end(&q);
}

/* So many that sets of the table are full. */
static void crowd(struct pair *q, uint32_t remote, unsigned int *found)
{
	*found = 0;
	for (unsigned int i = 0; i < 6000; i++) {
		const struct seg s =
			udp6(ANN, (uint16_t)(10000 + i), remote, 53);

		warm_up(q, s);
	}
	for (unsigned int i = 0; i < 6000; i++)
		*found += pair_send(
			q, udp6(ANN, (uint16_t)(10000 + i), remote, 53));
}

Test(nat64_quick, crowded)
{
	struct world *w = world_new();
	struct pair q;
	unsigned int first;
	unsigned int second;
	unsigned int stay = 0;

	w->cfg.max_sessions = 20000;
	world_open(w);
	pair_begin(&q, w);
	crowd(&q, Z, &first);
	/* 12,000 ways for 8,192 entries; what is in use is not displaced. */
	cr_expect_gt(first, 3000, "%u", first);
	cr_expect_lt(first, 6000, "%u", first);
	crowd(&q, W, &second);
	cr_expect_lt(second, 1000, "%u", second);
	wait_s(w, 3);
	crowd(&q, W, &second);
	cr_expect_gt(second, 3000, "idle ones make way: %u", second);
	for (unsigned int i = 0; i < 6000; i++)
		stay += pair_send(&q, udp6(ANN, (uint16_t)(10000 + i), Z, 53));
	cr_expect_lt(stay, 3000, "%u", stay);
	cr_expect_eq(session_count(w), 12000);
	pair_end(&q);
}

/* An entry that somebody reads is not filled anew. */
Test(nat64_quick, held)
{
	connected(q, pool);

	warm_up(&q, tcp6(ANN, 4000, Z, 80, ACK));
	for (unsigned int i = 0; i < QUICK_SIZE; i++)
		q.t->entries[i].hold++;
	cr_expect(pair_send(&q, tcp4(Z, 80, T1, pool, ACK)));
	cr_expect_eq(warm_up(&q, udp6(BOB, 4000, Z, 53)), 20);
	for (unsigned int i = 0; i < QUICK_SIZE; i++)
		q.t->entries[i].hold--;
	wait_s(q.w, 1);
	cr_expect_eq(warm_up(&q, udp6(BOB, 4000, Z, 53)), 9);
	pair_end(&q);
}

/* Two NAT64s with one table: each fills and takes out its own. */
Test(nat64_quick, shared)
{
	connected(q, pool);
	struct session *s;
	struct quick_key k = quick_key4(T1, pool, Z, 80, TCP_PROTO);
	struct quick_to to;

	warm_up(&q, tcp6(ANN, 4000, Z, 80, ACK));
	q.w->n->cfg.shard = 1;
	quicken_clear(q.w->n);
	cr_expect_not_null(quick_find(q.t, &k, &to), "another's");
	q.w->n->cfg.shard = 0;
	quicken_clear(q.w->n);
	cr_expect_null(quick_find(q.t, &k, &to));
	s = session_at(q.w->n, 1);
	cr_expect_not(quicken_has(s));
	pair_end(&q);
}

struct race {
	struct pair q;
	struct quick_key k;
	atomic_bool stop;
	unsigned long found;
	unsigned long wrong;
};

static void *read_all_the_time(void *arg)
{
	struct race *r = arg;
	struct quick_to to;

	while (!r->stop) {
		if (!quick_find(r->q.t, &r->k, &to))
			continue;
		r->found++;
		r->wrong += to.addr.hi != to.addr.lo ||
			    to.port != (to.addr.lo & 0xffff);
	}
	return NULL;
}

/* The same key becomes something else again and again: who reads sees one of
 * them, and no mixture. */
Test(nat64_quick, read_while_written)
{
	struct race r = { .found = 0 };
	struct session *s;
	pthread_t thread;
	unsigned int put = 0;

	pair_begin(&r.q, world_default());
	send_seg(r.q.w, udp6(ANN, 4000, Z, 53));
	r.k = quick_key4(T1, got_port(r.q.w), Z, 53, UDP_PROTO);
	s = session_at(r.q.w->n, 1);
	cr_assert_eq(pthread_create(&thread, NULL, read_all_the_time, &r), 0);
	for (uint64_t i = 1; i < 300000 || (r.found == 0 && i < 1u << 28);
	     i++) {
		s->client = (struct addr6){ i, i };
		s->client_port = (uint16_t)i;
		quicken_add(r.q.w->n, 1);
		put += s->quick[1] != 0;
		quicken_remove(r.q.w->n, s);
	}
	r.stop = true;
	pthread_join(thread, NULL);
	cr_expect_gt(put, 1000, "%u", put);
	cr_expect_gt(r.found, 0);
	cr_expect_eq(r.wrong, 0, "%lu of %lu", r.wrong, r.found);
	pair_end(&r.q);
}

static uint64_t seed = 0x9e3779b97f4a7c15;

static uint32_t random32(void)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return (uint32_t)(seed >> 16);
}

static bool one_in(uint32_t n)
{
	return random32() % n == 0;
}

/* Mostly data; now and then what opens, closes or breaks. */
static uint8_t random_flags(void)
{
	static const uint8_t rare[] = { SYN, SYN | ACK, FIN | ACK, RST | ACK,
					0 };

	return one_in(12) ? rare[random32() % XL_COUNT(rare)] : ACK;
}

static struct seg random_seg(uint16_t port, uint16_t pool)
{
	const uint8_t proto = port & 1 ? UDP_PROTO : TCP_PROTO;
	const uint8_t flags = random_flags();
	const uint32_t remote = one_in(16) ? W : Z;
	const uint16_t rport = one_in(32) ? 81 : 80;
	struct seg s = random32() & 1
			       ? out6(proto, ANN, port, remote, rport, flags)
			       : in4(proto, remote, rport, T1, pool, flags);

	s.len = (uint16_t)(one_in(4) ? random32() % 1500 : random32() % 64);
	s.ttl = (uint8_t)(one_in(16) ? 1 + random32() % 3 : 64);
	return s;
}

/* What makes a packet another: header bytes, and what the device adds. */
static void spoil(struct pkt *p)
{
	if (one_in(8))
		p->data[random32() % (p->len < 60 ? p->len : 60)] ^=
			(uint8_t)(1u << random32() % 8);
	if (p->data[0] >> 4 == 6 && one_in(4))
		p->data[1] ^= (uint8_t)random32();
	p->partial = one_in(3);
}

/* A TCP super-packet of many segments; its headers are those of @p. */
static void grow(struct pkt *p)
{
	const bool four = p->data[0] >> 4 == 4;
	const uint32_t len = 2000 + random32() % 60000;

	if (p->data[four ? 9 : 6] != TCP_PROTO || p->len < 60 || !one_in(3))
		return;
	memset(p->data + p->len, 0x5a, len - p->len);
	p->len = len;
	p->tailroom = PKT_MAX - len;
	p->gso = PKT_GSO_TCP;
	p->gso_size = (uint16_t)(500 + random32() % 1000);
	p->partial = true;
	if (four) {
		put16(p->data + 2, len);
		put16(p->data + 10, 0);
		put16(p->data + 10, sum_end(sum_of(p->data, 20, 0)));
	} else {
		put16(p->data + 4, len - 40);
	}
}

struct twins {
	struct pair q;
	struct world *slow;
	unsigned int same;
	unsigned int super;
};

static void compare_packet(struct twins *t, bool carried)
{
	const struct pkt *a = &t->q.w->p;
	const struct pkt *b = &t->slow->p;

	cr_assert_eq(t->q.w->r.verdict, t->slow->r.verdict, "%s, %s",
		     xlat_why_name(t->q.w->r.why),
		     xlat_why_name(t->slow->r.why));
	cr_assert_eq(t->q.w->r.why, t->slow->r.why);
	if (t->slow->r.verdict == XLAT_DROP)
		return;
	cr_assert_eq(a->len, b->len);
	cr_assert_arr_eq(a->data, b->data, a->len);
	cr_assert(!carried || !b->cut);
	cr_assert_eq(a->partial, b->partial);
	cr_assert_eq(a->gso_size, b->gso_size);
}

/* The same bytes, with and without the table. */
static void send_twice(struct twins *t, struct seg s)
{
	uint8_t bytes[2048];
	const size_t len = seg_write(bytes, &s);
	struct pkt *fast = &t->q.w->p;
	struct pkt *slow = &t->slow->p;
	ptrdiff_t offset = t->slow->buf - t->q.w->buf;
	bool carried;

	world_buffer(t->q.w, len);
	memcpy(fast->data, bytes, len);
	grow(fast);
	spoil(fast);
	*slow = *fast;
	slow->data += offset;
	memcpy(slow->data, fast->data, fast->len);
	t->slow->r = nat64_packet(t->slow->n, slow, t->slow->now);
	t->super += fast->gso != PKT_GSO_NONE;
	carried = carry(&t->q, fast);
	t->q.w->r = carried ? xlat_forward()
			    : nat64_packet(t->q.w->n, fast, t->q.w->now);
	compare_packet(t, carried);
	t->same++;
}

static void compare_tables(const struct twins *t)
{
	struct nat64_session_view a;
	struct nat64_session_view b;
	uint32_t i = 0;
	uint32_t j = 0;

	while (nat64_next_session(t->slow->n, &j, &b)) {
		cr_assert(nat64_next_session(t->q.w->n, &i, &a));
		cr_assert_eq(a.proto, b.proto);
		cr_assert_eq(a.client_port, b.client_port);
		cr_assert_eq(a.pool_port, b.pool_port);
		cr_assert_eq(a.remote, b.remote);
		cr_assert_str_eq(a.state, b.state);
		cr_assert_eq(a.expires, b.expires, "%s %llu %llu", a.state,
			     (unsigned long long)a.expires,
			     (unsigned long long)b.expires);
	}
	cr_assert_not(nat64_next_session(t->q.w->n, &i, &a));
}

static void pass(struct twins *t)
{
	const double seconds =
		one_in(20) ? random32() % 4000 : (random32() % 1000) / 1000.0;

	wait_s(t->q.w, seconds);
	wait_s(t->slow, seconds);
	cr_assert_eq(t->q.w->built, t->slow->built);
}

static struct world *random_world(unsigned int i)
{
	struct world *w = world_new();

	w->cfg.outside = (enum nat64_outside)(i % 3);
	w->cfg.filtering = w->cfg.filtering_tcp = (enum nat64_filtering)(i & 1);
	w->cfg.tr.mtu6 = 1280 + 97 * (i % 4);
	w->cfg.tr.mtu4 = 1200 + 97 * (i % 4);
	w->cfg.tr.tos = i % 5 ? TOS_COPY : 0x20;
	w->cfg.tr.tc = i % 7 ? TOS_COPY : 0x40;
	w->cfg.hold_down = 0;
	world_open(w);
	return w;
}

static void run_twins(struct twins *t)
{
	uint16_t pool[4];

	for (unsigned int i = 0; i < 200; i++) {
		const uint16_t n = random32() % 4;
		const uint16_t port = (uint16_t)(4000 + n);

		if (i % 20 == 0) /* where its port is now */
			for (uint16_t j = 0; j < 4; j++) {
				struct seg s =
					out6(j & 1 ? UDP_PROTO : TCP_PROTO, ANN,
					     (uint16_t)(4000 + j), Z, 80,
					     j & 1 ? 0 : SYN);
				s.len = 0;
				pool[j] = bind_port(t->slow, s);
				send_seg(t->q.w, s);
				cr_assert_eq(got_port(t->q.w), pool[j]);
			}
		for (unsigned int j = random32() % 30; j; j--)
			send_twice(t, random_seg(port, pool[n]));
		pass(t);
		compare_tables(t);
	}
}

Test(nat64_quick, equals_core)
{
	unsigned int carried = 0;
	struct twins t;

	for (unsigned int i = 0; i < 24; i++) {
		t = (struct twins){ .slow = random_world(i) };
		pair_begin(&t.q, random_world(i));
		run_twins(&t);
		carried += t.q.carried;
		world_free(t.slow);
		pair_end(&t.q);
	}
	cr_expect_gt(carried, 10000, "%u", carried);
	cr_expect_gt(t.super, 100, "%u", t.super);
}
