/* SPDX-License-Identifier: MIT */
#include "vnet.h"

#include <linux/virtio_net.h>

/* In the kernel's headers only since Linux 6.2. */
#ifndef VIRTIO_NET_HDR_GSO_UDP_L4
#define VIRTIO_NET_HDR_GSO_UDP_L4 5
#endif

_Static_assert(sizeof(struct virtio_net_hdr) == VNET_HDR_LEN,
	       "the header without num_buffers");

bool vnet_load(const uint8_t *wire, struct pkt *p)
{
	struct virtio_net_hdr h;

	mem_copy(&h, wire, sizeof(h));
	p->partial = h.flags & VIRTIO_NET_HDR_F_NEEDS_CSUM;
	p->gso_size = h.gso_size;
	p->gso_ecn = h.gso_type & VIRTIO_NET_HDR_GSO_ECN;
	p->cut = 0;
	switch (h.gso_type & ~VIRTIO_NET_HDR_GSO_ECN) {
	case VIRTIO_NET_HDR_GSO_NONE:
		p->gso = PKT_GSO_NONE;
		return true;
	case VIRTIO_NET_HDR_GSO_TCPV4:
	case VIRTIO_NET_HDR_GSO_TCPV6:
		p->gso = PKT_GSO_TCP;
		break;
	case VIRTIO_NET_HDR_GSO_UDP_L4:
		p->gso = PKT_GSO_UDP;
		break;
	default:
		return false;
	}
	return p->partial && p->gso_size > 0;
}

static uint8_t gso_type(const struct pkt *p, bool ipv4)
{
	uint8_t type = VIRTIO_NET_HDR_GSO_UDP_L4;

	if (p->gso == PKT_GSO_TCP)
		type = ipv4 ? VIRTIO_NET_HDR_GSO_TCPV4
			    : VIRTIO_NET_HDR_GSO_TCPV6;
	if (p->gso_ecn)
		type |= VIRTIO_NET_HDR_GSO_ECN;
	return type;
}

/* Where the transport header of a packet of ours starts. Only TCP and UDP
 * have offloads, and they never stand behind extension headers here. */
static uint32_t transport_offset(const struct pkt *p)
{
	if (p->data[0] >> 4 == 4)
		return (uint32_t)(p->data[0] & 15) << 2;
	return IP6_HDR_LEN + (p->data[6] == IP_FRAGMENT ? IP6_FRAG_LEN : 0);
}

uint32_t vnet_super_headers(const struct pkt *p)
{
	const uint32_t l4 = transport_offset(p);

	if (p->gso == PKT_GSO_TCP && p->len > l4 + 12)
		return l4 + (uint32_t)((p->data[l4 + 12] >> 4) << 2);
	return l4 + UDP_HDR_LEN;
}

void vnet_store(uint8_t *wire, const struct pkt *p)
{
	struct virtio_net_hdr h = { 0 };
	const bool ipv4 = p->data[0] >> 4 == 4;
	const uint32_t l4 = p->partial ? transport_offset(p) : 0;
	const bool tcp = (ipv4 ? p->data[9] : p->data[6]) == IP_TCP;

	if (p->partial) {
		h.flags = VIRTIO_NET_HDR_F_NEEDS_CSUM;
		h.csum_start = (uint16_t)l4;
		h.csum_offset = tcp ? 16 : 6;
	}
	if (p->gso) {
		h.gso_type = gso_type(p, ipv4);
		h.gso_size = p->gso_size;
		h.hdr_len = (uint16_t)vnet_super_headers(p);
	}
	mem_copy(wire, &h, sizeof(h));
}
