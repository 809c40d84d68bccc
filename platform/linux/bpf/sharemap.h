/* SPDX-License-Identifier: MIT */
/*
 * sharemap.h - the memory that the eBPF programs for a shared address have in
 * common with the daemon
 */
#ifndef XLAT_LINUX_BPF_SHAREMAP_H
#define XLAT_LINUX_BPF_SHAREMAP_H

#include "siit/share.h"

/**
 * struct share_map - the value of an array map
 * @addr:	the IPv4 address; 0: none is shared
 * @device:	index of the TUN
 * @ports:	of ours
 */
struct share_map {
	uint32_t addr;
	uint32_t device;
	struct share_ports ports;
};

#endif
