/* SPDX-License-Identifier: MIT */
/*
 * The DNS codec: names, limits, compression, and hostile bytes. Messages are
 * put at the end of an allocation of exactly their size, so that the address
 * sanitizer sees any look beyond.
 */
#include <criterion/criterion.h>

#include "dns/query.h"
#include "dns_help.h"

static const char empty_header[13] = "\0\1\1\0\0\0\0\0\0\0\0\0";

/* Read the name at @pos of a header followed by @n bytes. */
static bool read_name_at(const char *bytes, size_t n, uint32_t *pos,
			 struct msg_name *name)
{
	uint8_t *exact = malloc(12 + n);
	struct msg_reader r;
	bool fine;

	memcpy(exact, empty_header, 12);
	memcpy(exact + 12, bytes, n);
	fine = msg_read(&r, exact, 12 + n) && msg_read_name(&r, pos, name);
	free(exact);
	return fine;
}

#define READ(bytes, at, name)                                                  \
	(pos = (at), read_name_at(bytes, sizeof(bytes) - 1, &pos, name))

Test(dns_msg, names)
{
	struct msg_name n;
	uint32_t pos;

	cr_assert(READ("\3www\7example\0", 12, &n));
	cr_expect_eq(pos, 25);
	cr_expect_eq(n.len, 13);
	cr_expect_arr_eq(n.b, "\3www\7example\0", 13);
	cr_assert(READ("\7example\0\3www\300\14", 21, &n));
	cr_expect_eq(pos, 27);
	cr_expect_eq(n.len, 13);
	cr_expect_arr_eq(n.b, "\3www\7example\0", 13);
	cr_assert(READ("\0", 12, &n));
	cr_expect_eq(n.len, 1);
	cr_assert(READ("\3a\0.\0", 12, &n), "any byte in a label");
	cr_expect_arr_eq(n.b, "\3a\0.\0", 5);
}

Test(dns_msg, malformed_names)
{
	struct msg_name n;
	uint32_t pos;

	cr_expect_not(READ("\3ww", 12, &n), "leaves the message");
	cr_expect_not(READ("\3www", 12, &n), "has no end");
	cr_expect_not(READ("\300", 12, &n), "half a pointer");
	cr_expect_not(READ("\300\14", 12, &n), "points at itself");
	cr_expect_not(READ("\300\16\0", 12, &n), "points forwards");
	cr_expect_not(READ("\1a\300\14", 12, &n), "loops");
	cr_expect_not(READ("\300\20\300\14\300\16", 16, &n), "loops via two");
	cr_expect_not(READ("\300\4", 12, &n), "points into the header");
	cr_expect_not(READ("\300\377", 12, &n), "points outside");
	cr_expect_not(READ("\100a\0", 12, &n), "label type of the past");
	cr_expect_not(READ("\200a\0", 12, &n), "label type of the past");
}

/* @labels labels of @size bytes, and one of @rest unless that is 0. */
static size_t long_name(char *out, unsigned int labels, unsigned int size,
			unsigned int rest)
{
	size_t n = 0;

	for (unsigned int i = 0; i <= labels; i++) {
		const unsigned int len = i < labels ? size : rest;

		if (!len)
			break;
		out[n++] = (char)len;
		memset(out + n, 'x', len);
		n += len;
	}
	out[n++] = 0;
	return n;
}

Test(dns_msg, name_length)
{
	char bytes[400];
	struct msg_name n;
	uint32_t pos = 12;
	size_t len;

	len = long_name(bytes, 3, 63, 61);
	cr_assert_eq(len, 255);
	cr_expect(read_name_at(bytes, len, &pos, &n));
	cr_expect_eq(n.len, 255);
	pos = 12;
	len = long_name(bytes, 3, 63, 62);
	cr_expect_not(read_name_at(bytes, len, &pos, &n), "256 bytes");
	pos = 12;
	len = long_name(bytes, 127, 1, 0);
	cr_assert_eq(len, 255);
	cr_expect(read_name_at(bytes, len, &pos, &n));
	cr_expect_eq(msg_name_labels(&n), 127);
}

/* A message of nothing but pointers, each to the one before, must not cost
 * the square of its length: the chain is cut short. */
Test(dns_msg, pointer_chain)
{
	static uint8_t bytes[12 + 1 + 2 * 1000];
	struct msg_reader r;
	struct msg_name n;
	uint32_t pos;

	memcpy(bytes, empty_header, 12);
	for (uint32_t i = 0, at = 13; i < 1000; i++, at += 2) {
		const uint32_t to = i ? at - 2 : 12;

		bytes[at] = (uint8_t)(0xc0 | to >> 8);
		bytes[at + 1] = (uint8_t)to;
	}
	cr_assert(msg_read(&r, bytes, sizeof(bytes)));
	pos = 13 + 2 * 100;
	cr_expect(msg_read_name(&r, &pos, &n));
	pos = 13 + 2 * 999;
	cr_expect_not(msg_read_name(&r, &pos, &n));
}

static struct msg_name name_of(const char *text)
{
	struct msg_name n;
	struct dm m = { .n = 0 };

	dm_name(&m, text);
	memcpy(n.b, m.b, m.n);
	n.len = (uint8_t)m.n;
	return n;
}

/* What is behind the end of a message may be of an earlier one: a name that
 * has an ending like itself must not be taken for whole there. */
Test(dns_msg, name_that_repeats_itself)
{
	static const char *const names[] = { "x.x", "x.y.x.y", "x.x.x.x" };
	struct msg_name n;
	struct msg_writer w;
	uint8_t buf[64];

	for (unsigned int i = 0; i < 3; i++)
		for (unsigned int stale = 0; stale < 20; stale++) {
			n = name_of(names[i]);
			memset(buf, 0, sizeof(buf));
			/* The name was here before, a bit in front. */
			memcpy(buf + 12 + stale % 5, n.b, n.len);
			buf[12 + stale] = 0;
			msg_write(&w, buf, sizeof(buf), 1, 0);
			msg_put_name(&w, &n, true);
			cr_expect_eq(w.len, 12u + n.len, "%u %u", i, stale);
			cr_expect_arr_eq(buf + 12, n.b, n.len, "%u %u", i,
					 stale);
		}
}

Test(dns_msg, comparing_names)
{
	const struct msg_name a = name_of("Www.Example"),
			      b = name_of("wwW.eXample"),
			      c = name_of("ww.wexample"), root = name_of(""),
			      zone = name_of("EXAMPLE");
	/* '@' and '`', '[' and '{' differ by the bit of letter case only. */
	const struct msg_name d = name_of("@["), e = name_of("`{");
	struct msg_name t;

	cr_expect(msg_name_equal(&a, &b));
	cr_expect_not(msg_name_equal(&a, &c));
	cr_expect_not(msg_name_equal(&d, &e));
	cr_expect(msg_name_within(&a, &zone));
	cr_expect(msg_name_within(&zone, &zone));
	cr_expect(msg_name_within(&a, &root));
	cr_expect_not(msg_name_within(&c, &zone), "ends alike");
	cr_expect_not(msg_name_within(&zone, &a));
	t = msg_name_tail(&a, 1);
	cr_expect(msg_name_equal(&t, &zone));
	t = msg_name_tail(&a, 2);
	cr_expect(msg_name_equal(&t, &root));
}

Test(dns_msg, appending_labels)
{
	struct msg_name n = { 1, { 0 } };
	char label[64] = { 0 };

	cr_expect(msg_name_append(&n, "www", 3));
	cr_expect(msg_name_append(&n, "example", 7));
	cr_expect_eq(n.len, 13);
	cr_expect_arr_eq(n.b, "\3www\7example\0", 13);
	cr_expect_not(msg_name_append(&n, "", 0));
	cr_expect_not(msg_name_append(&n, label, 64));
	n = (struct msg_name){ 1, { 0 } };
	for (int i = 0; i < 3; i++)
		cr_expect(msg_name_append(&n, label, 63));
	cr_expect_not(msg_name_append(&n, label, 62));
	cr_expect(msg_name_append(&n, label, 61));
	cr_expect_eq(n.len, 255);
}

/* Compression by hand: RFC 1035, 4.1.4. */
Test(dns_msg, compression)
{
	const struct msg_name a = name_of("www.example"),
			      b = name_of("ftp.EXAMPLE");
	uint8_t buf[100];
	struct msg_writer w;

	msg_write(&w, buf, sizeof(buf), 0, 0);
	msg_put_name(&w, &a, true);
	msg_put_name(&w, &b, true);
	msg_put_name(&w, &a, true);
	msg_put_name(&w, &b, false);
	cr_assert_eq(w.len, 12 + 13 + 6 + 2 + 13);
	cr_expect_arr_eq(buf + 25, "\3ftp\300\20", 6);
	cr_expect_arr_eq(buf + 31, "\300\14", 2);
	cr_expect_arr_eq(buf + 33, "\3ftp\7EXAMPLE\0", 13);
}

/* Names beyond what a pointer can reach are not pointed at. */
Test(dns_msg, compression_far_away)
{
	static uint8_t buf[20000], filler[16400];
	const struct msg_name a = name_of("a.example");
	struct msg_writer w;

	msg_write(&w, buf, sizeof(buf), 0, 0);
	msg_put_bytes(&w, filler, sizeof(filler));
	msg_put_name(&w, &a, true);
	msg_put_name(&w, &a, true);
	cr_expect_eq(w.len, 12 + 16400 + 11 + 11);
}

/* A message with a bit of everything, compressed by hand. */
static size_t rich(uint8_t *out, uint16_t id)
{
	static const char bytes[] =
		"\0\0\201\200\0\1\0\3\0\2\0\2"
		/* 12: www.example AAAA? */
		"\3www\7example\0\0\34\0\1"
		/* www.example CNAME a.example */
		"\300\14\0\5\0\1\0\0\0\36\0\4\1a\300\20"
		/* a.example MX 10 www.example */
		"\1a\300\20\0\17\0\1\0\0\0\36\0\4\0\12\300\14"
		/* a.example AAAA */
		"\1a\300\20\0\34\0\1\0\0\0\36\0\20"
		"\40\1\15\270\0\0\0\0\0\0\0\0\0\0\0\1"
		/* example SOA ns.example who.example */
		"\300\20\0\6\0\1\0\0\0\36\0\37\2ns\300\20\3who\300\20"
		"\0\0\0\1\0\0\0\2\0\0\0\3\0\0\0\4\0\0\0\5"
		/* example NAPTR 1 2 "s" "x" "" www.example */
		"\300\20\0\43\0\1\0\0\0\36\0\13\0\1\0\2\1s\1x\0\300\14"
		/* ns.example A */
		"\2ns\300\20\0\1\0\1\0\0\0\36\0\4\300\0\2\1"
		/* OPT with an extended error */
		"\0\0\51\4\320\0\0\0\0\0\10\0\17\0\4\0\26ab";

	memcpy(out, bytes, sizeof(bytes) - 1);
	out[0] = (uint8_t)(id >> 8);
	out[1] = (uint8_t)id;
	return sizeof(bytes) - 1;
}

static struct msg_question rich_question(void)
{
	return (struct msg_question){ name_of("www.example"), 28, 1 };
}

Test(dns_msg, copying_expands_old_types_only)
{
	static const char *const expect =
		"0 qr rd ra\n"
		"an www.example. 30 CNAME a.example.\n"
		"an a.example. 30 TYPE15 000ac00c\n"
		"an a.example. 30 AAAA 2001:db8::1\n"
		"ns example. 30 SOA ns.example.\n"
		"ns example. 30 TYPE35 0001000201730178000377777707"
		"6578616d706c6500\n"
		"ar ns.example. 30 A 192.0.2.1\n";
	uint8_t bytes[400], out[600];
	const size_t len = rich(bytes, 1);
	struct msg_question q;
	struct msg_writer w;
	struct msg_reader r;
	struct msg_rr rr;

	cr_assert(msg_read(&r, bytes, len));
	cr_assert(msg_read_question(&r, &q));
	msg_write(&w, out, sizeof(out), 1, 0x8180);
	while (msg_read_rr(&r, &rr) == MSG_RR)
		if (rr.type != MSG_OPT)
			cr_assert(msg_copy_rr(&w, &r, &rr));
	cr_assert_eq(r.pos, len);
	cr_expect_str_eq(show(out, w.len), expect);
}

/* The writer keeps to any size, and what it wrote whole can be read. */
Test(dns_msg, writer_keeps_to_its_room)
{
	uint8_t bytes[400];
	const size_t len = rich(bytes, 1);
	struct msg_question q;
	struct msg_writer w;
	struct msg_reader r;
	struct msg_rr rr;

	for (size_t size = 12; size < 400; size++) {
		uint8_t *exact = malloc(size);

		cr_assert(msg_read(&r, bytes, len));
		msg_write(&w, exact, size, 1, 0);
		cr_assert(msg_read_question(&r, &q));
		msg_put_question(&w, &q);
		while (msg_read_rr(&r, &rr) == MSG_RR)
			cr_assert(msg_copy_rr(&w, &r, &rr));
		cr_expect_leq(w.len, size);
		if (!w.full)
			cr_expect_null(strstr(show(exact, w.len), "BAD"));
		free(exact);
	}
}

static struct query query;
static struct synth synth;
static uint8_t reply[MSG_MAX];

static void machine(void)
{
	static const struct query_allow all = { .synth = &synth };

	synth.prefixes[0] = (struct pref64){ { 0x20010db800000000ull, 0 }, 32 };
	synth.prefix_count = 1;
	synth.ptr = true;
	query.allow = &all;
	query.allow_count = 1;
	query.up.server_count = 1;
	query.up.ask_count = 2;
	query.slot_count = 2;
	query.cache_size = CACHE_MIN;
	query_init(&query, calloc(1, query_memory(&query)),
		   (struct siphash_key){ 3, 4 });
}

/* Answer what is asked with @data, and where that is no answer, fail; until
 * there is nothing more to do. Return: replies, all of them well-formed. */
static unsigned int run(struct query_step step, const uint8_t *data, size_t len)
{
	const struct query_event ev = { .random = 1,
					.buf = reply,
					.count = query.count };
	unsigned int replies = 0;

	while (step.what != QUERY_WAIT && step.what != QUERY_DROP) {
		const uint32_t ask = step.ask;

		if (step.what == QUERY_REPLY) {
			replies++;
			cr_assert_null(strstr(show(reply, step.len), "BAD"));
		}
		if (step.what != QUERY_ASK) {
			step = query_next(&query, &ev);
			continue;
		}
		step = query_answered(&query, &ev, ask, data, len);
		if (step.what == QUERY_WAIT)
			step = query_failed(&query, &ev, ask);
	}
	return replies;
}

/* One answer to a fresh question through the whole machine, and again out of
 * the cache. */
static void feed(const uint8_t *data, size_t len, uint64_t random)
{
	const struct query_event ev = { .random = 1,
					.buf = reply,
					.count = query.count };
	const struct query_client client = { .tcp = random & 1 };
	uint8_t *exact = malloc(len ? len : 1);
	struct dm m;

	memcpy(exact, data, len);
	dm_begin(&m, 9, 0x0100);
	dm_question(&m, "www.example", random & 2 ? 28 : 255);
	if (random & 4)
		dm_opt(&m, 600, 0x8000, -1);
	cache_flush(&query.cache);
	for (int i = 0; i < 2; i++)
		cr_assert_eq(run(query_asked(&query, &ev, &client, m.b, m.n),
				 exact, len),
			     1);
	cr_assert_eq(query.used, 0);
	cr_assert_eq(query.up.used, 0);
	free(exact);
}

static void feed_question(const uint8_t *data, size_t len)
{
	const struct query_event ev = { .random = 1,
					.buf = reply,
					.count = query.count };
	const struct query_client client = { .tcp = false };
	uint8_t *exact = malloc(len ? len : 1);

	memcpy(exact, data, len);
	cr_assert_leq(
		run(query_asked(&query, &ev, &client, exact, len), NULL, 0), 1);
	cr_assert_eq(query.used, 0);
	free(exact);
}

Test(dns_msg, truncated_at_every_byte)
{
	const struct msg_question q = rich_question();
	struct answer a;
	uint8_t bytes[400];
	const size_t len = rich(bytes, 1);
	unsigned int whole = 0;

	machine();
	for (size_t n = 0; n <= len; n++) {
		uint8_t *exact = malloc(n ? n : 1);

		memcpy(exact, bytes, n);
		whole += answer_read(&a, exact, n, 1, &q) == ANSWER_IS;
		free(exact);
		feed(bytes, n, 2);
		feed(bytes, n, 7);
	}
	cr_expect_eq(whole, 1, "only the whole message is an answer");
	bytes[2] &= 0x7f;
	for (size_t n = 0; n <= len; n++)
		feed_question(bytes, n);
}

static uint64_t next(uint64_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return *state;
}

/* DNS_FUZZ in the environment: that many rounds, of a seed of its own. */
Test(dns_msg, random_damage)
{
	const char *more = getenv("DNS_FUZZ");
	uint64_t state = more ? 88172645463325252ull ^ strtoull(more, NULL, 0)
			      : 88172645463325252ull;
	const uint64_t rounds = more ? strtoull(more, NULL, 0) : 20000;
	uint8_t bytes[400];
	size_t len;

	machine();
	for (uint64_t i = 0; i < rounds; i++) {
		const uint64_t flips = 1 + next(&state) % 8;

		len = rich(bytes, 1);
		for (uint64_t f = 0; f < flips; f++)
			bytes[2 + next(&state) % (len - 2)] =
				(uint8_t)(next(&state) >> 20);
		/* Mostly an answer to our question, else it ends early. */
		if (i % 8) {
			rich(bytes + 0, 1);
			for (uint64_t f = 0; f < flips; f++)
				bytes[29 + next(&state) % (len - 29)] =
					(uint8_t)(next(&state) >> 20);
		}
		feed(bytes, len, next(&state));
		bytes[2] &= 0x7f;
		feed_question(bytes, len);
	}
}
