/* SPDX-License-Identifier: MIT */
/*
 * view.h - which files a process can still reach (Landlock)
 *
 * Nothing but what is in its list: for all other paths there are neither
 * contents nor names, whoever owns them. What is open already stays open. It
 * asks for no privilege, so it works in containers and for ordinary users.
 */
#ifndef XLAT_LINUX_VIEW_H
#define XLAT_LINUX_VIEW_H

#include "base.h"

/**
 * enum view_right - what may be done with files
 * @VIEW_READ:		read them
 * @VIEW_SETTINGS:	find, read and write those that are there
 * @VIEW_REMOVE:	remove them
 * @VIEW_REPLACE:	write them anew
 */
enum view_right { VIEW_READ, VIEW_SETTINGS, VIEW_REMOVE, VIEW_REPLACE };

/**
 * struct view_path - something that stays in view
 * @path:	a file: so are the files beside it, as it may be replaced, and
 *		beside what it is a link to; or a directory, with '/' at the
 *		end. NULL: the end of the list
 */
struct view_path {
	const char *path;
	enum view_right right;
};

/* What tells how the network is: settings and resolvers' files. */
extern const struct view_path view_network[];

/* Can this kernel do it? */
XL_MUST_USE bool view_possible(void);

/**
 * view_prepare() - find what is in a list; with authority
 * @paths:	what is missing is left out; NULL: an empty list
 *
 * Return: a descriptor for view_enter(), or -errno
 */
XL_MUST_USE int view_prepare(const struct view_path *paths);

/**
 * view_enter() - from now on there is nothing else, for good
 * @view:	is closed
 *
 * The process must not be able to gain privileges (no_new_privs).
 *
 * Return: 0 or -errno
 */
XL_MUST_USE int view_enter(int view);

#endif
