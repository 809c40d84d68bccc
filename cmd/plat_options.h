/* SPDX-License-Identifier: MIT */
/*
 * plat_options.h - options of the stateful NAT64
 */
#ifndef XLAT_CMD_PLAT_OPTIONS_H
#define XLAT_CMD_PLAT_OPTIONS_H

#include "app.h"
#include "list.h"
#include "nat64/nat64.h"
#include "record.h"
#include "trans.h"

/**
 * struct plat_options - configuration
 * @nat64:	all of it but @nat64.tr and @nat64.key, once checked
 * @no_fast:	all packets go through this process
 * @state:	file that the tables survive in; NULL: none
 * @state_interval: seconds between two writings of it
 * @allow4:	of struct net4
 * @deny4:	of struct net4
 * @allow6:	of struct net6
 * @statics:	of struct nat64_static
 */
struct plat_options {
	struct app_options app; /* first member */
	struct trans_options tr;
	struct nat64_config nat64;
	bool no_fast;
	const char *state;
	uint32_t state_interval;
	struct record_options record;
	struct list allow4;
	struct list deny4;
	struct list allow6;
	struct list statics;
};

/**
 * plat_options_init() - the defaults
 * @o:		all zero
 */
void plat_options_init(struct plat_options *o);

extern const struct option_table plat_options_table;

/**
 * plat_options_check() - is it complete and consistent? Fills in what @nat64
 * refers to
 */
XL_MUST_USE bool plat_options_check(struct plat_options *o,
				    struct option_error *e);

/* plat_options_adopt() - take over what may change; the rest goes the other
 * way. */
void plat_options_adopt(struct plat_options *o, struct plat_options *fresh);

/* plat_options_release() - free what parsers allocated. */
void plat_options_release(struct plat_options *o);

#endif
