/* SPDX-License-Identifier: MIT */
/*
 * clat_options.h - options of the customer's side
 */
#ifndef XLAT_CMD_CLAT_OPTIONS_H
#define XLAT_CMD_CLAT_OPTIONS_H

#include "follow.h"

#define CLAT_OWN_PREFIX 96u /* bits of a prefix that is ours alone */

/**
 * struct clat_options - configuration
 * @follow:	what the operator has decided, so that it need not be found out
 * @lan:	IPv4 hosts behind us; len 0: none
 * @no_fast:	all packets go through this process
 * @check_network: only say whether a CLAT is possible
 */
struct clat_options {
	struct app_options app; /* first member */
	struct trans_options tr;
	struct follow_options follow;
	struct net4 lan;
	bool no_fast;
	bool check_network;
};

#define CLAT_OPTIONS_DEFAULTS                                                  \
	{                                                                      \
		.app = APP_DEFAULTS, .tr = TRANS_DEFAULTS,                     \
		.follow = { .discover_ra = true, .discover_dns = true },       \
	}

extern const struct option_table clat_options_table;

/* Is it complete and consistent? */
XL_MUST_USE bool clat_options_check(const struct clat_options *o,
				    struct option_error *e);

/* Do hosts of the LAN share one address, and so need a NAT44? */
bool clat_options_share(const struct clat_options *o);

#endif
