/* SPDX-License-Identifier: MIT */
/*
 * possible.c - would a CLAT come up here? For scripts, DHCP clients' above all:
 * whoever gives IPv4 up for RFC 8925 has to know before
 *
 * The network is followed as always, but nothing is made, claimed or changed.
 * Native IPv4 does not count: whether it stays is what is being decided.
 */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "follow.h"

/* Routers answer at once, resolvers are asked after two seconds. */
#define PATIENCE 6000000000ull

static void out_of_patience(struct ev_loop *loop, struct ev_timer *t)
{
	(void)t;
	loop->stop = true;
}

static void unchanged(struct follow *f)
{
	(void)f;
}

static enum exit_status open_quietly(struct follow *f)
{
	struct app *a = &f->trans->app;
	int err;

	log_setup(a->opt->instance, LOG_LVL_WARNING, a->opt->log_format);
	err = ev_init(&a->loop);
	if (err) {
		log_error("cannot start the event loop: %s", strerror(-err));
		return app_status(err);
	}
	f->changed = unchanged;
	f->only_look = true;
	return follow_open(f);
}

/* What comes from the network is not read as root. */
static enum exit_status look_around(struct follow *f)
{
	struct app *a = &f->trans->app;
	struct ev_timer patience = { .due = out_of_patience };
	int err = app_enter_sandbox(a);

	if (!err) {
		ev_timer_set(&a->loop, &patience, a->loop.now + PATIENCE);
		err = a->loop.stop ? 0 : ev_run(&a->loop);
	}
	if (err)
		log_error("cannot look: %s", strerror(-err));
	return app_status(err);
}

/* Past stdout, which would look at the terminal: the sandbox forbids that. */
static void say(const char *verdict, const char *word)
{
	dprintf(STDOUT_FILENO, "a CLAT is %s %s\n", verdict, word);
}

enum exit_status follow_possible(struct follow *f)
{
	enum exit_status status = open_quietly(f);

	if (!status)
		status = look_around(f);
	if (!status && f->life.state != LIFE_DAD && f->life.state != LIFE_UP) {
		say("not possible:", follow_reason(f));
		status = EXIT_RUN;
	} else if (!status) {
		say("possible on", f->view.name);
	}
	follow_close(f);
	ev_close(&f->trans->app.loop);
	return status;
}
