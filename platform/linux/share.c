/* SPDX-License-Identifier: MIT */
#include "share.h"

#include <errno.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "bpfload.h"

#include "bpf/share.inc"

static const struct bpfload_code code_of_take6 = { share_masks, share_take6,
						   sizeof(share_take6) };
static const struct bpfload_code code_of_take = { share_masks, share_take,
						  sizeof(share_take) };
static const struct bpfload_code code_of_depart = { share_masks, share_depart,
						    sizeof(share_depart) };

int share_open(struct share *s, bool six)
{
	void *memory;
	int map = bpfload_memory(&memory, sizeof(*s->map));

	s->take = s->depart = s->link = -1;
	if (map < 0)
		return map;
	s->map = memory;
	s->take = bpfload_program(six ? &code_of_take6 : &code_of_take, map);
	if (!six)
		s->depart = bpfload_program(&code_of_depart, map);
	bpfload_close(&map);
	if (s->take >= 0 && (six || s->depart >= 0))
		return 0;
	map = s->take < 0 ? s->take : s->depart;
	share_close(s);
	return map;
}

int share_at_tun(struct share *s, int ifindex)
{
	s->map->device = (uint32_t)ifindex;
	if (s->depart < 0)
		return 0;
	s->link = bpfload_attach(s->depart, false, ifindex);
	return s->link < 0 ? s->link : 0;
}

static void set_addr(struct share *s, uint32_t addr)
{
	__atomic_store_n(&s->map->addr, addr, __ATOMIC_RELEASE);
}

static void set_ports(struct share *s, const struct share_ports *ports)
{
	for (unsigned int t = 0; t < SHARE_TABLES; t++)
		for (unsigned int i = 0; i < XL_COUNT(ports->bits[t]); i++)
			s->map->ports.bits[t][i] = ports->bits[t][i];
}

/* Ports that stay are ours all the time. */
void share_tell(struct share *s, uint32_t addr, const struct share_ports *ports)
{
	if (addr != s->map->addr)
		set_addr(s, 0);
	set_ports(s, ports);
	set_addr(s, addr);
}

void share_tell6(struct share *s, struct addr6 addr, struct pref64 pref64,
		 const struct share_ports *ports)
{
	set_addr(s, 0);
	set_ports(s, ports);
	s->map->addr6 = addr;
	s->map->pref64 = pref64.prefix;
	s->map->pref64_len = pref64.len;
	set_addr(s, (addr.hi | addr.lo) && pref64.len);
}

void share_close(struct share *s)
{
	if (!s->map)
		return;
	bpfload_close(&s->link);
	bpfload_close(&s->depart);
	bpfload_close(&s->take);
	munmap(s->map, sizeof(*s->map));
	s->map = NULL;
}

/**
 * struct survey - while addresses are listed
 * @found:	@addr is among them
 */
struct survey {
	struct share_links *links;
	uint32_t addr;
	int own;
	bool found;
};

static void see(void *ctx, int ifindex, const struct nl_net *net)
{
	struct survey *s = ctx;
	struct share_links *l = s->links;
	uint32_t i = 0;

	s->found |= be_get32(net->addr) == s->addr;
	while (i < l->count && l->at[i].ifindex != ifindex)
		i++;
	if (ifindex == s->own || i == SHARE_DEVICES)
		return;
	if (i == l->count) {
		l->at[i].ifindex = ifindex;
		l->at[i].fd = -1;
		l->count++;
	}
	l->at[i].there = true;
}

/* Forget devices that have gone; @all: or not. */
static void forget(struct share_links *l, bool all)
{
	uint32_t kept = 0;

	for (uint32_t i = 0; i < l->count; i++) {
		if (all || !l->at[i].there)
			bpfload_close(&l->at[i].fd);
		else
			l->at[kept++] = l->at[i];
	}
	l->count = kept;
}

/* One that has gone in the meantime is none to complain of. */
static int attach(struct share_links *l)
{
	int err = 0;

	for (uint32_t i = 0; i < l->count; i++) {
		if (l->at[i].fd >= 0)
			continue;
		l->at[i].fd =
			bpfload_attach(l->program, false, l->at[i].ifindex);
		if (l->at[i].fd < 0 && l->at[i].fd != -ENODEV)
			err = l->at[i].fd;
	}
	return err;
}

int share_follow(struct share_links *l, struct nl *nl, uint32_t addr, int own)
{
	struct survey s = { l, addr, own, false };
	int err;

	for (uint32_t i = 0; i < l->count; i++)
		l->at[i].there = false;
	err = nl_addresses(nl, AF_INET, see, &s);
	if (err)
		return err;
	forget(l, !s.found);
	err = attach(l);
	return err ? err : s.found;
}

int share_watch(struct ev *ev, struct ev_loop *loop)
{
	const struct sockaddr_nl groups = { .nl_family = AF_NETLINK,
					    .nl_groups = RTMGRP_IPV4_IFADDR };
	int err = 0;

	ev->fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
	if (ev->fd < 0)
		return -errno;
	if (bind(ev->fd, (const void *)&groups, sizeof(groups)))
		err = -errno;
	return err ? err : ev_add(loop, ev, EPOLLIN);
}

void share_heard(const struct ev *ev)
{
	char some[64];

	while (recv(ev->fd, some, sizeof(some), MSG_DONTWAIT) >= 0 ||
	       errno == ENOBUFS)
		continue;
}
