/* SPDX-License-Identifier: MIT */
/*
 * sharemap.h - the memory that the eBPF programs for a shared address have in
 * common with the daemon
 */
#ifndef XLAT_LINUX_BPF_SHAREMAP_H
#define XLAT_LINUX_BPF_SHAREMAP_H

#include "siit/pref64.h"
#include "siit/share.h"

/**
 * struct share_map - the value of an array map
 * @addr:	the IPv4 address; 0: none is shared; of IPv6, not 0: one is
 * @device:	index of the TUN
 * @ports:	of ours
 * @addr6:	the IPv6 address
 * @pref64:	whom it is shared for: only packets from there can be ours
 */
struct share_map {
	uint32_t addr;
	uint32_t device;
	struct addr6 addr6;
	struct addr6 pref64;
	uint32_t pref64_len;
	uint32_t unused;
	struct share_ports ports;
};

#endif
