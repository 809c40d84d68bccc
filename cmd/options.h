/* SPDX-License-Identifier: MIT */
/*
 * options.h - one row per option: command line, config file, usage text
 *
 * An applet lists its options in a table; everything that is said about an
 * option anywhere comes from its row, and a lint holds the man page to it.
 */
#ifndef XLAT_CMD_OPTIONS_H
#define XLAT_CMD_OPTIONS_H

#include "base.h"

/**
 * typedef-free parser of one value
 * @field:	where it goes, inside the applet's configuration
 * @text:	the value as written
 *
 * Return: NULL, or what was expected ("a port from 1 to 65535")
 */
typedef const char *option_parse(void *field, const char *text);

enum option_flags {
	OPTION_REPEAT = 1, /* may be given again; values add up */
	OPTION_SWITCH = 2, /* takes no value on the command line */
};

/**
 * struct option_row - an option
 * @name:	without dashes, as in the config file
 * @arg:	what the usage text calls its value; NULL for a switch
 * @help:	half a sentence
 * @parse:	parser
 * @offset:	of the field in the applet's configuration
 */
struct option_row {
	const char *name;
	const char *arg;
	const char *help;
	option_parse *parse;
	size_t offset;
	unsigned int flags;
};

#define OPTION(type, field, name, arg, parse, flags, help)                    \
	{ name, arg, help, parse, offsetof(type, field), flags }

/* Exit status by kind; xlat(8) has the same table. */
enum exit_status {
	EXIT_OK = 0,
	EXIT_RUN = 1,	  /* something failed while running */
	EXIT_USAGE = 2,	  /* wrong option, value or configuration file */
	EXIT_DENIED = 3,  /* not permitted: needs root or a capability */
	EXIT_LACKING = 4, /* the system lacks something: TUN, IPv6 */
	EXIT_IN_USE = 5,  /* a name, path or port is taken */
};

#endif
