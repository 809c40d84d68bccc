/* SPDX-License-Identifier: MIT */
/*
 * from4.c - packets from the IPv4 side
 */
#include "nat64/binding.h"
#include "nat64/held.h"
#include "nat64/path.h"
#include "nat64/peer.h"
#include "nat64/tell.h"
#include "siit/error.h"

static struct xlat_result send6(struct nat64 *n, struct pkt *p,
				const struct pkt_view *v, struct addr6 client,
				uint16_t client_port, const struct flow4 *f,
				bool second_leg)
{
	const struct map46 m = {
		.outer = { pref64_embed(n->cfg.pool6, f->remote), client,
			   f->bib == BIB_ICMP ? client_port : f->remote_port,
			   client_port },
		.keep_ttl = second_leg,
	};

	return translate_4to6(&n->cfg.tr, p, v, NULL, &m);
}

/* A SYN from outside that may not pass yet. */
static enum xlat_why hold(struct nat64 *n, const struct pkt *p,
			  const struct flow4 *f, uint32_t which, bool bound)
{
	const bool ours =
		bound || pool_is_free(&n->pool, which, BIB_TCP, f->pool_port);

	if (ours && held_add(n, p, f))
		return WHY_SYN_HELD;
	return bound ? WHY_FILTERED : WHY_NO_BINDING;
}

/**
 * decide() - does a packet without session pass, and does it open one?
 * @which:	number of the pool address
 * @binding:	the one it is sent to, or 0
 * @open:	set if it opens a session
 */
static enum xlat_why decide(struct nat64 *n, const struct pkt *p,
			    const struct pkt_view *v, const struct flow4 *f,
			    uint32_t which, uint32_t binding, bool *open)
{
	const bool tcp = f->bib == BIB_TCP;
	const bool passes = binding && peer_may_send(n, binding, f->remote);

	*open = !tcp || tcpfsm_opens(v->tcp_flags);
	if (tcp && !*open && v->tcp_flags & TCP_SYN)
		return WHY_TCP_STATE;
	if (tcp && *open && n->cfg.refuse_inbound_tcp)
		return WHY_FILTERED;
	if (passes)
		return WHY_NONE;
	if (tcp && *open)
		return hold(n, p, f, which, binding);
	return binding ? WHY_FILTERED : WHY_NO_BINDING;
}

static struct xlat_result begin(struct nat64 *n, struct pkt *p,
				const struct pkt_view *v, const struct flow4 *f,
				bool second_leg)
{
	const uint32_t which = pool_find(&n->pool, f->pool);
	enum xlat_why why = which == POOL_NONE ? WHY_NO_MAPPING
					       : path_refused(n, f->remote);
	const struct binding *b;
	uint32_t binding;
	uint32_t i = 0;
	bool open;

	if (why)
		return xlat_drop(why);
	binding = binding_find4(n, f->pool, f->pool_port, f->bib);
	why = decide(n, p, v, f, which, binding, &open);
	b = binding_at(n, binding);
	if (!why && open) {
		n->refused = b->client;
		why = session_open(n, binding, f->remote, f->remote_port, &i);
		if (why)
			tell_refusal(n, why, b->client, f->bib);
	}
	if (why)
		return xlat_drop(why);
	if (i && f->bib == BIB_TCP)
		session_event(n, i, TCPFSM_V4_SYN);
	return send6(n, p, v, b->client, b->client_port, f, second_leg);
}

static struct xlat_result forward(struct nat64 *n, struct pkt *p,
				  const struct pkt_view *v, enum bib bib,
				  bool second_leg)
{
	const struct flow4 f = {
		.pool = v->h4.dst,
		.remote = v->h4.src,
		.pool_port = v->dport,
		.remote_port = bib == BIB_ICMP ? 0 : v->sport,
		.bib = bib,
	};
	const uint32_t i = session_find4(n, &f);
	const struct session *s = session_at(n, i);

	if (XL_UNLIKELY(!i))
		return begin(n, p, v, &f, second_leg);
	session_packet(n, i, v, false);
	return send6(n, p, v, s->client, s->client_port, &f, second_leg);
}

static struct xlat_result unknown_protocol(const struct nat64 *n, struct pkt *p,
					   const struct pkt_view *v)
{
	if (pool_find(&n->pool, v->h4.dst) == POOL_NONE)
		return xlat_drop(WHY_NO_MAPPING);
	return error_reply4(&n->cfg.tr, p, v, WHY_UNKNOWN_PROTOCOL, 3, 2, 0);
}

struct xlat_result path_from4(struct nat64 *n, struct pkt *p,
			      const struct pkt_view *v, bool second_leg)
{
	struct xlat_result r;
	enum bib bib;
	enum xlat_why why;

	r = translate_admit4(&n->cfg.tr, p, v, second_leg);
	if (r.verdict != XLAT_FORWARD)
		return r;
	if (v->icmp_error)
		return path_error4(n, p, v, second_leg);
	why = path_bib(n, v, &bib);
	if (why == WHY_UNKNOWN_PROTOCOL)
		return unknown_protocol(n, p, v);
	if (why)
		return xlat_drop(why);
	return forward(n, p, v, bib, second_leg);
}
