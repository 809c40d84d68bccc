/* SPDX-License-Identifier: MIT */
/*
 * siit_options.h - options of the stateless translator
 */
#ifndef XLAT_CMD_SIIT_OPTIONS_H
#define XLAT_CMD_SIIT_OPTIONS_H

#include "list.h"
#include "trans.h"

/**
 * struct siit_options - configuration
 * @eam:	of struct eam_entry
 * @deny4:	of struct net4
 * @allow4:	of struct net4
 * @error4_set:	--error-source4 was given
 * @error4_on:	there are sources for errors from unmapped IPv6 addresses
 * @error6_on:	the same for IPv4
 * @ext_set:	--error-extension was given
 * @mappings:	@eam as a table, filled in by siit_options_check(), and
 * @mappings_mem: its memory
 */
struct siit_options {
	struct app_options app; /* first member */
	struct trans_options tr;
	struct pref64 pool6;
	struct list eam;
	struct list deny4;
	struct list allow4;
	struct net4 error4;
	struct net6 error6;
	bool error4_set;
	bool error4_on;
	bool error6_on;
	bool ext_set;
	enum node_extension ext;
	enum hairpin hairpin;
	struct eam mappings;
	void *mappings_mem;
};

#define SIIT_OPTIONS_DEFAULTS                                                  \
	{                                                                      \
		.app = APP_DEFAULTS, .tr = TRANS_DEFAULTS,                     \
		.error4 = { TRANS_DUMMY4, 32 }, .error4_on = true,             \
		.hairpin = HAIRPIN_INTRINSIC                                   \
	}

extern const struct option_table siit_options_table;

/**
 * siit_options_check() - do the options make sense together?
 *
 * Return: false, with @e saying why not
 */
XL_MUST_USE bool siit_options_check(struct siit_options *o,
				    struct option_error *e);

/**
 * siit_options_adopt() - take over what may change at run time
 * @fresh:	checked; gets what it replaces
 */
void siit_options_adopt(struct siit_options *o, struct siit_options *fresh);

/* Free what parsers and siit_options_check() have allocated. */
void siit_options_release(struct siit_options *o);

#endif
