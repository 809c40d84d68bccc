/* SPDX-License-Identifier: MIT */
/*
 * linkwatch.h - being told when a device goes down and comes up
 *
 * The kernel removes the routes through a device that is set down, and does
 * not put them back. How the device is now is not enough to know that.
 */
#ifndef XLAT_LINUX_LINKWATCH_H
#define XLAT_LINUX_LINKWATCH_H

#include "ev.h"

/**
 * struct linkwatch - a netlink socket that hears of one device only
 * @changed:	called after news of the device
 * @went_down:	it has been down, or may have been, since the owner has set
 *		this to false
 */
struct linkwatch {
	struct ev ev; /* first member */
	void (*changed)(struct linkwatch *w);
	bool went_down;
};

/**
 * linkwatch_open() - listen
 * @w:		@changed set
 *
 * Return: 0 or -errno
 */
XL_MUST_USE int linkwatch_open(struct linkwatch *w, struct ev_loop *loop,
			       int ifindex);

#endif
