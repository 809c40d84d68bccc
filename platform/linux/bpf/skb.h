/* SPDX-License-Identifier: MIT */
/*
 * skb.h - what the kernel offers to eBPF programs that see packets
 *
 * To be compiled with `clang -target bpf` only; see scripts/bpf.py.
 */
#ifndef XLAT_LINUX_BPF_SKB_H
#define XLAT_LINUX_BPF_SKB_H

#include <linux/bpf.h>

#include "base.h"

#define SEC(name)      __attribute__((section(name), used))

/* Helpers of the kernel, by number. */
#define HELPER(number) ((void *)(number))

static long (*const skb_store)(struct __sk_buff *skb, uint32_t at,
			       const void *from, uint32_t len,
			       uint64_t flags) = HELPER(9);
static long (*const l4_csum)(struct __sk_buff *skb, uint32_t at, uint64_t from,
			     uint64_t to, uint64_t flags) = HELPER(11);
static long (*const clone_redirect)(struct __sk_buff *skb, uint32_t ifindex,
				    uint64_t flags) = HELPER(13);
static long (*const redirect)(uint32_t ifindex, uint64_t flags) = HELPER(23);
static long (*const change_proto)(struct __sk_buff *skb, uint16_t proto,
				  uint64_t flags) = HELPER(31);
static long (*const change_head)(struct __sk_buff *skb, uint32_t room,
				 uint64_t flags) = HELPER(43);
static long (*const load_from)(const struct __sk_buff *skb, uint32_t at,
			       void *to, uint32_t len,
			       uint32_t start) = HELPER(68);
static long (*const fib_lookup)(struct __sk_buff *skb,
				struct bpf_fib_lookup *ask, int size,
				uint32_t flags) = HELPER(69);
static long (*const redirect_neigh)(uint32_t ifindex,
				    const struct bpf_redir_neigh *hop,
				    int hop_len, uint64_t flags) = HELPER(152);

/* What a program may answer, beside what redirect returns. */
enum { NEXT = -1, DROP = 2 };

enum { PROTO4 = 0x0800, PROTO6 = 0x86dd, ETHERNET_LEN = 14 };

/* @at: from the network header on */
static inline bool load_at(const struct __sk_buff *skb, uint32_t at, void *to,
			   uint32_t size)
{
	return load_from(skb, at, to, size, BPF_HDR_START_NET) == 0;
}

/* From the TUN, straight on by another device. The kernel takes off an
 * Ethernet header, whatever the device has. @hop: NULL: it is looked up */
static inline int leave_by(struct __sk_buff *skb, uint32_t device,
			   const struct bpf_redir_neigh *hop)
{
	if (change_head(skb, ETHERNET_LEN, 0))
		return DROP;
	return (int)redirect_neigh(device, hop, hop ? sizeof(*hop) : 0, 0);
}

#endif
