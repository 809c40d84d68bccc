/* SPDX-License-Identifier: MIT */
#include "app.h"

#include <ctype.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "notify.h"
#include "parse.h"

#define SECOND 1000000000ull

static const char *parse_log_level(void *field, const char *text)
{
	static const char *const words[] = { "error", "warning", "info",
					     "debug", NULL };

	return parse_choice(field, text, words,
			    "error, warning, info or debug");
}

static const char *parse_log_format(void *field, const char *text)
{
	static const char *const words[] = { "text", "json", NULL };

	return parse_choice(field, text, words, "text or json");
}

static const char *parse_log(void *field, const char *text)
{
	static const char *const words[] = { "stderr", "syslog", NULL };
	const int n = parse_word(text, words);

	*(bool *)field = n == 1;
	return n < 0 ? "stderr or syslog" : NULL;
}

/* It becomes part of a file's name. */
static const char *parse_instance(void *field, const char *text)
{
	const size_t n = strlen(text);

	*(const char **)field = text;
	for (size_t i = 0; i < n; i++)
		if (!isgraph((unsigned char)text[i]))
			return "a name without spaces and control characters";
	return n == 0 || n > 32 || strchr(text, '/') || text[0] == '.'
		       ? "a name of up to 32 characters without '/'"
		       : NULL;
}

static const char *parse_user(void *field, const char *text)
{
	struct sandbox_user *user = field;

	return sandbox_find_user(text, user) && user->uid != 0
		       ? NULL
		       : "a user of this machine other than root";
}

static const char *parse_control(void *field, const char *text)
{
	*(const char **)field = text;
	if (strlen(text) >= CONTROL_PATH_SIZE)
		return "a full path of up to 107 characters";
	return strcmp(text, "none") && text[0] != '/' ? "a full path, or none"
						      : NULL;
}

static const char *parse_metrics(void *field, const char *text)
{
	struct metrics_address *at = field;
	char zone[16];

	at->port = 0;
	return parse_host_port(text, &at->addr, zone, &at->port) || !at->port ||
			       zone[0]
		       ? "an address and a port such as 127.0.0.1:9464"
		       : NULL;
}

const struct option_row app_rows[] = {
	OPTION(struct app_options, config, "config", "FILE", parse_text,
	       OPTION_ARGS, "read options from a file, one a line"),
	OPTION(struct app_options, check, "check", NULL, parse_switch,
	       OPTION_SWITCH | OPTION_ARGS, "validate the options and leave"),
	OPTION(struct app_options, instance, "instance", "NAME", parse_instance,
	       0, "how ctl calls this one; default: the applet's name"),
	OPTION(struct app_options, log_level, "log-level", "LEVEL",
	       parse_log_level, OPTION_LIVE,
	       "error, warning, info (default) or debug"),
	OPTION(struct app_options, log_format, "log-format", "FORMAT",
	       parse_log_format, OPTION_LIVE, "text (default) or json"),
	OPTION(struct app_options, syslog, "log", "WHERE", parse_log, 0,
	       "stderr (default) or syslog"),
	OPTION(struct app_options, user, "user", "NAME", parse_user,
	       OPTION_ONCE, "whom to become; default: nobody"),
	OPTION(struct app_options, control, "control", "PATH", parse_control, 0,
	       "socket for ctl, or none; default: /run/xlat/INSTANCE.sock"),
	OPTION(struct app_options, metrics, "metrics", "ADDRESS:PORT",
	       parse_metrics, 0, "where Prometheus may ask over HTTP"),
	OPTION(struct app_options, no_sandbox, "no-sandbox", NULL, parse_switch,
	       OPTION_SWITCH, "all system calls and files: for old kernels"),
	OPTION(struct app_options, help, "help", NULL, parse_switch,
	       OPTION_SWITCH | OPTION_ARGS, "this text"),
	OPTION(struct app_options, version, "version", NULL, parse_switch,
	       OPTION_SWITCH | OPTION_ARGS, "print the version"),
};

_Static_assert(XL_COUNT(app_rows) == APP_ROW_COUNT, "app.h counts them");

enum exit_status app_status(int err)
{
	switch (err) {
	case 0:
		return EXIT_OK;
	case -EPERM:
	case -EACCES:
		return EXIT_DENIED;
	case -ENOENT:
	case -ENODEV:
	case -ENXIO:
	case -EAFNOSUPPORT:
		return EXIT_LACKING;
	case -EBUSY:
	case -EEXIST:
	case -EADDRINUSE:
		return EXIT_IN_USE;
	default:
		return EXIT_RUN;
	}
}

static int refuse(const struct app *a, const struct option_error *e)
{
	fprintf(stderr, "xlat %s: %s\n", a->hooks->name, e->text);
	return EXIT_USAGE;
}

/*
 * Stage parse. May read the config file and look a user up. Must not open or
 * change anything else.
 *
 * Return: -1: go on; else the exit status
 */
static int parse(struct app *a, int argc, char **argv)
{
	struct app_options *o = a->opt;
	struct option_error e;

	a->input =
		(struct option_input){ .argc = argc, .argv = argv, .dir = -1 };
	if (!options_read(a->hooks->options, o, &a->input, &e))
		return refuse(a, &e);
	if (o->help) {
		options_usage(a->hooks->options);
		return EXIT_OK;
	}
	if (o->version) {
		puts("xlat " XLAT_VERSION);
		return EXIT_OK;
	}
	if (!o->instance)
		o->instance = a->hooks->name;
	/* "nobody" is always somebody. */
	if (o->user.uid == 0 && !sandbox_find_user("nobody", &o->user))
		return EXIT_LACKING;
	if (!a->hooks->check(a, &e))
		return refuse(a, &e);
	return o->check ? EXIT_OK : -1;
}

static void on_signal(struct ev_loop *loop, int signo)
{
	struct app *a = (void *)((char *)loop - offsetof(struct app, loop));

	if (signo == SIGHUP) {
		reload_run(a, NULL);
		return;
	}
	log_info("%s: leaving", signo == SIGINT ? "interrupted" : "terminated");
	loop->stop = true;
}

const char *app_reload(void *ctx, struct report *r)
{
	return reload_run(ctx, r);
}

const char *app_health(void *ctx, struct report *r)
{
	const struct app *a = ctx;
	const char *why = a->hooks->health(a);

	if (!why)
		report_text(r, "health", 0, "good");
	return why;
}

static const struct control_action actions[] = {
	{ .name = "reload", .run = app_reload },
	{ .name = "health", .run = app_health },
	{ .name = NULL },
};

static enum exit_status open_control(struct app *a)
{
	char path[64];
	const char *where = a->opt->control;
	int err;

	if (where && strcmp(where, "none") == 0)
		return EXIT_OK;
	if (!where) {
		snprintf(path, sizeof(path), "/run/xlat/%s.sock",
			 a->opt->instance);
		where = path;
	}
	err = control_open(&a->control, &a->loop, where, a->opt->user);
	if (!err)
		return EXIT_OK;
	log_error("control socket %s: %s%s", where,
		  err == -EADDRINUSE ? "another instance answers there"
				     : strerror(-err),
		  app_status(err) == EXIT_DENIED
			  ? "; run as root, or name another with --control"
			  : "");
	return app_status(err);
}

/* What every applet tells Prometheus first. */
static void app_metrics(const struct app *a, struct report *r)
{
	r->prefix = "xlat_";
	report_gauge(r, "uptime-seconds", "Time since the start",
		     (ev_clock() - a->started) / SECOND);
	report_counter(r, "reloads", "Configurations taken over",
		       a->reload.done);
	report_counter(r, "reloads-failed", "Configurations refused",
		       a->reload.failed);
}

/* The next part of the page; @cursor counts them. */
static bool next_metrics(const void *ctx, uint32_t *cursor, struct report *r)
{
	const struct app *a = ctx;
	static char prefix[32];

	r->prometheus = true;
	if (*cursor == 0) {
		app_metrics(a, r);
	} else {
		if (!a->hooks->metrics[*cursor - 1])
			return false;
		snprintf(prefix, sizeof(prefix), "xlat_%s_", a->hooks->name);
		r->prefix = prefix;
		a->hooks->metrics[*cursor - 1](a, r);
	}
	++*cursor;
	return true;
}

static const struct control_command common[] = {
	{ .name = "metrics", .next = next_metrics },
	{ .name = NULL },
};

static enum exit_status open_metrics(struct app *a)
{
	int err;

	if (!a->opt->metrics.port)
		return EXIT_OK;
	a->metrics.next = next_metrics;
	a->metrics.ctx = a;
	err = metrics_open(&a->metrics, &a->loop, a->opt->metrics);
	if (err)
		log_error("metrics: cannot listen at port %u: %s",
			  a->opt->metrics.port, strerror(-err));
	return err == -EADDRNOTAVAIL ? EXIT_LACKING : app_status(err);
}

static void open_log(const struct app_options *o)
{
	int err;

	log_setup(o->instance, o->log_level, o->log_format);
	err = o->syslog ? log_to_syslog() : 0;
	if (err)
		log_error("syslog: %s; this log is used", strerror(-err));
}

/*
 * Stage open. May do what root may: this is what the authority is for. What
 * cannot be had is logged and is the end.
 */
static enum exit_status open_all(struct app *a)
{
	enum exit_status status;
	int err;

	open_log(a->opt);
	err = ev_init(&a->loop);
	if (err) {
		log_error("cannot start the event loop: %s", strerror(-err));
		return app_status(err);
	}
	notify_open();
	a->signals.on_signal = on_signal;
	err = ev_signals_open(&a->loop, &a->signals);
	if (err) {
		log_error("cannot receive signals: %s", strerror(-err));
		return app_status(err);
	}
	a->control.commands = a->hooks->commands;
	a->control.common = common;
	a->control.actions = a->hooks->actions ? a->hooks->actions : actions;
	a->control.ctx = a;
	status = open_control(a);
	if (!status)
		status = open_metrics(a);
	return status ? status : a->hooks->open(a);
}

int app_enter_sandbox(const struct app *a)
{
	const bool off = a->opt->no_sandbox;
	struct view_path files[8];
	const struct sandbox box = { .user = a->opt->user,
				     .job = off      ? SECCOMP_OFF
					    : a->job ? a->job
						     : a->hooks->job,
				     .files = files };
	unsigned int n = 0;

	for (const struct view_path *p = a->hooks->files; p && p->path && n < 5;
	     p++)
		files[n++] = *p;
	if (a->opt->config)
		files[n++] = (struct view_path){ a->opt->config, VIEW_READ };
	if (a->control.path[0])
		files[n++] = (struct view_path){ a->control.path, VIEW_REMOVE };
	files[n].path = NULL;
	return sandbox_enter(&box);
}

/*
 * Stages ready and sandbox. Gives up root and every capability; only then is
 * anybody told that we are there. Must not open anything any more.
 */
static enum exit_status give_up_authority(struct app *a)
{
	const bool off = a->opt->no_sandbox;
	const bool views = view_possible();
	const int err = app_enter_sandbox(a);
	const char *why;

	if (off)
		log_warn("no sandbox: every system call stays allowed, every "
			 "file in sight");
	else if (!views)
		log_warn("this kernel has no Landlock: every file stays in "
			 "sight");
	if (err) {
		log_error("cannot give up privileges: %s%s", strerror(-err),
			  err == -EINVAL || err == -ENOSYS
				  ? "; --no-sandbox helps where the kernel "
				    "has no seccomp filters"
				  : "");
		return app_status(err);
	}
	reload_foresee(a);
	why = a->hooks->health(a);
	a->started = ev_clock();
	log_info("xlat %s %s is ready%s%s", a->hooks->name, XLAT_VERSION,
		 why ? ", but has to wait: " : "", why ? why : "");
	notify_send("READY=1");
	a->loop.now = a->started;
	notify_watchdog(&a->loop);
	return EXIT_OK;
}

/* Stage loop. May use what is open. */
static enum exit_status loop(struct app *a)
{
	const int err = ev_run(&a->loop);

	notify_send("STOPPING=1");
	if (err)
		log_error("the event loop ended: %s", strerror(-err));
	return err || a->loop.failed ? EXIT_RUN : EXIT_OK;
}

static void close_all(struct app *a)
{
	a->hooks->close(a);
	metrics_close(&a->metrics, &a->loop);
	control_close(&a->control, &a->loop);
	ev_close(&a->loop);
}

int app_run(struct app *a, int argc, char **argv)
{
	int status;

	reload_prepare(a);
	status = parse(a, argc, argv);
	if (status < 0 && a->hooks->instead)
		status = a->hooks->instead(a);
	if (status >= 0)
		return status;
	status = (int)open_all(a);
	if (!status)
		status = (int)give_up_authority(a);
	if (!status)
		status = (int)loop(a);
	close_all(a);
	return status;
}

void app_report(const struct app *a, struct report *r)
{
	const uint64_t up = ev_clock() - a->started;

	report_text(r, "applet", 0, a->hooks->name);
	report_text(r, "version", 0, XLAT_VERSION);
	report_number(r, "pid", 0, (uint64_t)getpid());
	report_number(r, "uptime-seconds", 0, up / SECOND);
	reload_report(a, r);
}
