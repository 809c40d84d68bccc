/* SPDX-License-Identifier: MIT */
/*
 * clat_packets.c - what becomes of packets: which are ours, and between which
 * addresses they are translated
 */
#include <stdlib.h>
#include <string.h>

#include "clat.h"
#include "clat/fast.h"

#define EAM_ROOM 2u

/* What an IPv4 address of ours is under @source. */
static struct addr6 own_address(struct net6 source, uint32_t addr4)
{
	const struct pref64 own = { source.addr, CLAT_OWN_PREFIX };

	return source.len == CLAT_OWN_PREFIX ? pref64_embed(own, addr4)
					     : source.addr;
}

/* Addresses of ours and what they are on the IPv6 side; an address of zero:
 * none, and nothing is translated. */
static void fill_eam(struct clat *d, struct siit *s, void *memory,
		     struct net6 source)
{
	const struct net4 lan = d->opt->lan;
	const uint32_t addr4 = d->follow.addr4;
	const char *expected = NULL;

	memset(memory, 0, eam_size(EAM_ROOM));
	eam_init(&s->eam, memory, EAM_ROOM);
	if (!(source.addr.hi | source.addr.lo))
		return;
	expected =
		eam_add(&s->eam, (struct eam_entry){ own_address(source, addr4),
						     addr4, 32, 128 });
	if (!expected && lan.len && source.len == CLAT_OWN_PREFIX)
		expected =
			eam_add(&s->eam,
				(struct eam_entry){
					own_address(source, lan.addr), lan.addr,
					lan.len, (uint8_t)(lan.len + 96) });
	if (expected)
		log_error("addresses: expected %s", expected);
}

/*
 * A host that is not ours would leave under the provider's prefix, where no
 * answer to it comes back from.
 */
static bool is_stranger(const struct siit *s, const struct pkt *p)
{
	struct addr6 unused;

	return p->len >= IP4_HDR_LEN && p->data[0] >> 4 == 4 &&
	       !eam_4to6(&s->eam, hdr4_load(p->data).src, &unused);
}

/* Is it for the address that was ours before? */
static bool is_late(const struct siit *old, const struct pkt *p)
{
	uint32_t unused;

	return old->eam.count && p->len >= IP6_HDR_LEN &&
	       p->data[0] >> 4 == 6 &&
	       eam_6to4(&old->eam, addr6_load(p->data + 24), &unused);
}

/* It is the first of these, and there may be many. */
static void tell_stranger(struct clat *d, const struct pkt *p)
{
	const uint32_t a = hdr4_load(p->data).src;

	if (d->told_stranger)
		return;
	d->told_stranger = true;
	log_warn("packets from %u.%u.%u.%u are dropped: %s", a >> 24,
		 a >> 16 & 0xff, a >> 8 & 0xff, a & 0xff,
		 clat_options_share(d->opt)
			 ? "the rule that masquerades it is missing"
			 : "it is not in --lan");
}

/*
 * While there is no way to the translator, applications are told so: those
 * whose sockets are bound to our address, for the route is gone.
 */
static bool is_cut_off(const struct follow *f)
{
	return f->life.state == LIFE_PAUSED &&
	       !(f->life.facts.pref64.len && f->life.facts.route6);
}

static struct xlat_result turn_away(const struct siit *s, struct pkt *p)
{
	struct pkt_view v;
	const enum xlat_why why = pkt_parse(p, &v);

	return why ? xlat_drop(why)
		   : error_reply4(&s->tr, p, &v, WHY_UNREACHABLE, 3, 0, 0);
}

struct xlat_result clat_packets_translate(void *ctx, struct pkt *p,
					  uint64_t now)
{
	struct clat *d = ctx;

	(void)now;
	if (is_late(&d->old, p))
		return siit_packet(&d->old, p);
	if (is_stranger(&d->siit, p)) {
		tell_stranger(d, p);
		return xlat_drop(WHY_NO_MAPPING);
	}
	if (p->data[0] >> 4 == 4 && is_cut_off(&d->follow))
		return turn_away(&d->siit, p);
	return siit_packet(&d->siit, p);
}

static void fill_siit(struct clat *d, struct siit *s)
{
	s->tr = d->trans.tr;
	/* Which IPv4 addresses the prefix may carry is the provider's to say,
	 * so wkp_strict stays off. Every hop of a traceroute is shown. */
	s->error4 = (struct net4){ TRANS_DUMMY4, 32 };
	s->error4_on = true;
	s->error_ext = NODE_EXT_NODE_ID;
	s->hairpin = HAIRPIN_INTRINSIC;
	trans_random(&s->random, sizeof(s->random));
	s->random |= 1;
}

bool clat_packets_open(struct clat *d)
{
	d->memory[0] = malloc(eam_size(EAM_ROOM));
	d->memory[1] = malloc(eam_size(EAM_ROOM));
	if (!d->memory[0] || !d->memory[1]) {
		log_error("out of memory");
		return false;
	}
	/* To its user the translator in a host is no hop; on a router it is. */
	d->trans.tr.keep_ttl = !d->opt->lan.len;
	fill_siit(d, &d->siit);
	fill_siit(d, &d->old);
	clat_packets_changed(&d->follow);
	return true;
}

void clat_packets_adopt(struct clat *d)
{
	d->siit.tr = d->old.tr = d->trans.tr;
	clat_packets_changed(&d->follow);
}

static void tell(struct clat *d, struct siit *s, void *memory,
		 struct net6 source)
{
	s->tr.mtu6 = d->trans.tr.mtu6;
	s->tr.self6 = d->trans.tr.self6;
	if (translate_illegal6(s->tr.self6))
		s->tr.self6 = own_address(source, s->tr.self4);
	s->pool6 = d->follow.life.pref64;
	fill_eam(d, s, memory, source);
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

static void tell_fast(struct clat *d, const struct net6 ours[2])
{
	const struct siit *s = &d->siit;
	const struct translate *t = &s->tr;
	const bool on = !is_cut_off(&d->follow);
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
		.device = d->fastpath.device,
		.uplink = (uint32_t)d->follow.steered,
		.keep_ttl = t->keep_ttl,
	};

	add_nets(&c, &s->eam);
	fastpath_tell(&d->fastpath, &c);
}

void clat_packets_changed(struct follow *f)
{
	struct clat *d = (struct clat *)(void *)f->trans;
	const bool shared = follow_is_shared(f);
	const uint8_t len = follow_is_given(f) ? follow_source(f).len : 128;
	const struct net6 held = { f->claims[LIFE_HELD].addr, len };
	const struct net6 old = { f->claims[LIFE_OLD].addr, len };
	struct net6 ours[] = { held, old };

	if (shared)
		ours[0].addr = (struct addr6){ 0, 0 };
	tell(d, &d->siit, d->memory[0], held);
	tell(d, &d->old, d->memory[1], old);
	if (shared && d->share.map)
		share_tell6(&d->share, held.addr, f->life.pref64, &d->ports);
	tell_fast(d, ours);
}
