/* SPDX-License-Identifier: MIT */
/*
 * dns_scene.h - the DNS64 machine on a stage: a client, and scripted servers
 *
 * ask() is the client, answer() and what follows it up to send_answer() the
 * server that was asked; ASKS() and REPLIES() compare what the machine does
 * with text (see show()).
 */
#ifndef TEST_DNS_SCENE_H
#define TEST_DNS_SCENE_H

#include <criterion/criterion.h>

#include "dns/query.h"
#include "dns_help.h"

#define MS      1000000ull
#define SECONDS (1000 * MS)
#define NO_EDNS 0u
#define EDNS    1u
#define DO      2u
#define CD      4u
#define WKP                                                                    \
	{                                                                      \
		{ 0x0064ff9b00000000ull, 0 }, 96                               \
	}

static struct synth synth;
static struct query query;
static struct query_event event;
static struct query_step step;
static struct dm msg; /* from the client or the server */
static uint8_t reply_buf[MSG_MAX];
static uint8_t asked[UPSTREAM_QUESTION_MAX];
static uint32_t asked_len;
static void *memory;

static const struct query_allow allow[] = {
	{ { { 0x20010db800000000ull, 0 }, 32 }, &synth },
};
static struct query_client client;

/* @cache: bytes of it, or 0 */
static inline void scene(uint32_t cache)
{
	memset(&synth, 0, sizeof(synth));
	synth.prefixes[0] = (struct pref64)WKP;
	synth.prefix_count = 1;
	synth.exclude6[0] = (struct synth_net6){ { 0, 0xffff00000000ull }, 96 };
	synth.exclude6_count = 1;
	synth.ptr = true;
	client = (struct query_client){ .addr = { 0x20010db800000000ull, 7 },
					.port = 4242 };
	memset(&query, 0, sizeof(query));
	query.allow = allow;
	query.allow_count = 1;
	query.up.server_count = 1;
	query.up.ask_count = 8;
	query.slot_count = 4;
	query.cache_size = cache;
	memory = calloc(1, query_memory(&query));
	query_init(&query, memory, (struct siphash_key){ 1, 2 });
	/* These servers are known to have no cookies. */
	for (unsigned int i = 0; i < UPSTREAM_SERVERS; i++)
		query.up.servers[i].cookie.until = UINT64_MAX;
	event = (struct query_event){ .now = 1000 * MS,
				      .random = 0x1234abcd,
				      .buf = reply_buf,
				      .count = query.count };
}

static inline void scene_end(void)
{
	free(memory);
}

/* A suite whose tests begin with a scene of their own. */
#define SCENES(suite, cache)                                                   \
	static void suite##_begin(void)                                        \
	{                                                                      \
		scene(cache);                                                  \
	}                                                                      \
	TestSuite(suite, .init = suite##_begin, .fini = scene_end)

/* Keep the question that the machine now asks, if it does; nothing but the
 * end of an ask may follow. */
static inline void look(void)
{
	struct query_step more;

	event.random =
		event.random * 6364136223846793005ull + 1442695040888963407ull;
	asked_len = 0;
	if (step.what == QUERY_ASK)
		asked_len = query_question(&query, step.ask, asked);
	while ((more = query_next(&query, &event)).what != QUERY_WAIT)
		cr_assert_eq(more.what, QUERY_CLOSE);
}

/* The client sends what is in @msg. */
static inline void ask_msg(void)
{
	step = query_asked(&query, &event, &client, msg.b, msg.n);
	look();
}

static inline void ask(const char *name, unsigned int type, unsigned int how)
{
	dm_begin(&msg, 0x7777, 0x0100u | (how & CD ? 0x10u : 0));
	dm_question(&msg, name, type);
	if (how & (EDNS | DO))
		dm_opt(&msg, 4096, how & DO ? 0x8000 : 0, -1);
	ask_msg();
}

/* Begin an answer to what was asked last. */
static inline void answer(unsigned int rcode)
{
	struct msg_reader r;
	size_t n;

	cr_assert(msg_read(&r, asked, asked_len), "nothing was asked");
	for (n = 12; asked[n]; n += asked[n] + 1u)
		;
	dm_begin(&msg, msg_id(&r), 0x8180u | rcode);
	dm_bytes(&msg, asked + 12, n + 5 - 12);
	dm_bump(&msg, 0);
}

static inline void send_answer(void)
{
	step = query_answered(&query, &event, step.ask, msg.b, msg.n);
	look();
}

#define ASKS(text)                                                             \
	cr_expect_str_eq(step.what == QUERY_ASK ? show(asked, asked_len)       \
						: "asks nothing",              \
			 text)
#define REPLIES(text)                                                          \
	cr_expect_str_eq(step.what == QUERY_REPLY ? show(reply_buf, step.len)  \
						  : "does not reply",          \
			 text)

/* An answer to the AAAA question that there is nothing, SOA with @ttl. */
static inline void no_aaaa(const char *zone, unsigned long ttl)
{
	answer(0);
	dm_soa(&msg, zone, ttl);
	send_answer();
}

/* An answer to the A question: one address. */
static inline void one_a(const char *name, unsigned long ttl, const char *addr)
{
	answer(0);
	dm_a(&msg, name, ttl, addr);
	send_answer();
}

#endif
