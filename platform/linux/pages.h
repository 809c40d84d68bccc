/* SPDX-License-Identifier: MIT */
/*
 * pages.h - memory that is taken once, from the kernel itself
 */
#ifndef XLAT_LINUX_PAGES_H
#define XLAT_LINUX_PAGES_H

#include "base.h"

/**
 * pages_take() - zeroed memory; a page of it that is never written costs none
 * @huge:	it is looked at in another place for every packet: in huge pages
 *		if the kernel has any, which it then takes whole
 *
 * Return: NULL, with errno set; else for munmap()
 */
XL_MUST_USE void *pages_take(size_t size, bool huge);

#endif
