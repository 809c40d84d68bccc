/* SPDX-License-Identifier: MIT */
/*
 * Debian's libmnl.a is compiled against glibc with _FORTIFY_SOURCE. One of
 * its functions, which prints a message for debugging and which nothing here
 * calls, wants a symbol that musl does not have.
 */
#include <stdarg.h>
#include <stdio.h>

int __fprintf_chk(FILE *f, int flag, const char *format, ...);

int __fprintf_chk(FILE *f, int flag, const char *format, ...)
{
	va_list ap;
	int n;

	(void)flag;
	va_start(ap, format);
	n = vfprintf(f, format, ap);
	va_end(ap);
	return n;
}
