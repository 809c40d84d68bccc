/* SPDX-License-Identifier: MIT */
/*
 * siit_help.h - a stateless translator on a bench: put a packet in, look at
 * what comes out
 */
#ifndef TEST_SIIT_HELP_H
#define TEST_SIIT_HELP_H

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "siit/siit.h"
#include "wire_check.h"

#define BENCH_EAM_MAX 16u
#define BENCH_OUT_MAX 128u

/**
 * struct bench - translator, the memory it needs, and what it last gave out
 * @tail:	bytes behind a packet that may be written, and so be read; 0
 *		lets the sanitizer see every read behind it
 * @packet:	packets that came out, @len bytes each, @count of them
 * @whole:	what siit_packet() left before it was cut; its offload facts
 */
struct bench {
	struct siit s;
	size_t tail;
	uint64_t eam_mem[512];
	struct xlat_result r;
	struct pkt whole;
	uint8_t *packet[BENCH_OUT_MAX];
	size_t len[BENCH_OUT_MAX];
	size_t count;
};

/* Offload facts of a packet that is put in. */
struct offload {
	bool partial;
	enum pkt_gso gso;
	uint16_t gso_size;
	bool gso_ecn;
};

/**
 * bench_init() - the configuration that the vectors start from: pool6
 * 2001:db8:64::/96, MTU 1500 on both sides, no mappings, everything else at
 * RFC 7915's defaults
 */
void bench_init(struct bench *b);

/* Forget what came out last. */
void bench_clear(struct bench *b);

/* A suite whose tests have a bench of their own, b, and a packet to make, m. */
#define BENCH_SUITE(name)                                                      \
	static struct bench b;                                                 \
	static struct made m;                                                  \
	static void set_up(void)                                               \
	{                                                                      \
		bench_init(&b);                                                \
	}                                                                      \
	static void tear_down(void)                                            \
	{                                                                      \
		bench_clear(&b);                                               \
	}                                                                      \
	TestSuite(name, .init = set_up, .fini = tear_down)

/**
 * bench_put() - translate a packet, and cut the result as the packet loop
 * would
 */
void bench_put(struct bench *b, const uint8_t *data, size_t len);
void bench_put_offload(struct bench *b, const uint8_t *data, size_t len,
		       struct offload o);

/* Add a mapping "192.0.2.1/32", "2001:db8::1/128". */
void bench_eam(struct bench *b, const char *prefix4, const char *prefix6);

uint32_t text4(const char *text);
struct addr6 text6(const char *text);
struct pref64 text_prefix(const char *text);

/* Bytes written as hexadecimal digits, blanks between them allowed. */
size_t unhex(const char *text, uint8_t *out, size_t max);

#endif
