/* SPDX-License-Identifier: MIT */
/*
 * snapshot.h - the sessions as a file, so that they outlive the process
 *
 * Theory of operation. The file is records of 40 bytes, all integers big
 * endian: three of a head (what it is, when and where it was made), one per
 * session and per port that is kept back (cooling.h), and a tail with their
 * number and a checksum. A session's record has all of its binding; what cannot
 * last (SYNs held, fragments) is left out.
 *
 * It is made a bufferful at a time while packets flow. Sessions that begin or
 * end meanwhile may or may not be in it.
 *
 * A session is as old in a file as it was not used. How long the process was
 * away comes on top: told by the clock that counts from the machine's start
 * if it has not been started again, else by the calendar's, which may be
 * wrong. Where that one went back, nothing is added.
 */
#ifndef XLAT_NAT64_SNAPSHOT_H
#define XLAT_NAT64_SNAPSHOT_H

#include "nat64/nat64.h"

#define SNAPSHOT_RECORD 40u
#define SNAPSHOT_HEAD   120u /* three records */
#define SNAPSHOT_BOOT   40u

/**
 * struct snapshot_origin - when and where
 * @boot:	names the machine's start; padded with zeros
 * @up:		seconds since then
 * @wall:	seconds since 1970
 */
struct snapshot_origin {
	uint8_t boot[SNAPSHOT_BOOT];
	uint64_t up;
	uint64_t wall;
};

enum snapshot_stage {
	SNAPSHOT_AT_HEAD,
	SNAPSHOT_AT_SESSIONS,
	SNAPSHOT_AT_PORTS,
	SNAPSHOT_AT_NEXT,
	SNAPSHOT_AT_TAIL,
	SNAPSHOT_DONE
};

/**
 * struct snapshot - a file being made; all zero but @origin and @now at first
 * @now:	ns, as of nat64_packet(): sessions' ages are told from then on
 * @more:	another thread's NAT64 comes after this one
 */
struct snapshot {
	struct snapshot_origin origin;
	uint64_t now;
	bool more;
	enum snapshot_stage stage;
	uint32_t cursor;
	uint64_t port;
	uint64_t count;
	uint64_t sum;
};

/**
 * snapshot_fill() - the next bytes of the file
 * @size:	room at @out, SNAPSHOT_HEAD at least
 *
 * Return: how many; 0: that was all, or of this one if there are @more:
 *         then snapshot_next(), and on with the next one
 */
XL_MUST_USE size_t snapshot_fill(struct snapshot *s, const struct nat64 *n,
				 uint8_t *out, size_t size);

void snapshot_next(struct snapshot *s);

/* Is it a file of ours, good or not? */
XL_MUST_USE bool snapshot_is_ours(const uint8_t *file, size_t len);

/**
 * snapshot_check() - is it whole, and for this NAT64?
 *
 * Return: NULL, or what is wrong with it
 */
XL_MUST_USE const char *snapshot_check(const struct nat64 *n,
				       const uint8_t *file, size_t len);

/* How many threads have written a good file. */
uint32_t snapshot_threads(const uint8_t *file);

/* Seconds from the making of a good file until @now. */
uint32_t snapshot_away(const uint8_t *file, const struct snapshot_origin *now);

/* Its first session or port, and how many there are. */
XL_INLINE const uint8_t *snapshot_first(const uint8_t *file)
{
	return file + SNAPSHOT_HEAD;
}

XL_INLINE size_t snapshot_count(size_t len)
{
	return len / SNAPSHOT_RECORD - SNAPSHOT_HEAD / SNAPSHOT_RECORD - 1;
}

/**
 * snapshot_is_session() - or is it a port that is kept back?
 */
XL_MUST_USE bool snapshot_is_session(const uint8_t *record);

/**
 * snapshot_restore() - make a session, or keep a port, of a record
 * @away:	seconds that it is older than the record says
 * @now:	ns, as of nat64_packet()
 *
 * Return: false: it is no session, has run out, or the configuration does not
 *         allow it
 */
XL_MUST_USE bool snapshot_restore(struct nat64 *n, const uint8_t *record,
				  uint32_t away, uint64_t now);

#endif
