/* SPDX-License-Identifier: MIT */
/*
 * tun.h - a TUN device with offloads
 *
 * Packets come and go with a virtio-net header, so that checksums need not be
 * finished and super-packets of up to 64 KiB pass whole.
 */
#ifndef XLAT_LINUX_TUN_H
#define XLAT_LINUX_TUN_H

#include "packet.h"

/* What a packet is read into, from the start of a page: the second page is
 * where the payload of a super-packet should start (tun_read). */
#define TUN_PAGE     4096u
#define TUN_BUF_SIZE (TUN_PAGE + PKT_MAX + 64u)

/**
 * struct tun - an open device
 * @fd:		non-blocking descriptor
 * @socket:	for questions about the device
 * @ifindex:	interface index
 * @tso:	TCP super-packets are offered and taken
 * @uso:	UDP super-packets are offered and taken
 * @lead:	bytes of headers of the last super-packet that was read
 * @name:	interface name
 */
struct tun {
	int fd;
	int socket;
	int ifindex;
	bool tso;
	bool uso;
	uint32_t lead;
	char name[16];
};

/**
 * tun_open() - make a device; it vanishes with its descriptor
 * @name:	interface name, 1 to 15 bytes
 * @offload:	ask for checksum, TCP and UDP offload, as far as the kernel goes
 * @queues:	there will be more than one (tun_join())
 *
 * Return: 0; -EBUSY: the name is in use; -ENOENT: there is no /dev/net/tun;
 *         -EPERM; -EINVAL: not a name; another -errno
 */
XL_MUST_USE int tun_open(struct tun *t, const char *name, bool offload,
			 bool queues);

/**
 * tun_join() - another queue of a device
 * @first:	as it was opened
 *
 * The kernel sends a flow's packets to the queue that the last one of its other
 * direction was written to.
 *
 * Return: as tun_open()
 */
XL_MUST_USE int tun_join(struct tun *t, const struct tun *first);

void tun_close(struct tun *t);

/* Is the device there, and up? */
bool tun_is_up(const struct tun *t);

/**
 * tun_reduce() - offer fewer offloads after the kernel refused a super-packet
 * @gso:	of which kind
 */
void tun_reduce(struct tun *t, enum pkt_gso gso);

/**
 * tun_read() - read one packet
 * @buf:	TUN_BUF_SIZE bytes, at the start of a page
 * @p:		set; at least PKT_HEADROOM bytes of headroom
 *
 * The payload of a flow's next super-packet lands at the start of a page. The
 * kernel keeps it at such a place, too, before and after, and a copy between
 * addresses with the same low bits is a quarter faster than between others
 * (seen on AMD EPYC: 32 KiB in 1.0 us instead of 1.3).
 *
 * Return: 1; 0: there is none now; -EBADMSG: not understood, dropped; another
 *         -errno: the device is down or gone
 */
XL_MUST_USE int tun_read(struct tun *t, uint8_t *buf, struct pkt *p);

/**
 * tun_write() - write one packet
 * @p:		at least VNET_HDR_LEN bytes of headroom, which are overwritten
 *
 * Return: 0 or -errno; -EINVAL on a super-packet: this kernel does not take it
 */
XL_MUST_USE int tun_write(const struct tun *t, const struct pkt *p);

#endif
