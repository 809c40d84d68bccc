/* SPDX-License-Identifier: MIT */
/*
 * useropt.h - what Linux tells about Router Advertisements that it accepts
 *
 * RTM_NEWNDUSEROPT carries one option, or several, of an advertisement that
 * the kernel has checked. Router Lifetime and preference are not in it. Where
 * the kernel does not accept advertisements (accept_ra is 0, or 1 on a router)
 * nothing comes.
 */
#ifndef XLAT_CLAT_USEROPT_H
#define XLAT_CLAT_USEROPT_H

#include "clat/ra.h"

#define USEROPT_TYPE 68u /* RTM_NEWNDUSEROPT */

/**
 * useropt_parse() - read a netlink message
 * @ra:		set, with @ra->lifetime 65535: who advertises is a default
 *		router as far as can be told
 * @router:	set: its address
 * @ifindex:	set: where it was heard
 * @msg:	from its netlink header on, host byte order; aligned or not
 *
 * Return: false: it is none, or cut, or does not name the router
 */
XL_MUST_USE bool useropt_parse(struct ra *ra, struct addr6 *router,
			       int *ifindex, const void *msg, size_t len);

#endif
