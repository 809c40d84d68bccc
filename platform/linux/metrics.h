/* SPDX-License-Identifier: MIT */
/*
 * metrics.h - counters over HTTP, for Prometheus
 *
 * GET /metrics, and nothing else. A connection is one question and one answer
 * and has some seconds for both; of more connections than places the oldest
 * goes. Answers are made a bufferful at a time, so a client that does not read
 * costs a buffer, and packets do not wait for it.
 */
#ifndef XLAT_LINUX_METRICS_H
#define XLAT_LINUX_METRICS_H

#include "ev.h"
#include "report.h"

#define METRICS_CLIENTS 4u
#define METRICS_BUFFER  16384u

/**
 * struct metrics_address - where to listen; port 0: nowhere
 * @addr:	IPv4 as ::ffff:0:0/96
 */
struct metrics_address {
	struct addr6 addr;
	uint16_t port;
};

struct metrics_client {
	struct ev ev; /* first member */
	struct metrics *owner;
	struct ev_timer patience; /* at: when it has to be gone */
	struct report report;
	uint32_t cursor;
	bool asked;     /* the whole question is there */
	bool ended;     /* the end of the answer is in the buffer */
	uint32_t start; /* of what is to be written */
	uint32_t len;
	char buf[METRICS_BUFFER];
};

/**
 * struct metrics - the listening side
 * @next:	writes the next part of the page; as of struct control_command
 * @ctx:	for @next
 */
struct metrics {
	struct ev ev; /* first member */
	struct ev_timer retry;
	bool (*next)(const void *ctx, uint32_t *cursor, struct report *r);
	const void *ctx;
	struct metrics_client *clients;
};

/**
 * metrics_open() - listen
 * @m:		@next and @ctx set
 *
 * Return: 0 or -errno
 */
XL_MUST_USE int metrics_open(struct metrics *m, struct ev_loop *loop,
			     struct metrics_address at);

/* Close all connections; nothing happens if it was never opened. */
void metrics_close(struct metrics *m, struct ev_loop *loop);

#endif
