/* SPDX-License-Identifier: MIT */
/*
 * app.h - what every daemon among the applets does
 *
 * A run has five stages: parse, open, ready, sandbox, loop. The first three
 * may fail, with one line that says why and nothing left changed; authority
 * ends with the fourth.
 */
#ifndef XLAT_CMD_APP_H
#define XLAT_CMD_APP_H

#include "control.h"
#include "ev.h"
#include "log.h"
#include "metrics.h"
#include "options.h"
#include "reload.h"
#include "sandbox.h"

/**
 * struct app_options - options that all daemons have; the first member of
 * each one's configuration
 * @user:	whom to become; root (not given): nobody
 * @syslog:	the log goes there
 */
struct app_options {
	const char *config;
	const char *instance;
	struct sandbox_user user;
	const char *control;
	struct metrics_address metrics;
	enum log_level log_level;
	enum log_format log_format;
	bool syslog;
	bool no_sandbox;
	bool check;
	bool help;
	bool version;
};

#define APP_DEFAULTS                                                           \
	{                                                                      \
		.log_level = LOG_LVL_INFO                                      \
	}

extern const struct option_row app_rows[];

/* The group of these rows in an applet's table. */
#define APP_GROUP                                                              \
	{                                                                      \
		"options of every applet", app_rows, APP_ROW_COUNT, 0          \
	}
#define APP_ROW_COUNT 12

struct app;

/**
 * struct app_hooks - what is an applet's own
 * @name:	of the applet
 * @options:	its table
 * @job:	the system calls that it needs
 * @files:	what it reads while it runs, but the config file; may be NULL
 * @commands:	what ctl may ask
 * @metrics:	what Prometheus gets, part by part; ended by NULL
 * @actions:	what it may tell; NULL: to reload
 * @check:	stage parse: does the configuration make sense? Nothing is
 *		opened and nothing changed
 * @health:	NULL: what the applet is there for can be had of it; else a few
 *		words why not
 * @instead:	what is to be done in place of the stages after parse; returns
 *		the exit status, or -1 where nothing is. May be NULL
 * @open:	stage open: takes memory, opens and configures; it logs why it
 *		cannot. With authority
 * @close:	undoes @open, as far as it came; without authority
 * @reload:	takes over of @fresh what the rows with OPTION_LIVE hold, and
 *		leaves there what it replaces. Returns -1: @fresh makes no
 *		sense, @e says why, and nothing changed; else how many things
 *		did not work, each of which it has logged. NULL: there is
 *		nothing that could change
 * @breathe:	lets packets through while a long configuration is read; its
 *		argument is the struct app. May be NULL
 * @release:	frees what parsers and @reload have allocated in @fresh
 * @options_size: bytes of the applet's configuration, for @reload
 *
 * Each gets the applet's own structure, whose first member is a struct app.
 */
struct app_hooks {
	const char *name;
	const struct option_table *options;
	enum seccomp_job job;
	const struct view_path *files;
	const struct control_command *commands;
	void (*const *metrics)(const void *ctx, struct report *r);
	const struct control_action *actions;
	bool (*check)(struct app *a, struct option_error *e);
	const char *(*health)(const struct app *a);
	int (*instead)(struct app *a);
	enum exit_status (*open)(struct app *a);
	void (*close)(struct app *a);
	int (*reload)(struct app *a, struct app_options *fresh,
		      struct option_error *e);
	void (*breathe)(void *ctx);
	void (*release)(struct app_options *fresh);
	size_t options_size;
};

/**
 * struct app - a daemon; first member of an applet's own structure
 * @opt:	its configuration
 * @input:	what that was read from
 * @reload:	how reading it again went
 * @job:	another one than @hooks->job; SECCOMP_OFF: that
 * @started:	monotonic time, ns
 */
struct app {
	const struct app_hooks *hooks;
	struct app_options *opt;
	struct option_input input;
	struct reload reload;
	struct ev_loop loop;
	struct ev_signals signals;
	struct control control;
	struct metrics metrics;
	enum seccomp_job job;
	uint64_t started;
};

/**
 * app_run() - all five stages
 * @a:		@a->hooks and @a->opt set, the configuration holding defaults
 *
 * Return: exit status
 */
XL_MUST_USE int app_run(struct app *a, int argc, char **argv);

/**
 * app_enter_sandbox() - what give_up_authority() does first
 *
 * Return: 0 or -errno
 */
XL_MUST_USE int app_enter_sandbox(const struct app *a);

/* The actions `reload` and `health`, for an applet with a table of its own. */
const char *app_reload(void *ctx, struct report *r);
const char *app_health(void *ctx, struct report *r);

/* The exit status for -errno. */
enum exit_status app_status(int err);

/* Fields that every applet's status begins with. */
void app_report(const struct app *a, struct report *r);

#endif
