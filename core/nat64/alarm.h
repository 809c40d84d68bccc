/* SPDX-License-Identifier: MIT */
/*
 * alarm.h - tell of thresholds before something is used up (RFC 8158, 4.5)
 *
 * Internal to nat64/. A threshold that is reached is told of once, until it is
 * not reached any more, and not before the interval since the last one of its
 * kind is over.
 */
#ifndef XLAT_NAT64_ALARM_H
#define XLAT_NAT64_ALARM_H

#include "nat64/state.h"

/* struct nat64.alarms: a bit for each threshold and table. An empty pool is no
 * news at first. */
#define ALARM_BIT(alarm, table) (1u << ((alarm)*POOL_TABLES + (table)))
#define ALARM_AT_FIRST                                                         \
	(ALARM_BIT(NAT64_POOL_LOW, POOL_TABLES) - ALARM_BIT(NAT64_POOL_LOW, 0))

/**
 * alarm_bound() - there is a new binding
 */
void alarm_bound(struct nat64 *n, const struct binding *b);

/**
 * alarm_pool() - a port was taken or given back
 */
void alarm_pool(struct nat64 *n, enum bib bib);

#endif
