/* SPDX-License-Identifier: MIT */
/*
 * top.h - a page about a running instance, anew each second
 */
#ifndef XLAT_CMD_TOP_H
#define XLAT_CMD_TOP_H

#include <sys/un.h>

#include "base.h"

/**
 * top_run() - show it until q is pressed or a signal comes; to what is no
 * terminal one page is written
 * @to:		the instance's socket
 * @instance:	what it is called
 *
 * Return: 0, or -errno if nobody answers at the start
 */
XL_MUST_USE int top_run(const struct sockaddr_un *to, const char *instance);

#endif
