/* SPDX-License-Identifier: MIT */
/*
 * options.h - one row per option: command line, config file, usage text
 *
 * An applet lists its options in tables; everything that is said about an
 * option anywhere comes from its row, and a lint holds the man page to it.
 */
#ifndef XLAT_CMD_OPTIONS_H
#define XLAT_CMD_OPTIONS_H

#include "base.h"

/**
 * typedef-free parser of one value
 * @field:	where it goes, inside the applet's configuration
 * @text:	the value as written; "" for a switch. It lives until
 *		options_forget()
 *
 * Return: NULL, or what was expected ("a port from 1 to 65535")
 */
typedef const char *option_parse(void *field, const char *text);

enum option_flags {
	OPTION_REPEAT = 1, /* may be given again; values add up */
	OPTION_SWITCH = 2, /* takes no value */
	OPTION_ARGS = 4,   /* on the command line only */
	OPTION_LIVE = 8,   /* a reload may change it: its parser keeps no
			    * reference to the text */
	OPTION_ONCE = 16,  /* not parsed again by a reload */
};

/**
 * struct option_row - an option
 * @name:	without dashes, as in the config file
 * @arg:	what the usage text calls its value; NULL for a switch
 * @help:	half a sentence
 * @parse:	parser
 * @offset:	of the field in the configuration of its group
 */
struct option_row {
	const char *name;
	const char *arg;
	const char *help;
	option_parse *parse;
	size_t offset;
	unsigned int flags;
};

#define OPTION(type, field, name, arg, parse, flags, help)                     \
	{                                                                      \
		name, arg, help, parse, offsetof(type, field), flags           \
	}

/**
 * struct option_group - rows that are shown together
 * @title:	heading in the usage text
 * @base:	where the group's configuration is inside the applet's
 */
struct option_group {
	const char *title;
	const struct option_row *rows;
	size_t count;
	size_t base;
};

#define OPTION_GROUP(title, rows, base)                                        \
	{                                                                      \
		title, rows, XL_COUNT(rows), base                              \
	}

/**
 * struct option_table - all options of an applet
 * @usage:	what stands behind "usage: "
 * @about:	what the applet is, a sentence
 */
struct option_table {
	const char *usage;
	const char *about;
	const struct option_group *groups;
	size_t count;
};

/**
 * struct option_error - why options could not be read
 * @text:	one line: the option, its value, and what was expected
 */
struct option_error {
	char text[512];
};

#define OPTION_ROWS_MAX 96u

/**
 * struct option_input - where options come from, and what was given there
 * @argv:	the command line, options only
 * @again:	a reload: options that are OPTION_ONCE are not parsed
 * @breathe:	called with @ctx once in many lines of the file, so that
 *		reading a long one does not hold up packets; may be NULL
 * @dir:	directory of the config file; -1: not open yet. Whoever has
 *		become somebody else can still open a file in it
 * @text:	what the config file said; NULL: there is none
 * @given:	for each row of the table a hash of its values; 0: none, or that
 *		a reload changes it
 */
struct option_input {
	int argc;
	char **argv;
	bool again;
	void (*breathe)(void *ctx);
	void *ctx;
	int dir;
	char *text;
	uint64_t given[OPTION_ROWS_MAX];
};

/**
 * options_read() - read the config file that --config names, then the rest of
 * the command line, which wins
 * @config:	the applet's configuration, holding the defaults
 * @in:		@argc, @argv, @again and @dir set; the rest is filled in
 *
 * Return: false, with @e saying why
 */
XL_MUST_USE bool options_read(const struct option_table *t, void *config,
			      struct option_input *in, struct option_error *e);

/* options_readable() - could the config file @path be read again? Sets errno. */
XL_MUST_USE bool options_readable(const struct option_input *in,
				  const char *path);

/* options_forget() - free the text that values refer to. */
void options_forget(struct option_input *in);

/**
 * options_change() - the next option that two readings give differently, of
 * those that a reload does not change
 * @at:		0 at first: number of the row to begin with; set to the one
 *		behind what was found
 *
 * Return: NULL if there is no other
 */
XL_MUST_USE const struct option_row *
options_change(const struct option_table *t, const struct option_input *a,
	       const struct option_input *b, size_t *at);

/* options_expect() - say that an option's value, or its lack, is wrong. */
void options_expect(struct option_error *e, const char *name,
		    const char *expected);

/* options_printable() - what could move a cursor in @text becomes '?'. */
void options_printable(char *text);

/* options_usage() - the usage text, to standard output. */
void options_usage(const struct option_table *t);

/* Exit status by kind; xlat(8) has the same table. */
enum exit_status {
	EXIT_OK = 0,
	EXIT_RUN = 1,     /* something failed while running */
	EXIT_USAGE = 2,   /* wrong option, value or configuration file */
	EXIT_DENIED = 3,  /* not permitted: needs root or a capability */
	EXIT_LACKING = 4, /* the system lacks something: TUN, IPv6 */
	EXIT_IN_USE = 5,  /* a name, path or port is taken */
};

#endif
