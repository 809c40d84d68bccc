/* SPDX-License-Identifier: MIT */
/* The virtio-net header: what the kernel says of a packet, and what we say. */
#include <criterion/criterion.h>
#include <string.h>

#include "vnet.h"

static uint8_t bytes[256];

/* A super-packet of which only the first byte and the header's length count. */
static struct pkt super(uint8_t first, size_t offset_at, uint8_t words)
{
	memset(bytes, 0, sizeof(bytes));
	bytes[0] = first;
	bytes[offset_at] = (uint8_t)(words << 4);
	return (struct pkt){ .data = bytes,
			     .len = sizeof(bytes),
			     .gso = PKT_GSO_TCP,
			     .gso_size = 100,
			     .partial = true };
}

Test(vnet, headers_of_a_super_packet)
{
	struct pkt p = super(0x45, 20 + 12, 8);

	cr_expect_eq(vnet_super_headers(&p), 20 + 32);
	p = super(0x4f, 60 + 12, 15);
	cr_expect_eq(vnet_super_headers(&p), 60 + 60, "the most there can be");
	p = super(0x60, 40 + 12, 5);
	cr_expect_eq(vnet_super_headers(&p), 40 + 20);
	p = super(0x60, 48 + 12, 5);
	bytes[6] = 44; /* a Fragment header */
	cr_expect_eq(vnet_super_headers(&p), 48 + 20);
	p = super(0x60, 40 + 12, 15);
	p.gso = PKT_GSO_UDP;
	cr_expect_eq(vnet_super_headers(&p), 40 + 8);
}

Test(vnet, one_that_ends_before_its_tcp_header_is_not_read_past_its_end)
{
	struct pkt p = super(0x45, 20 + 12, 15);

	p.len = 20 + 12;
	cr_expect_leq(vnet_super_headers(&p), 128);
	cr_expect_lt(vnet_super_headers(&p), 20 + 60);
}
