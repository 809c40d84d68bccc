/* SPDX-License-Identifier: MIT */
/*
 * secret.h - random bits that are the same after a restart
 */
#ifndef XLAT_LINUX_SECRET_H
#define XLAT_LINUX_SECRET_H

#include "base.h"

/**
 * secret_load() - read an instance's secret, or make it
 * @instance:	its name; the file is /var/lib/xlat/NAME.key, or where
 *		$STATE_DIRECTORY says, and readable by root alone
 *
 * Where it cannot be kept, which is logged, it is another one each time.
 */
void secret_load(const char *instance, void *out, size_t size);

#endif
