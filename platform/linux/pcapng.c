/* SPDX-License-Identifier: MIT */
#include "pcapng.h"

#include <string.h>

#define SECTION      0x0a0d0d0au
#define BYTE_ORDER_  0x1a2b3c4du
#define INTERFACE    1u
#define PACKET       6u
#define LINKTYPE_RAW 101u
#define OPT_COMMENT  1u

static uint8_t *put32(uint8_t *out, uint32_t value)
{
	memcpy(out, &value, sizeof(value));
	return out + sizeof(value);
}

static uint8_t *put16(uint8_t *out, uint32_t value)
{
	const uint16_t half = (uint16_t)value;

	memcpy(out, &half, sizeof(half));
	return out + sizeof(half);
}

/* Filled up with zeros to a multiple of four. */
static uint8_t *put_bytes(uint8_t *out, const void *bytes, uint32_t len)
{
	const uint32_t whole = (len + 3) & ~3u;

	memset(out, 0, whole);
	memcpy(out, bytes, len);
	return out + whole;
}

/* A block's length stands at both of its ends. */
static uint8_t *end(uint8_t *block, uint8_t *out)
{
	const uint32_t len = (uint32_t)(out - block) + 4;

	(void)put32(block + 4, len);
	return put32(out, len);
}

uint32_t pcapng_begin(uint8_t *out)
{
	uint8_t *at = put32(out, SECTION);
	uint8_t *interface;

	at = put32(at + 4, BYTE_ORDER_);
	at = put16(put16(at, 1), 0);
	at = put32(put32(at, UINT32_MAX), UINT32_MAX); /* length: unknown */
	interface = end(out, at);
	at = put32(interface, INTERFACE);
	at = put16(put16(at + 4, LINKTYPE_RAW), 0);
	at = end(interface, put32(at, 0)); /* packets of any length */
	return (uint32_t)(at - out);
}

uint32_t pcapng_packet(uint8_t *out, uint64_t usec, const uint8_t *data,
		       uint32_t len, uint32_t full, const char *comment)
{
	const uint32_t words = (uint32_t)strlen(comment);
	uint8_t *at = put32(out, PACKET);

	at = put32(at + 4, 0); /* of the first interface */
	at = put32(put32(at, (uint32_t)(usec >> 32)), (uint32_t)usec);
	at = put32(put32(at, len), full);
	at = put_bytes(at, data, len);
	at = put16(put16(at, OPT_COMMENT), words);
	at = put_bytes(at, comment, words);
	at = end(out, put32(at, 0)); /* no more options */
	return (uint32_t)(at - out);
}
