/* SPDX-License-Identifier: MIT */
/*
 * ctlarg.h - arguments of what ctl asks: "client=2001:db8::/64 proto=tcp"
 *
 * A command lists its arguments in a table, as applets do their options; what
 * is said about them anywhere comes from there. A word without a name is the
 * value of the first argument that has none yet: "lookup example.org" is
 * "lookup name=example.org".
 */
#ifndef XLAT_LINUX_CTLARG_H
#define XLAT_LINUX_CTLARG_H

#include "base.h"

#define CTLARG_SIZE 320u /* of the structure that values go to */

/**
 * struct ctlarg - an argument
 * @name:	the word before '='
 * @value:	what its value is called where it is explained
 * @parse:	as option_parse: NULL, or what was expected; copies what it
 *		keeps of @text
 * @offset:	of the field in the command's structure
 * @needed:	there is no answer without
 */
struct ctlarg {
	const char *name;
	const char *value;
	const char *(*parse)(void *field, const char *text);
	size_t offset;
	bool needed;
};

#define CTLARG(type, field, name, value, parse, needed)                        \
	{                                                                      \
		name, value, parse, offsetof(type, field), needed              \
	}
#define CTLARG_END                                                             \
	{                                                                      \
		NULL, NULL, NULL, 0, false                                     \
	}

/**
 * ctlarg_read() - read them
 * @args:	what there can be, ended by CTLARG_END; NULL: nothing
 * @words:	apart by single spaces; overwritten
 * @into:	the command's structure, CTLARG_SIZE bytes; zeroed first
 * @why:	what is wrong, one line
 *
 * Return: false, with @why written
 */
XL_MUST_USE bool ctlarg_read(const struct ctlarg *args, char *words, void *into,
			     char *why, size_t size);

#endif
