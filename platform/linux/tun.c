/* SPDX-License-Identifier: MIT */
#include "tun.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/if.h>
#include <linux/if_tun.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "vnet.h"

#define OFFLOAD_CSUM TUN_F_CSUM
#define OFFLOAD_TSO  (TUN_F_TSO4 | TUN_F_TSO6 | TUN_F_TSO_ECN)

/* Linux 6.2; the two have to be asked for together. */
#ifndef TUN_F_USO4
#define TUN_F_USO4 0x20
#define TUN_F_USO6 0x40
#endif
#define OFFLOAD_USO (TUN_F_USO4 | TUN_F_USO6)

static bool set_offload(const struct tun *t, unsigned int flags)
{
	return ioctl(t->fd, TUNSETOFFLOAD, (unsigned long)flags) == 0;
}

/* Ask for what @t->tso and @t->uso say, and for less where that is refused.
 * The mask belongs to the device, so it is always set, if only to none. */
static void negotiate(struct tun *t, bool offload)
{
	t->uso = t->uso &&
		 set_offload(t, OFFLOAD_CSUM | OFFLOAD_TSO | OFFLOAD_USO);
	if (t->uso)
		return;
	t->tso = t->tso && set_offload(t, OFFLOAD_CSUM | OFFLOAD_TSO);
	if (!t->tso && !(offload && set_offload(t, OFFLOAD_CSUM)))
		(void)set_offload(t, 0);
}

static int find_index(struct tun *t, struct ifreq *ifr)
{
	t->socket = socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (t->socket < 0 || ioctl(t->socket, SIOCGIFINDEX, ifr) < 0)
		return -errno;
	t->ifindex = ifr->ifr_ifindex;
	return 0;
}

static int attach(struct tun *t, const char *name, int flags)
{
	struct ifreq ifr = { 0 };
	int size = VNET_HDR_LEN;

	memcpy(ifr.ifr_name, name, strlen(name));
	ifr.ifr_flags = (short)(IFF_TUN | IFF_NO_PI | IFF_VNET_HDR | flags);
	if (ioctl(t->fd, TUNSETIFF, &ifr) < 0)
		return -errno;
	if (ioctl(t->fd, TUNSETVNETHDRSZ, &size) < 0)
		return -errno;
	memcpy(t->name, ifr.ifr_name, sizeof(t->name));
	return find_index(t, &ifr);
}

static int open_as(struct tun *t, const char *name, int flags)
{
	int err;

	t->fd = open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);
	if (t->fd < 0)
		return -errno;
	err = attach(t, name, flags);
	if (err)
		tun_close(t);
	return err;
}

int tun_open(struct tun *t, const char *name, bool offload, bool queues)
{
	const size_t len = strlen(name);
	int err;

	*t = (struct tun){ .socket = -1, .tso = offload, .uso = offload };
	if (len == 0 || len >= sizeof(t->name))
		return -EINVAL;
	/* EXCL: a device that exists, persistent or not, is someone else's. */
	err = open_as(t, name, IFF_TUN_EXCL | (queues ? IFF_MULTI_QUEUE : 0));
	if (!err)
		negotiate(t, offload);
	return err;
}

int tun_join(struct tun *t, const struct tun *first)
{
	*t = *first;
	t->socket = -1;
	return open_as(t, first->name, IFF_MULTI_QUEUE);
}

void tun_close(struct tun *t)
{
	if (t->socket >= 0)
		close(t->socket);
	close(t->fd);
	t->fd = -1;
}

bool tun_is_up(const struct tun *t)
{
	struct ifreq ifr = { 0 };

	memcpy(ifr.ifr_name, t->name, sizeof(t->name));
	return ioctl(t->socket, SIOCGIFFLAGS, &ifr) == 0 &&
	       ifr.ifr_flags & IFF_UP;
}

void tun_reduce(struct tun *t, enum pkt_gso gso)
{
	if (gso == PKT_GSO_TCP)
		t->tso = false;
	t->uso = false;
	negotiate(t, true);
}

int tun_read(struct tun *t, uint8_t *buf, struct pkt *p)
{
	uint8_t *data = buf + TUN_PAGE - t->lead;
	uint8_t *wire = data - VNET_HDR_LEN;
	const ssize_t n = read(t->fd, wire, VNET_HDR_LEN + PKT_MAX);

	if (n < 0)
		return errno == EAGAIN || errno == EINTR ? 0 : -errno;
	if (n < (ssize_t)VNET_HDR_LEN)
		return -EBADMSG;
	p->data = data;
	p->len = (uint32_t)n - VNET_HDR_LEN;
	p->headroom = TUN_PAGE - t->lead;
	p->tailroom = TUN_BUF_SIZE - p->headroom - p->len;
	if (!vnet_load(wire, p))
		return -EBADMSG;
	if (p->gso)
		t->lead = vnet_super_headers(p);
	return 1;
}

int tun_write(const struct tun *t, const struct pkt *p)
{
	uint8_t *wire = p->data - VNET_HDR_LEN;

	vnet_store(wire, p);
	if (write(t->fd, wire, VNET_HDR_LEN + p->len) < 0)
		return -errno;
	return 0;
}
