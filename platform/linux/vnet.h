/* SPDX-License-Identifier: MIT */
/*
 * vnet.h - the virtio-net header that carries offload facts through a TUN
 *
 * Pure functions between its wire form and the facts in struct pkt.
 */
#ifndef XLAT_LINUX_VNET_H
#define XLAT_LINUX_VNET_H

#include "packet.h"

#define VNET_HDR_LEN 10u

/**
 * vnet_load() - take the facts of a packet that was read
 * @wire:	VNET_HDR_LEN bytes, host byte order (a TUN's default)
 * @p:		packet; its offload fields are set
 *
 * Return: false if the header asks for something that was never offered
 */
XL_MUST_USE bool vnet_load(const uint8_t *wire, struct pkt *p);

/**
 * vnet_store() - describe a packet that is to be written
 * @wire:	VNET_HDR_LEN bytes
 * @p:		packet with a complete IP header at @p->data
 *
 * csum_start and hdr_len are computed from the packet: on forwarded
 * super-packets the ones received may cover more than the headers, and on
 * others hdr_len is zero.
 */
void vnet_store(uint8_t *wire, const struct pkt *p);

/**
 * vnet_super_headers() - where the payload of a super-packet starts
 * @p:		super-packet of either family, without extension headers other
 *		than a Fragment header
 *
 * Return: bytes of its IP and transport headers, 128 at most
 */
XL_MUST_USE uint32_t vnet_super_headers(const struct pkt *p);

#endif
