/* SPDX-License-Identifier: MIT */
#include "siit/error.h"

#include "siit/cut.h"
#include "siit/transport.h"

#define ERROR4_MAX 576u  /* RFC 1812, 4.3.2.3 */
#define ERROR6_MAX 1280u /* RFC 4443, 2.4c */
#define ERROR_TTL  64u
#define ERROR_TOS  0xc0u /* internetwork control (RFC 1812, 4.3.2.5) */

#define BILLION    1000000000ull

/* A quote should hold what its sender sent: of a super-packet the first
 * segment, and a checksum that the kernel left to be finished finished. */
static void restore_sent(struct pkt *p, const struct pkt_view *v)
{
	if (p->gso)
		cut_first(p);
	else if (p->partial && v->ports)
		transport_finish(p, v);
	p->partial = false;
	p->cut = 0;
}

/* Make the packet the quote of an ICMP error: cut it, and lay the headers'
 * @hdr bytes before it. */
static bool quote(struct pkt *p, uint32_t hdr, uint32_t max)
{
	if (p->headroom < hdr)
		return false;
	p->data -= hdr;
	p->headroom -= hdr;
	p->len += hdr;
	if (p->len > max) {
		p->tailroom += p->len - max;
		p->len = max;
	}
	return true;
}

static void icmp_store(uint8_t *icmp, uint8_t type, uint8_t code, uint32_t word)
{
	icmp[0] = type;
	icmp[1] = code;
	be_put16(icmp + 2, 0);
	be_put32(icmp + 4, word);
}

struct xlat_result error_reply4(const struct translate *t, struct pkt *p,
				const struct pkt_view *v, enum xlat_why why,
				uint8_t type, uint8_t code, uint32_t word)
{
	uint8_t *icmp;
	uint32_t len;

	if (!t->errors || v->h4.off || v->icmp_error ||
	    translate_illegal4(v->h4.src) || translate_illegal4(v->h4.dst))
		return xlat_drop(why);
	restore_sent(p, v);
	if (!quote(p, IP4_HDR_LEN + ICMP_HDR_LEN, ERROR4_MAX))
		return xlat_drop(WHY_NO_HEADROOM);
	icmp = p->data + IP4_HDR_LEN;
	len = p->len - IP4_HDR_LEN;
	icmp_store(icmp, type, code, word);
	be_put16(icmp + 2, (uint16_t)~csum_fold(csum_bytes(icmp, len)));
	hdr4_store(p->data, (struct hdr4){
				    .src = t->self4,
				    .dst = v->h4.src,
				    .len = (uint16_t)p->len,
				    .id = translate_ident(t, t->self4,
							  v->h4.src, IP_ICMP),
				    .tos = ERROR_TOS,
				    .ttl = ERROR_TTL,
				    .proto = IP_ICMP,
			    });
	return xlat_reply(why);
}

static bool forbidden6(const struct pkt_view *v)
{
	const bool icmp = v->proto == IP_ICMP6;

	return translate_illegal6(v->h6.src) || v->h6.dst.hi >> 56 == 0xff ||
	       (v->fragment && v->h6.off) ||
	       (icmp && (v->icmp_error || v->icmp_type == 137));
}

struct xlat_result error_reply6(const struct translate *t, struct pkt *p,
				const struct pkt_view *v, enum xlat_why why,
				uint8_t type, uint8_t code, uint32_t word)
{
	uint8_t *icmp;
	uint32_t len;
	uint64_t sum;

	if (!t->errors || forbidden6(v))
		return xlat_drop(why);
	restore_sent(p, v);
	if (!quote(p, IP6_HDR_LEN + ICMP_HDR_LEN, ERROR6_MAX))
		return xlat_drop(WHY_NO_HEADROOM);
	icmp = p->data + IP6_HDR_LEN;
	len = p->len - IP6_HDR_LEN;
	icmp_store(icmp, type, code, word);
	sum = csum_bytes(icmp, len) + addr6_sum(t->self6) +
	      addr6_sum(v->h6.src) + len + IP_ICMP6;
	be_put16(icmp + 2, (uint16_t)~csum_fold(sum));
	hdr6_store(p->data, (struct hdr6){
				    .src = t->self6,
				    .dst = v->h6.src,
				    .len = (uint16_t)len,
				    .hlim = ERROR_TTL,
				    .proto = IP_ICMP6,
			    });
	return xlat_reply(why);
}

struct xlat_result error_refuse4(const struct translate *t, struct pkt *p,
				 const struct pkt_view *v, enum xlat_why why)
{
	return error_reply4(t, p, v, why, 3, 13, 0);
}

struct xlat_result error_refuse6(const struct translate *t, struct pkt *p,
				 const struct pkt_view *v, enum xlat_why why)
{
	if (v->proto == IP_ICMP6)
		return xlat_drop(why);
	return error_reply6(t, p, v, why, 1, 1, 0);
}

static struct error_bucket full_bucket(uint32_t rate, uint32_t burst)
{
	return (struct error_bucket){ .rate = rate,
				      .burst = burst,
				      .tokens = burst * BILLION };
}

void error_limit_init(struct error_limit *l, uint32_t rate, uint32_t burst)
{
	l->all = full_bucket(rate, burst);
	for (unsigned int i = 0; i < ERROR_CLASSES; i++)
		l->class[i] = full_bucket((rate + 3) / 4, (burst + 3) / 4);
}

/* Hosts of one IPv4 /24 or IPv6 /64 share a class. */
static unsigned int destination_class(const struct pkt *p)
{
	uint64_t net = be_get32(p->data + 16) >> 8;

	if (p->data[0] >> 4 == 6)
		net = be_get64(p->data + 24);
	return (unsigned int)(net * 0x9e3779b97f4a7c15 >> 32) % ERROR_CLASSES;
}

bool error_limit_allows(struct error_limit *l, const struct pkt *p,
			uint64_t now)
{
	return error_allowed(&l->class[destination_class(p)], now) &&
	       error_allowed(&l->all, now);
}

bool error_allowed(struct error_bucket *b, uint64_t now)
{
	const uint64_t full = b->burst * BILLION;
	const uint64_t passed = now - b->last;

	if (b->rate == 0)
		return true;
	/* Longer than it takes to fill: full, and no overflow below. */
	if (passed / b->rate >= full || passed > full)
		b->tokens = full;
	else
		b->tokens += passed * b->rate;
	if (b->tokens > full)
		b->tokens = full;
	b->last = now;
	if (b->tokens < BILLION)
		return false;
	b->tokens -= BILLION;
	return true;
}
