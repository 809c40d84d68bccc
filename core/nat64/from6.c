/* SPDX-License-Identifier: MIT */
/*
 * from6.c - packets from the IPv6 side
 */
#include "nat64/binding.h"
#include "nat64/held.h"
#include "nat64/path.h"
#include "nat64/tell.h"
#include "siit/error.h"

static struct xlat_result send4(struct nat64 *n, struct pkt *p,
				const struct pkt_view *v, uint32_t pool,
				uint16_t pool_port, const struct flow6 *f,
				bool hairpin)
{
	const struct map64 m = {
		.outer = { pool, f->remote, pool_port,
			   f->bib == BIB_ICMP ? pool_port : f->remote_port },
		.first_leg = hairpin,
		.new_ident = v->first, /* others have it from that one */
	};

	return path_to4(n, p, v, NULL, &m);
}

/* A new session of a binding, if there is one, or of a new one. */
static enum xlat_why open_session(struct nat64 *n, const struct flow6 *f,
				  uint32_t binding, uint32_t *index)
{
	enum xlat_why why = WHY_NONE;

	if (slab_is_full(&n->sessions))
		return WHY_TABLE_FULL;
	if (!subscriber_admit(n, f->client))
		return WHY_SUBSCRIBER_RATE;
	if (!binding)
		why = binding_open(n, f->client, f->client_port, f->bib,
				   &binding);
	if (why)
		return why;
	why = session_open(n, binding, f->remote, f->remote_port, index);
	if (why)
		binding_release(n, binding);
	return why;
}

/* The client's SYN; maybe the other side's has come before it. */
static void open_tcp(struct nat64 *n, uint32_t index)
{
	const struct session *s = session_at(n, index);
	const struct flow4 f = { s->pool, s->remote, s->pool_port,
				 s->remote_port, BIB_TCP };

	if (held_forget(n, &f))
		session_event(n, index, TCPFSM_V4_SYN);
	session_event(n, index, TCPFSM_V6_SYN);
}

/* A segment without session that may not open one (RFC 6146, 3.5.2.2,
 * CLOSED): it passes if its port is bound. */
static struct xlat_result stray(struct nat64 *n, struct pkt *p,
				const struct pkt_view *v, const struct flow6 *f,
				uint32_t binding)
{
	const struct binding *b = binding_at(n, binding);

	if (!binding || v->tcp_flags & TCP_SYN)
		return xlat_drop(WHY_TCP_STATE);
	return send4(n, p, v, binding_pool_addr(n, b), b->pool_port, f,
		     path_turns_back(n, f->remote, f->remote_port, f->bib));
}

XL_RARE static void count_refusal(struct nat64 *n, enum xlat_why why,
				  const struct flow6 *f, uint32_t bytes)
{
	const uint32_t sub = subscriber_find(n, f->client);

	if (sub)
		subscriber_at(n, sub)->refused++;
	if (why != WHY_POOL_EXHAUSTED)
		return;
	n->of[f->bib].no_port++;
	n->of[f->bib].no_port_bytes += bytes;
}

static struct xlat_result begin(struct nat64 *n, struct pkt *p,
				const struct pkt_view *v, const struct flow6 *f)
{
	const struct translate *t = &n->cfg.tr;
	enum xlat_why why = path_refused(n, f->remote);
	const struct session *s;
	uint32_t binding;
	uint32_t i;

	if (why == WHY_ILLEGAL_DESTINATION)
		return xlat_drop(why);
	if (!why && !path_serves(n, f->client))
		why = WHY_DENIED;
	if (why)
		return error_refuse6(t, p, v, why);
	binding = binding_find6(n, f->client, f->client_port, f->bib);
	if (f->bib == BIB_TCP && !tcpfsm_opens(v->tcp_flags))
		return stray(n, p, v, f, binding);
	why = open_session(n, f, binding, &i);
	if (why) {
		n->refused = f->client;
		count_refusal(n, why, f, p->len);
		tell_refusal(n, why, f->client, f->bib);
		return error_reply6(t, p, v, why, 1, 3, 0);
	}
	if (f->bib == BIB_TCP)
		open_tcp(n, i);
	s = session_at(n, i);
	return send4(n, p, v, s->pool, s->pool_port, f, s->hairpin);
}

static struct xlat_result forward(struct nat64 *n, struct pkt *p,
				  const struct pkt_view *v, enum bib bib)
{
	const struct flow6 f = {
		.client = v->h6.src,
		.remote = pref64_extract(n->cfg.pool6, v->h6.dst),
		.client_port = v->sport,
		.remote_port = bib == BIB_ICMP ? 0 : v->dport,
		.bib = bib,
	};
	const uint32_t i = session_find6(n, &f);
	const struct session *s = session_at(n, i);

	if (XL_UNLIKELY(!i))
		return begin(n, p, v, &f);
	session_packet(n, i, v, true);
	return send4(n, p, v, s->pool, s->pool_port, &f, s->hairpin);
}

struct xlat_result path_from6(struct nat64 *n, struct pkt *p,
			      const struct pkt_view *v)
{
	struct xlat_result r;
	enum bib bib;
	enum xlat_why why;

	if (pref64_contains(n->cfg.pool6, v->h6.src))
		return xlat_drop(WHY_ILLEGAL_SOURCE);
	r = translate_admit6(&n->cfg.tr, p, v);
	if (r.verdict != XLAT_FORWARD)
		return r;
	if (!pref64_contains(n->cfg.pool6, v->h6.dst))
		return error_refuse6(&n->cfg.tr, p, v, WHY_NO_MAPPING);
	if (v->icmp_error)
		return path_error6(n, p, v);
	why = path_bib(n, v, &bib);
	if (why == WHY_UNKNOWN_PROTOCOL)
		return error_reply6(&n->cfg.tr, p, v, why, 1, 4, 0);
	if (why)
		return xlat_drop(why);
	return forward(n, p, v, bib);
}
