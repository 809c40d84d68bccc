/* SPDX-License-Identifier: MIT */
/*
 * The DNS64 machine against any bytes, from clients and from servers.
 *
 * The input is a list of messages, each behind a byte that says who sends it
 * and the two of its length. After each, everything that the machine wants
 * done is done: questions are built, replies are parsed again. All memory is
 * given back in the end, whatever came.
 */
#include <string.h>

#include "fuzz.h"
#include "dns/query.h"

#define CLIENT  0u /* a question; bit 2: over TCP */
#define SERVER  1u /* an answer with the id and question that were asked */
#define RAW     2u /* an answer as it is */
#define SILENCE 3u /* time goes by */

static struct synth synth;
static struct query query;
static uint8_t reply[MSG_MAX];
static uint8_t asked[UPSTREAM_QUESTION_MAX];
static uint8_t heard[MSG_MAX];
static uint32_t asked_len;
static uint32_t last;
static struct query_event event;

/* What is sent to clients can be parsed by anybody. */
static void check_reply(const struct query_step *step)
{
	struct msg_question q;
	struct msg_reader r;
	struct msg_rr rr;
	enum msg_got got;

	CHECK(step->client.tcp || step->len <= REQUEST_UDP_SIZE);
	CHECK(msg_read(&r, reply, step->len));
	while (r.left[MSG_QUESTION])
		CHECK(msg_read_question(&r, &q));
	while ((got = msg_read_rr(&r, &rr)) == MSG_RR)
		;
	CHECK(got == MSG_END && r.pos == r.len);
}

static void run(struct query_step step)
{
	while (step.what != QUERY_WAIT && step.what != QUERY_DROP) {
		if (step.what == QUERY_REPLY)
			check_reply(&step);
		if (step.what == QUERY_ASK) {
			last = step.ask;
			asked_len = query_question(&query, last, asked);
		}
		event.random = event.random * 6364136223846793005ull + 1;
		step = query_next(&query, &event);
	}
}

/* Bytes of the question that was asked, without what is behind it. */
static uint32_t question_len(void)
{
	uint32_t at = MSG_HDR_LEN;

	while (asked[at])
		at += asked[at] + 1u;
	return at + 5;
}

/* An answer is only for an ask that is under way. */
static void answer(const uint8_t *data, size_t len, bool fit)
{
	if (last == UPSTREAM_NONE || query.up.used == 0 ||
	    query.up.asks[last].list == UPSTREAM_UNTIMED)
		return;
	memcpy(heard, data, len);
	if (fit && len >= question_len()) {
		memcpy(heard, asked, 2);
		memcpy(heard + 12, asked + 12, question_len() - 12);
	}
	run(query_answered(&query, &event, last, heard, len));
}

static void setup(void *memory)
{
	static const struct query_allow all = { .synth = &synth };

	synth.prefixes[0] = (struct pref64){ { 0x0064ff9b00000000ull, 0 }, 96 };
	synth.prefix_count = 1;
	synth.ptr = true;
	query.allow = &all;
	query.allow_count = 1;
	query_init(&query, memory, (struct siphash_key){ 1, 2 });
	event = (struct query_event){
		.now = 1, .random = 1, .buf = reply, .count = query.count
	};
	last = UPSTREAM_NONE;
}

static void message(uint8_t who, const uint8_t *data, size_t len)
{
	const struct query_client client = { .tcp = who & 4 };

	switch (who & 3) {
	case CLIENT:
		run(query_asked(&query, &event, &client, data, len));
		break;
	case SERVER:
	case RAW:
		answer(data, len, (who & 3) == SERVER);
		break;
	case SILENCE:
		event.now += 700000000ull * (len + 1);
		while (query_deadline(&query) <= event.now)
			run(query_expired(&query, &event));
		break;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	void *memory;
	size_t len;

	query.up.server_count = 2;
	query.up.ask_count = 4;
	query.slot_count = 8;
	query.cache_size = CACHE_MIN;
	query.stale = 60;
	memory = calloc(1, query_memory(&query));
	CHECK(memory != NULL);
	setup(memory);
	while (size >= 3) {
		len = (size_t)(data[1] << 8 | data[2]);
		if (len > size - 3)
			len = size - 3;
		message(data[0], data + 3, len);
		data += 3 + len;
		size -= 3 + len;
	}
	event.now += 60000000000ull;
	while (query_deadline(&query) != UINT64_MAX) {
		run(query_expired(&query, &event));
		event.now += 10000000000ull;
	}
	CHECK(query.used == 0 && query.up.used == 0);
	free(memory);
	return 0;
}
