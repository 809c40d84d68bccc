/* SPDX-License-Identifier: MIT */
#include "reload.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "app.h"
#include "notify.h"

void reload_prepare(struct app *a)
{
	if (!a->hooks->reload)
		return;
	a->reload.defaults = malloc(a->hooks->options_size);
	if (a->reload.defaults)
		memcpy(a->reload.defaults, a->opt, a->hooks->options_size);
}

void reload_foresee(const struct app *a)
{
	if (!a->reload.defaults || !a->opt->config ||
	    options_readable(&a->input, a->opt->config))
		return;
	log_warn("%s: %s: a reload will not work until the user we have "
		 "become may read it",
		 a->opt->config, strerror(errno));
}

/* The options that differ and stay as they are, in words. */
static void name_fixed(const struct app *a, const struct option_input *fresh,
		       char *out, size_t size)
{
	const struct option_row *row;
	size_t at = 0;
	size_t n = 0;

	out[0] = '\0';
	while ((row = options_change(a->hooks->options, &a->input, fresh, &at)))
		if (n < size)
			n += (size_t)snprintf(out + n, size - n, "%s%s",
					      n ? " " : "", row->name);
}

static const char *fail(struct reload *r)
{
	r->failed++;
	log_error("reload: %s; nothing was changed", r->error.text);
	return r->error.text;
}

static const char *succeed(struct app *a, const struct option_input *fresh,
			   int troubles, uint64_t began, struct report *r)
{
	const uint64_t took = (ev_clock() - began) / 1000000;
	struct option_error *e = &a->reload.error;
	char fixed[256];

	e->text[0] = '\0';
	a->reload.done++;
	name_fixed(a, fresh, fixed, sizeof(fixed));
	log_info("reload: the configuration is in force, after %u ms",
		 (unsigned int)took);
	if (fixed[0])
		log_warn("reload: only a restart changes: %s", fixed);
	if (r)
		report_text(r, "needs-restart", 0, fixed[0] ? fixed : "none");
	if (!troubles)
		return NULL;
	snprintf(e->text, sizeof(e->text),
		 "the configuration is in force, but for %d errors that the "
		 "log tells",
		 troubles);
	return e->text;
}

static const char *take_over(struct app *a, struct app_options *fresh,
			     struct option_input *in, struct report *r)
{
	const struct app_hooks *h = a->hooks;
	struct option_error *e = &a->reload.error;
	const uint64_t began = ev_clock();
	enum log_format format;
	enum log_level level;
	int troubles;

	if (!options_read(h->options, fresh, in, e))
		return fail(&a->reload);
	level = fresh->log_level;
	format = fresh->log_format;
	troubles = h->reload(a, fresh, e);
	if (troubles < 0)
		return fail(&a->reload);
	a->opt->log_level = level;
	a->opt->log_format = format;
	log_setup(a->opt->instance, level, format);
	return succeed(a, in, troubles, began, r);
}

static void tell_manager(void)
{
	struct timespec t;
	char text[64];

	clock_gettime(CLOCK_MONOTONIC, &t);
	snprintf(text, sizeof(text), "RELOADING=1\nMONOTONIC_USEC=%llu",
		 (unsigned long long)t.tv_sec * 1000000 +
			 (unsigned long long)t.tv_nsec / 1000);
	notify_send(text);
}

const char *reload_run(struct app *a, struct report *r)
{
	struct option_input in = {
		.argc = a->input.argc,
		.argv = a->input.argv,
		.again = true,
		.breathe = a->hooks->breathe,
		.ctx = a,
		.dir = a->input.dir,
	};
	struct app_options *fresh = NULL;
	const char *error;

	if (!a->opt->config || !a->reload.defaults) {
		snprintf(a->reload.error.text, sizeof(a->reload.error.text),
			 a->opt->config ? "%s reads its options at the start "
					  "only"
					: "%s was started without --config",
			 a->hooks->name);
		return fail(&a->reload);
	}
	fresh = malloc(a->hooks->options_size);
	if (!fresh) {
		snprintf(a->reload.error.text, sizeof(a->reload.error.text),
			 "out of memory");
		return fail(&a->reload);
	}
	memcpy(fresh, a->reload.defaults, a->hooks->options_size);
	tell_manager();
	error = take_over(a, fresh, &in, r);
	a->hooks->release(fresh);
	free(fresh);
	options_forget(&in);
	notify_send("READY=1");
	return error;
}

void reload_report(const struct app *a, struct report *r)
{
	report_number(r, "reloads", 0, a->reload.done);
	report_number(r, "reloads-failed", 0, a->reload.failed);
	if (a->reload.error.text[0])
		report_text(r, "reload-error", 0, a->reload.error.text);
}
