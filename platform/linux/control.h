/* SPDX-License-Identifier: MIT */
/*
 * control.h - the UNIX socket through which `xlat ctl` asks
 *
 * A client sends one line: a command and its arguments (ctlarg.h), and for JSON
 * "--json" behind them. It gets "ok" or "error TEXT" and then the answer, until
 * the connection closes (serve.h).
 */
#ifndef XLAT_LINUX_CONTROL_H
#define XLAT_LINUX_CONTROL_H

#include "sandbox.h"
#include "serve.h"

#define CONTROL_CLIENTS   8u
#define CONTROL_PATH_SIZE 108u /* of a UNIX socket, with its NUL */

/**
 * struct control_stream - an answer that has no end of its own
 * @begin:	NULL, or why it cannot be had now. @c is asked (@c->args), and
 *		to be woken (serve_wake()) when there is more
 * @next:	writes what there is to @c->report
 * @end:	the client has gone
 */
struct control_stream {
	const char *(*begin)(void *ctx, struct serve_client *c);
	enum serve_more (*next)(void *ctx, struct serve_client *c);
	void (*end)(void *ctx);
};

/**
 * struct control_command - something that can be asked
 * @name:	the word
 * @show:	one record: writes its fields to @r; or
 * @next:	a table: writes the next row to @r; or
 * @stream:	neither
 * @args:	what may follow the word; @r->asked is then the structure with
 *		their values. NULL: nothing
 *
 * @next gets a cursor that is 0 at first and its own afterwards; it returns
 * false, having written nothing, when there are no more. A row that was not
 * asked for it leaves out, and returns true.
 */
struct control_command {
	const char *name;
	void (*show)(const void *ctx, struct report *r);
	bool (*next)(const void *ctx, uint32_t *cursor, struct report *r);
	const struct ctlarg *args;
	const struct control_stream *stream;
};

/**
 * struct control_action - something that can be told
 * @name:	the word
 * @run:	does it and writes fields about it to @r, or returns why it
 *		could not: one line
 * @args:	as those of a command
 */
struct control_action {
	const char *name;
	const char *(*run)(void *ctx, struct report *r);
	const struct ctlarg *args;
};

/**
 * struct control - the listening side
 * @commands:	the applet's own; ended by one without a name
 * @common:	those that every applet has, text only; likewise
 * @actions:	likewise
 * @ctx:	for all of them
 * @path:	"": nobody listens
 */
struct control {
	struct serve serve; /* first member */
	const struct control_command *commands;
	const struct control_command *common;
	const struct control_action *actions;
	void *ctx;
	char path[CONTROL_PATH_SIZE];
};

/**
 * control_open() - listen
 * @path:	socket; its directory is made if it is missing
 * @user:	who will own it, and the directory if it is made
 *
 * A socket at which nobody answers is left over and is replaced.
 *
 * Return: 0; -EADDRINUSE: somebody answers there; another -errno
 */
XL_MUST_USE int control_open(struct control *c, struct ev_loop *loop,
			     const char *path, struct sandbox_user user);

/* Close all connections and remove the socket, if there is one. */
void control_close(struct control *c, struct ev_loop *loop);

#endif
