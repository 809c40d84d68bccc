/* SPDX-License-Identifier: MIT */
/*
 * platmap.h - the memory that plat's eBPF program shares with it
 */
#ifndef XLAT_LINUX_BPF_PLATMAP_H
#define XLAT_LINUX_BPF_PLATMAP_H

#include "bpf/fastmap.h"
#include "nat64/nat64.h"
#include "nat64/quick.h"

struct plat_map {
	struct fast_head head;
	struct quick_config slots[FAST_SLOTS];
	struct quick_table table;
};

#endif
