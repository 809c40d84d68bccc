/* SPDX-License-Identifier: MIT */
/*
 * siit_make.h - packets for tests, made field by field
 *
 * What is not said is the usual: from 198.51.100.2 to 192.0.2.33 or the same
 * under 2001:db8:64::/96, TTL 64, UDP.
 */
#ifndef TEST_SIIT_MAKE_H
#define TEST_SIIT_MAKE_H

#include "siit_help.h"

/**
 * struct made - a packet that is being made
 */
struct made {
	size_t len;
	uint8_t b[70000];
};

/* IPv4 header; @opt: options, a multiple of 4 bytes. */
struct make4 {
	const char *src;
	const char *dst;
	const char *opt; /* hexadecimal */
	unsigned int proto;
	unsigned int ttl;
	unsigned int tos;
	unsigned int id;
	unsigned int off; /* bytes */
	bool df;
	bool mf;
	bool ttl_zero;
};

/* IPv6 header; @ext: extension headers as they stand, the first of which is
 * @next; its or their last Next Header byte is part of @ext. */
struct make6 {
	const char *src;
	const char *dst;
	const char *ext; /* hexadecimal */
	unsigned int next;
	unsigned int hlim;
	unsigned int tc;
	unsigned int flow;
	bool hlim_zero;
};

void make4(struct made *m, struct make4 a, const uint8_t *data, size_t len);
void make6(struct made *m, struct make6 a, const uint8_t *data, size_t len);

/* The same with UDP or TCP from port 4000 to 53 and @payload bytes. */
void make4_udp(struct made *m, struct make4 a, size_t payload);
void make6_udp(struct made *m, struct make6 a, size_t payload);
void make4_tcp(struct made *m, struct make4 a, size_t payload);
void make6_tcp(struct made *m, struct make6 a, size_t payload);

/* Echo request (or with @reply its answer), identifier 7. */
void make4_echo(struct made *m, struct make4 a, bool reply, size_t payload);
void make6_echo(struct made *m, struct make6 a, bool reply, size_t payload);

/* ICMP error with @word, quoting @len bytes. */
void make4_error(struct made *m, struct make4 a, unsigned int type,
		 unsigned int code, uint32_t word, const uint8_t *quote,
		 size_t len);
void make6_error(struct made *m, struct make6 a, unsigned int type,
		 unsigned int code, uint32_t word, const uint8_t *quote,
		 size_t len);

/* Fill in the transport checksum, from scratch. */
void make_checksum(struct made *m);

/* Put it in, and expect one packet, checksums right. */
void put_one(struct bench *b, const struct made *m);

/* Put it in, and expect a silent drop for @why. */
void put_drop(struct bench *b, const struct made *m, enum xlat_why why);

/* Put it in, and expect an ICMP error of ours for @why. */
void put_reply(struct bench *b, const struct made *m, enum xlat_why why,
	       unsigned int type, unsigned int code);

/* What came out, parsed. */
struct wire out_wire(const struct bench *b, size_t i);

/* Addresses of what came out, as text, in a static buffer each. */
const char *out_src(const struct bench *b);
const char *out_dst(const struct bench *b);

/* The ICMP message that came out. */
const uint8_t *out_icmp(const struct bench *b);

#endif
