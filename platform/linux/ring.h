/* SPDX-License-Identifier: MIT */
/*
 * ring.h - records from one thread to another
 *
 * One thread writes, one reads, neither ever waits, and nothing is copied: a
 * record is written where it will be read, and stays there until it is let go.
 */
#ifndef XLAT_LINUX_RING_H
#define XLAT_LINUX_RING_H

#include "base.h"

/**
 * struct ring - the memory between them
 * @head:	bytes ever written
 * @size:	a power of two; a record may have half of it
 * @mem:	@size bytes, aligned to 16
 * @next:	the writer's: where a record begins that is being written
 * @starved:	it found no room since it was asked last
 * @tail:	bytes ever let go
 */
struct ring {
	_Alignas(64) uint32_t head;
	uint32_t size;
	uint8_t *mem;
	uint32_t next;
	bool starved;
	_Alignas(64) uint32_t tail;
};

/**
 * ring_reserve() - room for a record, to be written to and ring_commit()ted
 * @len:	bytes
 *
 * Return: aligned to 16; NULL: there is none
 */
XL_MUST_USE void *ring_reserve(struct ring *r, uint32_t len);
void ring_commit(struct ring *r);

/**
 * ring_peek() - the oldest record, to be read and changed until ring_release()
 *
 * Return: NULL: there is none
 */
XL_MUST_USE void *ring_peek(struct ring *r);
void ring_release(struct ring *r);

/* ring_was_full() - did the writer find no room since this was asked last? */
XL_MUST_USE bool ring_was_full(struct ring *r);

#endif
