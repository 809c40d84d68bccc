/* SPDX-License-Identifier: MIT */
/*
 * metrics.h - counters over HTTP, for Prometheus
 *
 * GET /metrics, and nothing else. A connection is one question and one answer
 * and has some seconds for both; of more connections than places the oldest
 * goes (serve.h).
 */
#ifndef XLAT_LINUX_METRICS_H
#define XLAT_LINUX_METRICS_H

#include "serve.h"

#define METRICS_CLIENTS 4u

/**
 * struct metrics_address - where to listen; port 0: nowhere
 * @addr:	IPv4 as ::ffff:0:0/96
 */
struct metrics_address {
	struct addr6 addr;
	uint16_t port;
};

/**
 * struct metrics - the listening side
 * @next:	writes the next part of the page; as of struct control_command
 * @ctx:	for @next
 */
struct metrics {
	struct serve serve; /* first member */
	bool (*next)(const void *ctx, uint32_t *cursor, struct report *r);
	const void *ctx;
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
