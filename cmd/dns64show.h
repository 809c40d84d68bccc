/* SPDX-License-Identifier: MIT */
/*
 * dns64show.h - what a DNS64 server says about itself
 */
#ifndef XLAT_CMD_DNS64SHOW_H
#define XLAT_CMD_DNS64SHOW_H

#include "app.h"
#include "dns64view.h"

/**
 * struct dns64 - the daemon
 * @strangers:	questions refused when it was looked at
 * @networks:	without --allow: what the machine is connected to
 */
struct dns64 {
	struct app app; /* first member */
	struct dns64opt *opt;
	uint64_t strangers;
	struct ev_timer networks;
	struct dns64view views;
	struct dnsio io;
};

/* What ctl may ask, and what Prometheus gets; of a struct dns64. */
extern const struct control_command dns64show_commands[];
extern void (*const dns64show_metrics[])(const void *ctx, struct report *r);

/* "192.0.2.1:53" or "[2001:db8::1]:53". */
void dns64show_address(char out[64], const struct dnsio_address *a);

#endif
