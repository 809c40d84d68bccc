/* SPDX-License-Identifier: MIT */
/*
 * wire_check.h - is this a packet that a receiver would take?
 *
 * A parser and a checksum of its own, byte by byte as in the RFCs' words, so
 * that core is not tested against itself.
 */
#ifndef TEST_WIRE_CHECK_H
#define TEST_WIRE_CHECK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/**
 * struct wire - what a packet's headers say
 * @l4:		offset of the transport header
 * @l4_len:	transport bytes by the IP header's length
 * @off:	fragment offset, bytes
 * @id:		Identification, if there is one
 * @frag:	offset or more-fragments is set, or there is a Fragment header
 */
struct wire {
	const uint8_t *b;
	size_t len;
	size_t l4;
	size_t l4_len;
	unsigned int version;
	unsigned int proto;
	unsigned int off;
	uint32_t id;
	bool more;
	bool frag;
	bool df;
};

/* Return: NULL, or what is wrong with the headers' lengths */
const char *wire_parse(struct wire *w, const uint8_t *b, size_t len);

/* One's complement sum, carries folded at each step (RFC 1071). */
uint16_t wire_sum(const uint8_t *b, size_t len);

/* The same of pseudo-header and transport: 0xffff where it is right. */
uint16_t wire_transport_sum(const struct wire *w);

/**
 * wire_fault() - check lengths and all checksums, also of what an ICMP error
 * quotes and of its extension structure
 * @damaged:	the transport checksum has to be wrong
 *
 * Return: NULL, or what is wrong
 */
const char *wire_fault(const uint8_t *b, size_t len, bool damaged);

/**
 * wire_reassemble() - put fragments together again
 * @bound:	bytes that none may exceed
 * @out:	room for 65536 bytes: transport header and payload
 * @out_len:	bytes of it
 *
 * Return: NULL, or what is wrong: a gap, a bound exceeded, unlike headers
 */
const char *wire_reassemble(const uint8_t *const b[], const size_t len[],
			    size_t count, size_t bound, uint8_t *out,
			    size_t *out_len);

#endif
