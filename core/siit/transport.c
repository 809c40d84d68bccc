/* SPDX-License-Identifier: MIT */
#include "siit/transport.h"

#include "siit/error.h"
#include "siit/mss.h"

/* The checksums of both are where UDP's is. */
static void patch_other(uint8_t *l4, const struct pkt_view *v, uint16_t delta)
{
	uint16_t check;

	if ((v->proto != IP_DCCP && v->proto != IP_UDPLITE) || !v->first ||
	    v->l4_len < UDP_CHECK + 2)
		return;
	check = csum_adjust(be_get16(l4 + UDP_CHECK), delta);
	if (v->proto == IP_UDPLITE && check == 0)
		check = 0xffff;
	be_put16(l4 + UDP_CHECK, check);
}

void transport_patch(uint8_t *l4, const struct pkt_view *v, uint16_t sport,
		     uint16_t dport, uint16_t delta, bool partial)
{
	if (!v->ports) {
		patch_other(l4, v, delta);
		return;
	}
	be_put16(l4, sport);
	be_put16(l4 + 2, dport);
	if (v->l4_len >= transport_check(v->proto) + 2)
		transport_patch_check(l4, v->proto, delta, partial);
}

void transport_finish(struct pkt *p, const struct pkt_view *v)
{
	uint8_t *l4 = p->data + v->l4;
	uint16_t check = (uint16_t)~csum_fold(csum_bytes(l4, v->l4_len));

	if (v->proto == IP_UDP && check == 0)
		check = 0xffff;
	be_put16(l4 + transport_check(v->proto), check);
	p->partial = false;
}

/* UDP without checksum, which IPv6 does not know (RFC 7915, 4.5). */
static struct xlat_result udp_zero_4to6(const struct translate *t,
					struct pkt *p, const struct pkt_view *v,
					const struct tuple6 *to)
{
	uint8_t *l4 = p->data + v->l4;
	uint64_t sum;
	uint16_t check;

	if (t->udp_zero == UDP_ZERO_DROP ||
	    (t->udp_zero == UDP_ZERO_COMPUTE && v->fragment))
		return error_refuse4(t, p, v, WHY_UDP_ZERO_CHECKSUM);
	be_put16(l4, to->sport);
	be_put16(l4 + 2, to->dport);
	if (t->udp_zero == UDP_ZERO_FORWARD)
		return xlat_forward();
	sum = csum_bytes(l4, v->l4_len) + addr6_sum(to->src) +
	      addr6_sum(to->dst) + v->l4_len + IP_UDP;
	check = (uint16_t)~csum_fold(sum);
	be_put16(l4 + UDP_CHECK, check ? check : 0xffff);
	return xlat_forward();
}

XL_INLINE void clamp(const struct translate *t, struct pkt *p,
		     const struct pkt_view *v)
{
	if (XL_UNLIKELY(v->tcp_flags & TCP_SYN) && t->mss)
		mss_clamp(t, p, v);
}

struct xlat_result transport_4to6(const struct translate *t, struct pkt *p,
				  const struct pkt_view *v,
				  const struct tuple6 *to)
{
	uint8_t *l4 = p->data + v->l4;

	if (v->proto == IP_UDP && v->ports && !p->partial &&
	    be_get16(l4 + UDP_CHECK) == 0)
		return udp_zero_4to6(t, p, v, to);
	clamp(t, p, v);
	transport_patch(l4, v, to->sport, to->dport,
			transport_delta_4to6(v, to, p->partial), p->partial);
	if (v->ports && p->partial && p->cut && !p->gso)
		transport_finish(p, v);
	return xlat_forward();
}

struct xlat_result transport_6to4(const struct translate *t, struct pkt *p,
				  const struct pkt_view *v,
				  const struct tuple4 *to)
{
	clamp(t, p, v);
	transport_patch(p->data + v->l4, v, to->sport, to->dport,
			transport_delta_6to4(v, to, p->partial), p->partial);
	if (v->ports && p->partial && p->cut && !p->gso)
		transport_finish(p, v);
	return xlat_forward();
}
