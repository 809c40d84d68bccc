/* SPDX-License-Identifier: MIT */
/*
 * ask.h - asking a daemon through its control socket (control.h)
 */
#ifndef XLAT_CMD_ASK_H
#define XLAT_CMD_ASK_H

#include <sys/un.h>

#include "base.h"

/* Seconds after which who does not answer is taken to hang. */
#define ASK_PATIENCE 5

/* The first line of an answer that is not an error. */
#define ASK_OK       "ok\n"

/**
 * ask_address() - where an instance listens
 * @path:	its socket; NULL: where it is by default
 *
 * Return: false: the name is too long
 */
XL_MUST_USE bool ask_address(struct sockaddr_un *to, const char *instance,
			     const char *path);

/**
 * ask() - ask
 * @line:	the question, with '\n' at its end
 * @first:	set: the answer's first line, ASK_OK or "error TEXT\n"; "": there
 *		was none
 * @seconds:	that reading may take; 0: for ever
 *
 * Return: a descriptor to read the rest from, or -errno: nobody listens, or
 *         does not answer in time (-EAGAIN)
 */
XL_MUST_USE int ask(const struct sockaddr_un *to, const char *line, char *first,
		    size_t size, long seconds);

#endif
