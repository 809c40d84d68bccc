/* SPDX-License-Identifier: MIT */
#include "nat64/determ.h"

/* Addresses of the pool below this one. */
static uint32_t rank(const struct nat64_config *c, uint32_t addr)
{
	uint32_t below = 0;

	for (uint32_t i = 0; i < c->pool4_count; i++) {
		const struct nat64_range *r = &c->pool4[i];

		if (addr > r->last)
			below += r->last - r->first + 1;
		else if (addr > r->first)
			below += addr - r->first;
	}
	return below;
}

uint32_t determ_addr(const struct nat64_config *c, uint32_t which)
{
	for (uint32_t i = 0; i < c->pool4_count; i++) {
		const struct nat64_range *r = &c->pool4[i];
		const uint32_t at = which - rank(c, r->first);

		if (at <= r->last - r->first)
			return r->first + at;
	}
	return 0;
}

XL_APART struct determ determ_plan(const struct nat64_config *c)
{
	const struct nat64_range *r = &c->pool4[0];
	const uint32_t addrs = (uint32_t)pool_size(c->pool4, c->pool4_count);
	struct determ d = {
		.subscribers = 1u << (c->subscriber_len - c->inside.len),
		.first = r->port_min > WELL_KNOWN_MAX ? r->port_min
						      : WELL_KNOWN_MAX + 1,
		.last = r->port_max,
	};

	d.ratio = (d.subscribers + addrs - 1) / addrs;
	if (d.last >= d.first)
		d.ports = (d.last - d.first + 1) / (d.ratio + c->dynamic);
	d.dynamic = d.first + d.ratio * d.ports;
	return d;
}

/* Each address is in one range, and all have the same ports. */
static bool is_even(const struct nat64_config *c)
{
	for (uint32_t i = 0; i < c->pool4_count; i++) {
		const struct nat64_range *a = &c->pool4[i];

		if (a->port_min != c->pool4[0].port_min ||
		    a->port_max != c->pool4[0].port_max)
			return false;
		for (uint32_t j = 0; j < i; j++)
			if (a->first <= c->pool4[j].last &&
			    c->pool4[j].first <= a->last)
				return false;
	}
	return true;
}

const char *determ_check(const struct nat64_config *c)
{
	if (!c->dynamic != !(c->inside.len && c->port_block) &&
	    (c->dynamic || c->inside.len))
		return "dynamic-factor, port-block and deterministic together";
	if (!c->inside.len)
		return NULL;
	if (c->subscriber_len < c->inside.len ||
	    c->subscriber_len > c->inside.len + NAT64_INSIDE_BITS)
		return "from 1 to 16777216 subscribers";
	if (!is_even(c))
		return "the same ports of all addresses";
	return determ_plan(c).ports ? NULL : "a port for each subscriber";
}

uint32_t determ_number(const struct determ *d, const struct nat64_config *c,
		       struct addr6 client)
{
	const unsigned int shift = 128u - c->subscriber_len;
	const uint64_t low =
		shift >= 64 ? client.hi >> (shift - 64)
		: shift     ? client.lo >> shift | client.hi << (64 - shift)
			    : client.lo;

	return (uint32_t)low & (d->subscribers - 1);
}

XL_APART bool determ_find(const struct nat64_config *c, struct addr6 client,
			  uint32_t *which, struct pool_span *ports)
{
	const struct determ d = determ_plan(c);
	const uint32_t number = determ_number(&d, c, client);
	const uint32_t first = d.first + number % d.ratio * d.ports;

	if (!addr6_equal(addr6_mask(client, c->inside.len), c->inside.addr))
		return false;
	*which = number / d.ratio;
	*ports = (struct pool_span){ (uint16_t)first,
				     (uint16_t)(first + d.ports - 1) };
	return true;
}

bool determ_who(const struct nat64_config *c, uint32_t addr, uint16_t port,
		struct net6 *subscriber)
{
	const struct determ d = determ_plan(c);
	const unsigned int shift = 128u - c->subscriber_len;
	const uint32_t which = rank(c, addr);
	uint64_t number;

	if (port < d.first || port >= d.dynamic ||
	    determ_addr(c, which) != addr)
		return false;
	number = (uint64_t)which * d.ratio + (port - d.first) / d.ports;
	if (number >= d.subscribers)
		return false;
	*subscriber = (struct net6){ c->inside.addr, c->subscriber_len };
	if (shift >= 64) {
		subscriber->addr.hi |= number << (shift - 64);
	} else {
		subscriber->addr.lo |= number << shift;
		subscriber->addr.hi |= shift ? number >> (64 - shift) : 0;
	}
	return true;
}
