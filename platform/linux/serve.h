/* SPDX-License-Identifier: MIT */
/*
 * serve.h - a listening socket whose clients ask once and get one answer
 *
 * What control.h and metrics.h have in common: a fixed number of places, a
 * question of bounded length, an answer that is made a bufferful at a time
 * when the client has taken the last one, and no patience with who does
 * nothing. So neither a million sessions nor a client that stops reading holds
 * up packets.
 */
#ifndef XLAT_LINUX_SERVE_H
#define XLAT_LINUX_SERVE_H

#include "ctlarg.h"
#include "ev.h"
#include "report.h"

#define SERVE_BUFFER 16384u

struct serve;

/**
 * enum serve_more - what a client gets next
 * @SERVE_MORE:	more of the answer, that may be here already or not
 * @SERVE_WAIT:	nothing, until serve_wake(); it may take as long as it likes
 * @SERVE_END:	no more
 */
enum serve_more { SERVE_MORE, SERVE_WAIT, SERVE_END };

/**
 * struct serve_client - a place
 * @patience:	when it is closed, if it has done nothing
 * @report:	the answer, in @buf
 * @what:	is asked; for serve_kind's functions
 * @cursor:	of @what
 * @args:	its arguments
 * @answering:	the whole question is there
 * @ended:	the end of the answer is in the buffer
 * @waiting:	there is nothing to write
 * @start:	of what is to be written
 * @len:	bytes of the question, or of what is in the buffer of the answer
 */
struct serve_client {
	struct ev ev; /* first member */
	struct serve *owner;
	struct ev_timer patience;
	struct report report;
	const void *what;
	uint32_t cursor;
	bool answering;
	bool ended;
	bool waiting;
	uint32_t start;
	uint32_t len;
	_Alignas(16) uint8_t args[CTLARG_SIZE];
	char buf[SERVE_BUFFER];
};

/**
 * struct serve_kind - what differs
 * @places:	clients at a time
 * @evicts:	of more than that the one that was idle longest goes; else they
 *		wait in the kernel
 * @request_max: bytes of a question; less than SERVE_BUFFER
 * @read:	looks at the question in @buf, which is ended by a NUL. If it
 *		is whole, or cannot become so, sets @answering and writes the
 *		first bytes of the answer
 * @more:	writes the next record of it, or none
 * @gone:	the client is: NULL, or undoes what @read did
 */
struct serve_kind {
	unsigned int places;
	bool evicts;
	uint32_t request_max;
	void (*read)(struct serve_client *c);
	enum serve_more (*more)(struct serve_client *c);
	void (*gone)(struct serve_client *c);
};

/**
 * struct serve - the listening side
 * @retry:	when to accept again, where there were no descriptors
 */
struct serve {
	struct ev ev; /* first member */
	struct ev_timer retry;
	const struct serve_kind *kind;
	struct serve_client *clients;
};

/**
 * serve_open() - take the places and start to accept
 * @fd:		a listening socket, non-blocking; it is ours from now on, also
 *		on failure
 *
 * Return: 0 or -errno
 */
XL_MUST_USE int serve_open(struct serve *s, struct ev_loop *loop,
			   const struct serve_kind *kind, int fd);

/* Close all connections and the socket; nothing happens if it was not open. */
void serve_close(struct serve *s, struct ev_loop *loop);

/* There may be something for a client that waits. */
void serve_wake(struct serve_client *c, struct ev_loop *loop);

/* The answer is @text, and @ended: nothing else; else @more goes on. */
void serve_say(struct serve_client *c, bool ended, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

#endif
