/* SPDX-License-Identifier: MIT */
/* The sessions as a file: what comes back, what does not, and files that are
 * none. Time is virtual, the machine's clocks are made up. */
#include "nat64/snapshot.h"
#include "nat64_help.h"

struct file {
	uint8_t bytes[65536];
	size_t len;
};

static struct snapshot_origin at(uint64_t up, uint64_t wall, uint8_t boot)
{
	return (struct snapshot_origin){ .up = up,
					 .wall = wall,
					 .boot = { boot } };
}

/* Made in pieces of @room bytes. */
static void save(const struct world *w, struct file *f, size_t room)
{
	struct snapshot s = { .origin = at(1000, 1700000000, 7),
			      .now = w->now };
	size_t n;

	f->len = 0;
	while ((n = snapshot_fill(&s, w->n, f->bytes + f->len, room)))
		f->len += n;
}

/* As plat does it. Return: sessions restored. */
static size_t load(struct world *w, struct file *f, uint32_t away)
{
	const char *wrong = snapshot_check(w->n, f->bytes, f->len);
	const size_t count = snapshot_count(f->len);
	const uint8_t *record = snapshot_first(f->bytes);
	size_t good = 0;

	cr_assert_null(wrong, "%s", wrong);
	for (size_t i = 0; i < count; i++, record += SNAPSHOT_RECORD)
		good += snapshot_restore(w->n, record, away, w->now);
	return good;
}

/* One session of each kind; @ports: what they got. */
static struct world *world_with_sessions(uint16_t ports[3])
{
	struct world *w = world_default();

	ports[0] = bind_port(w, udp6(C1, 4000, Z, 53));
	ports[1] = bind_port(w, tcp6(C1, 4001, Z, 80, SYN));
	send_seg(w, tcp4(Z, 80, T1, ports[1], SYN | ACK));
	send_seg(w, tcp6(C1, 4001, Z, 80, ACK));
	ports[2] = bind_port(w, ping6(C1, 9, Z));
	cr_assert_eq(session_count(w), 3);
	return w;
}

static struct file file;

Test(nat64_snapshot, sessions_go_on)
{
	uint16_t ports[3];
	struct world *a = world_with_sessions(ports);
	struct world *b = world_new();

	save(a, &file, 4000);
	b->now = a->now + 5 * SECOND;
	b->cfg.key[0] ^= 99; /* each run has another */
	world_open(b);
	cr_assert_eq(load(b, &file, 5), 3);
	send_seg(b, udp4(Z, 53, T1, ports[0]));
	expect_seg(b, (struct seg){ .version = 6,
				    .a6 = under_p(Z),
				    .b6 = ip6(C1),
				    .sport = 53,
				    .dport = 4000,
				    .proto = UDP_PROTO,
				    .ttl = 63,
				    .len = 10 });
	send_seg(b, tcp4(Z, 80, T1, ports[1], ACK));
	expect_forward(b);
	send_seg(b, tcp6(C1, 4001, Z, 80, ACK));
	cr_expect_eq(got_port(b), ports[1]);
	send_seg(b, ping4(Z, T1, ports[2], 0));
	expect_forward(b);
	/* nothing new came to be by that; a new one keeps its binding */
	cr_expect_eq(session_count(b), 3);
	cr_expect_eq(bind_port(b, udp6(C1, 4000, W, 53)), ports[0]);
	cr_expect_eq(binding_count(b), 3);
	world_free(a);
	world_free(b);
}

Test(nat64_snapshot, lifetimes_go_on)
{
	uint16_t ports[3];
	struct world *a = world_with_sessions(ports);
	struct world *b = world_new();
	struct nat64_session_view s;

	wait_s(a, 40);
	save(a, &file, 4000);
	b->now = 90000 * SECOND; /* its clock is another one */
	world_open(b);
	cr_assert_eq(load(b, &file, 10), 3);
	cr_assert(find_session(b, UDP_PROTO, Z, 53, &s));
	expect_life(b, &s, 300 - 50);
	cr_assert(find_session(b, TCP_PROTO, Z, 80, &s));
	expect_life(b, &s, 7200 - 50);
	cr_expect_str_eq(s.state, "ESTABLISHED");
	cr_assert(find_session(b, ICMP4_PROTO, Z, 0, &s));
	expect_life(b, &s, 60 - 50);
	wait_s(b, 12);
	cr_expect_eq(session_count(b), 2);
	wait_s(b, 240);
	cr_expect_eq(session_count(b), 1);
	world_free(a);
	world_free(b);
}

/* Away for longer than a session lives. */
Test(nat64_snapshot, what_has_run_out_does_not_come_back)
{
	static const struct {
		uint32_t away;
		size_t left;
	} cases[] = { { 60, 3 },   { 61, 2 },   { 300, 2 },       { 301, 1 },
		      { 7200, 1 }, { 7201, 0 }, { UINT32_MAX, 0 } };
	uint16_t ports[3];
	struct world *a = world_with_sessions(ports);

	for (size_t i = 0; i < XL_COUNT(cases); i++) {
		struct world *b = world_default();

		save(a, &file, 4000);
		cr_expect_eq(load(b, &file, cases[i].away), cases[i].left,
			     "away for %u s", cases[i].away);
		world_free(b);
	}
	world_free(a);
}

/* The machine was started three seconds ago. */
Test(nat64_snapshot, older_than_the_machine_is_up)
{
	uint16_t ports[3];
	struct world *a = world_with_sessions(ports);
	struct world *b = world_new();

	wait_s(a, 50);
	save(a, &file, 4000);
	b->now = 3 * SECOND;
	world_open(b);
	cr_assert_eq(load(b, &file, 0), 3);
	wait_s(b, 62);
	cr_expect_eq(session_count(b), 2);
	wait_s(b, 7300);
	wait_s(b, 300);
	cr_expect_eq(session_count(b), 0);
	world_free(a);
	world_free(b);
}

Test(nat64_snapshot, clock_jumps)
{
	static const struct {
		uint64_t up;
		uint64_t wall;
		uint8_t boot;
		uint32_t away;
	} cases[] = {
		/* the same start of the machine: its clock is right */
		{ 1042, 1700000042, 7, 42 },
		{ 1042, 0, 7, 42 },
		{ 1042, 1900000000, 7, 42 },
		{ 999, 1700000042, 7, 0 },
		/* another: the calendar has to do */
		{ 3, 1700000042, 8, 42 },
		{ 3, 1699999999, 8, 0 },
		{ 3, 0, 8, 0 },
		{ 3, UINT64_MAX, 8, UINT32_MAX },
	};
	struct world *w = world_default();

	save(w, &file, 4000);
	for (size_t i = 0; i < XL_COUNT(cases); i++) {
		const struct snapshot_origin now =
			at(cases[i].up, cases[i].wall, cases[i].boot);

		cr_expect_eq(snapshot_away(file.bytes, &now), cases[i].away,
			     "case %zu", i);
	}
	world_free(w);
}

/* However small the pieces, the file is the same. */
Test(nat64_snapshot, made_in_pieces)
{
	static struct file other;
	struct world *w = world_default();

	for (uint16_t port = 1; port <= 500; port++)
		send_seg(w, udp6(C1, port, Z, 53));
	save(w, &file, 16000);
	cr_assert_eq(file.len, 120 + 500 * 40 + 40);
	for (size_t room = SNAPSHOT_HEAD; room < 400; room += 7) {
		save(w, &other, room);
		cr_assert_eq(other.len, file.len);
		cr_assert(memcmp(other.bytes, file.bytes, file.len) == 0);
	}
	world_free(w);
}

Test(nat64_snapshot, a_cut_file_is_refused)
{
	uint16_t ports[3];
	struct world *w = world_with_sessions(ports);

	save(w, &file, 4000);
	for (size_t len = 0; len < file.len; len++) {
		const char *wrong = snapshot_check(w->n, file.bytes, len);

		cr_assert_str_eq(wrong, len ? "is cut off" : "is empty");
		cr_assert(snapshot_is_ours(file.bytes, len));
	}
	world_free(w);
}

Test(nat64_snapshot, zeros_are_empty_and_nobody_elses)
{
	static uint8_t zeros[4096];
	uint16_t ports[3];
	struct world *w = world_with_sessions(ports);

	for (size_t len = 1; len < sizeof(zeros); len += 7) {
		cr_assert_str_eq(snapshot_check(w->n, zeros, len), "is empty");
		cr_assert(snapshot_is_ours(zeros, len));
	}
	zeros[4000] = 1;
	cr_assert_not(snapshot_is_ours(zeros, sizeof(zeros)));
	world_free(w);
}

Test(nat64_snapshot, any_changed_bit_is_noticed)
{
	uint16_t ports[3];
	struct world *w = world_with_sessions(ports);

	save(w, &file, 4000);
	for (size_t bit = 0; bit < file.len * 8; bit++) {
		file.bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
		cr_assert_not_null(snapshot_check(w->n, file.bytes, file.len),
				   "bit %zu", bit);
		file.bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
	cr_expect_null(snapshot_check(w->n, file.bytes, file.len));
	world_free(w);
}

Test(nat64_snapshot, files_of_others)
{
	struct world *w = world_default();
	struct world *other = world_new();

	save(w, &file, 4000);
	other->cfg.pool6.prefix.hi ^= 1;
	world_open(other);
	cr_expect_str_eq(snapshot_check(other->n, file.bytes, file.len),
			 "is of another pool6");
	file.bytes[19]++;
	cr_expect_str_eq(snapshot_check(w->n, file.bytes, file.len),
			 "is of another version of xlat");
	cr_expect(snapshot_is_ours(file.bytes, file.len));
	file.bytes[0]++;
	cr_expect(!snapshot_is_ours(file.bytes, file.len));
	world_free(w);
	world_free(other);
}

/* What the configuration does not allow any more stays out. */
Test(nat64_snapshot, another_configuration)
{
	static const struct net6 only[] = { { { 0x20010db8000d0000, 0 }, 48 } };
	uint16_t ports[3];
	struct world *a = world_with_sessions(ports);
	struct world *b;

	save(a, &file, 4000);
	b = world_new();
	b->cfg.pool4[0].first = b->cfg.pool4[0].last = T2;
	world_open(b);
	cr_expect_eq(load(b, &file, 0), 0, "another pool4");
	world_free(b);

	b = world_new();
	b->cfg.pool4[0].port_max = (uint16_t)(ports[0] - 1);
	world_open(b);
	cr_expect_lt(load(b, &file, 0), 3, "fewer ports");
	cr_expect(!has_session(b, UDP_PROTO, Z, 53));
	world_free(b);

	b = world_new();
	b->cfg.allow6 = only;
	b->cfg.allow6_count = 1;
	world_open(b);
	cr_expect_eq(load(b, &file, 0), 0, "not served any more");
	cr_expect_eq(binding_count(b), 0);
	world_free(b);

	b = world_new();
	b->cfg.tr.allow4_count = 0;
	world_open(b);
	cr_expect_eq(load(b, &file, 0), 0, "not reachable any more");
	world_free(b);

	b = world_new();
	b->cfg.max_sessions = 2;
	world_open(b);
	cr_expect_eq(load(b, &file, 0), 2, "a smaller table");
	cr_expect_eq(binding_count(b), 2);
	world_free(b);
	world_free(a);
}

/* The checksum is right, the words are not: nothing breaks, and what is in
 * the tables works. */
Test(nat64_snapshot, nonsense_that_is_whole)
{
	uint16_t ports[3];
	struct world *a = world_with_sessions(ports);
	struct world *b = world_default();
	uint32_t seed = 1;

	save(a, &file, 4000);
	for (unsigned int round = 0; round < 20000; round++) {
		uint8_t record[SNAPSHOT_RECORD];

		memcpy(record, file.bytes + SNAPSHOT_HEAD + round % 3 * 40, 40);
		for (unsigned int i = 0; i < 2; i++) {
			seed = seed * 1664525 + 1013904223;
			record[(seed >> 8) % 40] = (uint8_t)(seed >> 24);
		}
		(void)!snapshot_restore(b->n, record, 0, b->now);
	}
	cr_expect_gt(session_count(b), 10);
	wait_s(b, 8000);
	wait_s(b, 8000);
	cr_expect_eq(session_count(b), 0);
	cr_expect_eq(binding_count(b), 0);
	world_free(a);
	world_free(b);
}

/* Twice the same file: each session once. */
Test(nat64_snapshot, twice)
{
	uint16_t ports[3];
	struct world *a = world_with_sessions(ports);
	struct world *b = world_default();

	save(a, &file, 4000);
	cr_expect_eq(load(b, &file, 0), 3);
	cr_expect_eq(load(b, &file, 0), 0);
	cr_expect_eq(session_count(b), 3);
	cr_expect_eq(load(a, &file, 0), 0);
	world_free(a);
	world_free(b);
}
