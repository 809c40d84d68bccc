/* SPDX-License-Identifier: MIT */
/*
 * reload.h - read the configuration again while the daemon runs
 *
 * The config file and the command line are read into a configuration of their
 * own. If anything in it is wrong, that is said and nothing changes. Else what
 * can change at run time does (OPTION_LIVE), and what cannot is named.
 *
 * The file is opened by whom the daemon has become, without privileges.
 */
#ifndef XLAT_CMD_RELOAD_H
#define XLAT_CMD_RELOAD_H

#include "options.h"
#include "report.h"

struct app;

/**
 * struct reload - how it went
 * @defaults:	the configuration before options were read; NULL: the applet
 *		cannot reload
 * @done:	how often the configuration was taken over
 * @failed:	how often it was not
 * @error:	why not, the last time; "" after a success
 */
struct reload {
	void *defaults;
	uint64_t done;
	uint64_t failed;
	struct option_error error;
};

/* reload_prepare() - before options are read: keep what the defaults are. */
void reload_prepare(struct app *a);

/* reload_foresee() - without authority: say so if it is not going to work. */
void reload_foresee(const struct app *a);

/**
 * reload_run() - do it
 * @r:		gets fields about it; may be NULL
 *
 * The log tells what came of it, too.
 *
 * Return: NULL, or what went wrong, valid until the next call
 */
const char *reload_run(struct app *a, struct report *r);

/* Fields of status. */
void reload_report(const struct app *a, struct report *r);

#endif
