/* SPDX-License-Identifier: MIT */
#include "siit/shortcut.h"

#include "siit/ident.h"
#include "siit/lookup.h"
#include "siit/plain.h"
#include "siit/transport.h"

static struct plain_rules rules_of(const struct translate *t)
{
	return (struct plain_rules){ t->keep_ttl, t->mss ? PLAIN_SYN : 0 };
}

static bool from4(struct siit *s, struct pkt *p)
{
	const struct translate *t = &s->tr;
	const struct plain_size size = { p->len, p->gso ? p->gso_size : 0 };
	const struct plain_rules rules = rules_of(t);
	struct addr6 src;
	struct addr6 dst;
	uint32_t segment;
	struct hdr4 h;

	if (!plain_4(rules, p->data, &size, &h, &segment) ||
	    !plain_fits6(h.df, segment, t->mtu6, t->lowest_mtu6) ||
	    p->headroom < IP6_HDR_LEN - IP4_HDR_LEN ||
	    lookup_6(s, h.src, s->hairpin != HAIRPIN_SIMPLE, &src) ||
	    lookup_6(s, h.dst, true, &dst))
		return false;
	transport_patch_check(p->data + IP4_HDR_LEN, h.proto,
			      plain_delta(h.src, h.dst, src, dst, true),
			      p->partial);
	p->data -= IP6_HDR_LEN - IP4_HDR_LEN;
	p->headroom -= IP6_HDR_LEN - IP4_HDR_LEN;
	p->len += IP6_HDR_LEN - IP4_HDR_LEN;
	p->cut = 0;
	hdr6_store(p->data, plain_4to6(rules, h, src, dst, t->tc));
	return true;
}

/* Would it have to go back to IPv6 (RFC 7757, 4.2.2)? */
static bool may_turn(const struct siit *s, uint32_t dst, bool embedded)
{
	struct addr6 unused;

	return s->hairpin == HAIRPIN_INTRINSIC && embedded && s->eam.count &&
	       eam_4to6(&s->eam, dst, &unused);
}

static bool from6(struct siit *s, struct pkt *p)
{
	const struct translate *t = &s->tr;
	const struct plain_size size = { p->len, p->gso ? p->gso_size : 0 };
	const struct plain_rules rules = rules_of(t);
	bool embedded;
	bool unused;
	uint32_t segment;
	uint32_t src;
	uint32_t dst;
	struct hdr6 h;
	struct hdr4 out;

	if (!plain_6(rules, p->data, &size, &h, &segment) ||
	    !plain_fits4(segment, t->mtu4) ||
	    lookup_4(s, h.dst, &dst, &embedded) ||
	    lookup_4(s, h.src, &src, &unused) || legal_never4(src) ||
	    legal_local4(src) || legal_never4(dst) || legal_local4(dst) ||
	    may_turn(s, dst, embedded))
		return false;
	transport_patch_check(p->data + IP6_HDR_LEN, h.proto,
			      plain_delta(src, dst, h.src, h.dst, false),
			      p->partial);
	out = plain_6to4(rules, h, src, dst, t->tos, segment);
	if (plain_needs_id(out, &size))
		out.id = ident_next(t->ident, src, dst, out.proto);
	p->data += IP6_HDR_LEN - IP4_HDR_LEN;
	p->headroom += IP6_HDR_LEN - IP4_HDR_LEN;
	p->len -= IP6_HDR_LEN - IP4_HDR_LEN;
	p->cut = 0;
	p->frag_id = out.id;
	hdr4_store(p->data, out);
	return true;
}

/* Headers are there as far as plain_4() and plain_6() look, and what is said
 * of a super-packet can be so. @proto: where the protocol stands. */
static bool may_be_plain(const struct pkt *p, uint32_t ip_len, uint32_t proto)
{
	return p->len >= ip_len + UDP_HDR_LEN &&
	       (p->data[proto] == IP_TCP || p->data[proto] == IP_UDP) &&
	       (!p->gso || (p->gso == PKT_GSO_TCP && p->gso_size));
}

bool shortcut_packet(struct siit *s, struct pkt *p)
{
	const uint8_t version = p->len ? p->data[0] >> 4 : 0;

	if (version == 4)
		return may_be_plain(p, IP4_HDR_LEN, 9) && from4(s, p);
	return version == 6 && may_be_plain(p, IP6_HDR_LEN, 6) && from6(s, p);
}
