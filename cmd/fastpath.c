/* SPDX-License-Identifier: MIT */
#include "fastpath.h"

#include <errno.h>
#include <string.h>

static void lack(struct fastpath *p, struct trans *t, int err)
{
	fast_close(&p->fast);
	t->fast = NULL;
	p->why = strerror(-err);
	if (err == -EPERM)
		p->why = "not permitted: needs CAP_BPF";
	else if (err == -EINVAL || err == -ENOSYS || err == -EACCES)
		p->why = "the kernel does not take it: needs Linux 6.6";
}

void fastpath_open(struct fastpath *p, struct trans *t, bool wanted, bool host)
{
	int err;

	p->wanted = wanted;
	p->why = "off";
	if (!wanted)
		return;
	t->fast = &p->fast;
	err = fast_open(&p->fast, host);
	p->why = NULL;
	if (err)
		lack(p, t, err);
}

void fastpath_start(struct fastpath *p, struct trans *t)
{
	const int err = p->why ? 0 : fast_at_tun(&p->fast, t->tun.ifindex);

	if (err)
		lack(p, t, err);
	if (p->why && p->wanted)
		log_info("fast path: not available: %s; all packets go "
			 "through this process",
			 p->why);
	if (p->why)
		return;
	p->device = (uint32_t)t->tun.ifindex;
	/* One set of counters: no Identification comes twice. */
	p->fast.map->ident = t->ident;
	t->tr.ident = &p->fast.map->ident;
}

static void add_nets(struct fast_config *c, const struct eam *e)
{
	struct eam_entry x;
	uint32_t at = 0;

	for (uint32_t i = 0; i < FAST_NETS; i++) {
		c->nets[i].mask = ~0u;
		if (eam_next(e, &at, &x))
			c->nets[i] =
				(struct fast_net){ x.addr6, x.addr4,
						   addr4_mask(~0u, x.len4) };
	}
}

void fastpath_tell(struct fastpath *p, const struct siit *s,
		   const struct net6 ours[2], int uplink, bool on)
{
	const struct translate *t = &s->tr;
	struct fast_config c = {
		.pref64 = s->pool6.prefix,
		.ours = { ours[0].addr, ours[1].addr },
		.ours_len = ours[0].len,
		.pref64_len = on && s->eam.count ? s->pool6.len : 0,
		.self4 = t->self4,
		.mtu4 = t->mtu4,
		.mtu6 = t->mtu6,
		.lowest_mtu6 = t->lowest_mtu6,
		.tos = (int16_t)t->tos,
		.tc = (int16_t)t->tc,
		.no_syns = t->mss != 0,
		.device = p->device,
		.uplink = (uint32_t)uplink,
		.keep_ttl = t->keep_ttl,
	};

	if (p->why)
		return;
	add_nets(&c, &s->eam);
	fast_tell(&p->fast, &c);
}

void fastpath_report(const struct fastpath *p, struct report *r)
{
	report_text(r, "fast-path", 0, p->why ? p->why : "on");
}

void fastpath_close(struct fastpath *p)
{
	if (!p->why)
		fast_close(&p->fast);
}
