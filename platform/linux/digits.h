/* SPDX-License-Identifier: MIT */
/*
 * digits.h - numbers in what the kernel and others have written for us
 */
#ifndef XLAT_LINUX_DIGITS_H
#define XLAT_LINUX_DIGITS_H

#include "base.h"

/**
 * digits_take() - the number that a text begins with, behind blanks
 * @text:	left behind it, or where it was if there is none
 * @base:	10, or 16 without "0x"
 *
 * Return: the number, UINT64_MAX if it is greater; 0 if there is none
 */
uint64_t digits_take(const char **text, unsigned int base);

#endif
