/* SPDX-License-Identifier: MIT */
/*
 * dirs.h - directories of files that we make
 */
#ifndef XLAT_LINUX_DIRS_H
#define XLAT_LINUX_DIRS_H

#include "sandbox.h"

/**
 * dirs_make() - make the directory that a file is to be in, if it is missing
 * @path:	full path of the file
 * @user:	who gets the directory
 *
 * Return: 0 or -errno
 */
XL_MUST_USE int dirs_make(const char *path, struct sandbox_user user);

#endif
