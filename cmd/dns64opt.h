/* SPDX-License-Identifier: MIT */
/*
 * dns64opt.h - options of the DNS64 server, and what they mean together
 */
#ifndef XLAT_CMD_DNS64OPT_H
#define XLAT_CMD_DNS64OPT_H

#include "app.h"
#include "dnsio.h"
#include "list.h"

/**
 * struct dns64opt_allow - a value of --allow
 * @prefix:	for these clients; length 0: see @none
 * @none:	nothing is synthesised for them; else what is for everybody
 */
struct dns64opt_allow {
	struct synth_net6 net;
	struct pref64 prefix;
	bool none;
};

/**
 * struct dns64opt - configuration
 * @listen, @forward: of struct dnsio_address
 * @source:	address of questions to servers, by family, IPv4 first
 * @device:	interface of theirs, or NULL
 * @prefixes:	of struct pref64
 * @allow:	of struct dns64opt_allow
 * @exclude6:	of struct synth_net6
 * @map4:	of struct synth_map4
 * @ignore, @exempt: of struct msg_name
 * @secrets:	of struct siphash_key
 * @threads:	0: as many as the machine has processors
 * @cache_size:	bytes
 * @stale:	seconds
 * @silent:	who may not ask gets no reply
 * @rate:	answers a second to the same question of a network
 */
struct dns64opt {
	struct app_options app; /* first member */
	struct list listen;
	struct list forward;
	struct dnsio_address source[2];
	const char *device;
	struct list prefixes;
	struct list allow;
	struct list exclude6;
	struct list map4;
	struct list ignore;
	struct list exempt;
	struct list secrets;
	uint32_t threads;
	uint32_t cache_size;
	uint32_t stale;
	uint32_t rate;
	bool silent;
	bool v4only;
	bool pass_errors;
	bool ptr;
};

#define DNS64OPT_DEFAULTS                                                      \
	{                                                                      \
		.app = APP_DEFAULTS, .cache_size = 8u << 20, .ptr = true       \
	}

extern const struct option_table dns64opt_table;

/* dns64opt_check() - do clients and servers make sense together? */
XL_MUST_USE bool dns64opt_check(const struct dns64opt *o,
				struct option_error *e);

/**
 * dns64opt_adopt() - take over what a reload may change
 * @fresh:	gets what was there instead
 */
void dns64opt_adopt(struct dns64opt *o, struct dns64opt *fresh);

/* Free what parsers have allocated. */
void dns64opt_release(struct dns64opt *o);

#endif
