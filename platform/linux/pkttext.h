/* SPDX-License-Identifier: MIT */
/*
 * pkttext.h - a packet in a line, for people
 */
#ifndef XLAT_LINUX_PKTTEXT_H
#define XLAT_LINUX_PKTTEXT_H

#include "packet.h"

#define PKTTEXT_SIZE 256u

/**
 * pkttext() - "tcp 192.0.2.1:80 > 198.51.100.1:1024 SA, 60 bytes, ttl 63"
 * @out:	PKTTEXT_SIZE bytes
 * @v:		what a parse found
 * @len:	of the whole packet, bytes
 * @gso_size:	0, or payload bytes of the packets in a super-packet
 */
void pkttext(char *out, const struct pkt_view *v, uint32_t len,
	     uint16_t gso_size);

#endif
