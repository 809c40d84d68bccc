/* SPDX-License-Identifier: MIT */
/*
 * notify.h - telling a service manager how we are (sd_notify's protocol)
 */
#ifndef XLAT_LINUX_NOTIFY_H
#define XLAT_LINUX_NOTIFY_H

#include "ev.h"

/* notify_open() - connect to the manager, if there is one; with authority. */
void notify_open(void);

/**
 * notify_send() - send a state, "READY=1" or "STOPPING=1"
 *
 * Does nothing where no service manager listens.
 */
void notify_send(const char *state);

/**
 * notify_watchdog() - from now on, tell the manager that the loop turns
 *
 * As often as WATCHDOG_USEC asks for, if it does. Who hangs is silent, and is
 * started anew.
 */
void notify_watchdog(struct ev_loop *loop);

#endif
