/* SPDX-License-Identifier: MIT */
/*
 * pcapng.h - captures for Wireshark (draft-ietf-opsawg-pcapng)
 *
 * In this machine's byte order, which the format allows. Packets begin with
 * their IP header (LINKTYPE_RAW).
 */
#ifndef XLAT_LINUX_PCAPNG_H
#define XLAT_LINUX_PCAPNG_H

#include "base.h"

/* Around a packet and its comment, bytes at most. */
#define PCAPNG_AROUND 64u

/**
 * pcapng_begin() - what a file begins with: a section, and one interface
 * @out:	PCAPNG_AROUND bytes
 *
 * Return: bytes written
 */
uint32_t pcapng_begin(uint8_t *out);

/**
 * pcapng_packet() - a packet with a comment
 * @out:	PCAPNG_AROUND bytes more than @len and the comment have
 * @usec:	since 1970
 * @len:	bytes of the packet that are here
 * @full:	bytes that it had
 *
 * Return: bytes written
 */
uint32_t pcapng_packet(uint8_t *out, uint64_t usec, const uint8_t *data,
		       uint32_t len, uint32_t full, const char *comment);

#endif
