/* SPDX-License-Identifier: MIT */
/*
 * clatmap.h - the memory that clat's eBPF programs share with it
 */
#ifndef XLAT_LINUX_BPF_CLATMAP_H
#define XLAT_LINUX_BPF_CLATMAP_H

#include "bpf/fastmap.h"
#include "clat/fast.h"

struct clat_map {
	struct fast_head head;
	struct fast_config slots[FAST_SLOTS];
};

#endif
