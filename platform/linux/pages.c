/* SPDX-License-Identifier: MIT */
#include "pages.h"

#include <sys/mman.h>

void *pages_take(size_t size, bool huge)
{
	void *p = mmap(NULL, size, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (p == MAP_FAILED)
		return NULL;
	if (huge)
		(void)madvise(p, size, MADV_HUGEPAGE);
	return p;
}
