/* SPDX-License-Identifier: MIT */
#include "nat64/ipfix.h"

#define VERSION        10u
#define HEADER_LEN     16u
#define SET_HEADER_LEN 4u
#define TEMPLATE_SET   2u
#define FIRST_TEMPLATE 256u
#define FIELDS_MAX     11u

/* There is one pool. */
#define POOL_ID        1u

/* Table 1 of RFC 8158. */
enum element {
	PROTOCOL = 4,
	SOURCE_PORT = 7,
	DESTINATION_PORT = 11,
	SOURCE_IPV6 = 27,
	DESTINATION_IPV6 = 28,
	POST_SOURCE_IPV4 = 225,
	POST_DESTINATION_IPV4 = 226,
	POST_SOURCE_PORT = 227,
	POST_DESTINATION_PORT = 228,
	NAT_EVENT = 230,
	NAT_POOL_ID = 283,
	TIME_STAMP = 323,
	PORT_RANGE_START = 361,
	PORT_RANGE_END = 362,
	QUOTA_EVENT = 466,
	MAX_SESSIONS = 471,
	MAX_PER_USER = 473,
	MAX_SUBSCRIBERS = 474,
	THRESHOLD_EVENT = 467,
	POOL_HIGH = 476,
	POOL_LOW = 477,
	BINDINGS_HIGH = 478,
	SUBSCRIBER_HIGH = 480, /* Table 18 says 478 (L81-18) */
};

/* Their bytes; of those not named, 4. */
static uint16_t length_of(enum element id)
{
	switch (id) {
	case PROTOCOL:
	case NAT_EVENT:
		return 1;
	case SOURCE_PORT:
	case DESTINATION_PORT:
	case POST_SOURCE_PORT:
	case POST_DESTINATION_PORT:
	case PORT_RANGE_START:
	case PORT_RANGE_END:
		return 2;
	case TIME_STAMP:
		return 8;
	case SOURCE_IPV6:
	case DESTINATION_IPV6:
		return 16;
	default:
		return 4;
	}
}

/* Behind time and event, which all have; ended by 0. In the order of the
 * tables of RFC 8158, 4.6. */
static const uint16_t templates[][FIELDS_MAX - 1] = {
	{ SOURCE_IPV6, POST_SOURCE_IPV4, PROTOCOL, SOURCE_PORT,
	  POST_SOURCE_PORT, DESTINATION_IPV6, POST_DESTINATION_IPV4,
	  DESTINATION_PORT, POST_DESTINATION_PORT },
	{ SOURCE_IPV6, POST_SOURCE_IPV4, PROTOCOL, SOURCE_PORT,
	  POST_SOURCE_PORT },
	{ SOURCE_IPV6, POST_SOURCE_IPV4, PORT_RANGE_START, PORT_RANGE_END },
	{ NAT_POOL_ID },
	{ POST_SOURCE_IPV4, PROTOCOL },
	{ QUOTA_EVENT, MAX_SESSIONS },
	{ QUOTA_EVENT, MAX_PER_USER, SOURCE_IPV6 },
	{ QUOTA_EVENT, MAX_SUBSCRIBERS },
	{ THRESHOLD_EVENT, NAT_POOL_ID, POOL_HIGH },
	{ THRESHOLD_EVENT, NAT_POOL_ID, POOL_LOW },
	{ THRESHOLD_EVENT, BINDINGS_HIGH },
	{ THRESHOLD_EVENT, SUBSCRIBER_HIGH, SOURCE_IPV6 },
};

/* By kind of event: which of them, its natEvent, and its quota or threshold
 * event (RFC 8158, 4.3 to 4.5). Without a natEvent it is not for IPFIX. */
static const struct {
	uint8_t template;
	uint8_t nat_event;
	uint8_t quota;
} kinds[EVENT_KINDS] = {
	[EVENT_SESSION_CREATED] = { 0, 6, 0 },
	[EVENT_SESSION_DELETED] = { 0, 7, 0 },
	[EVENT_BINDING_CREATED] = { 1, 10, 0 },
	[EVENT_BINDING_DELETED] = { 1, 11, 0 },
	[EVENT_BLOCK_CREATED] = { 2, 16, 0 },
	[EVENT_BLOCK_DELETED] = { 2, 17, 0 },
	[EVENT_NO_ADDRESS] = { 3, 3, 0 },
	[EVENT_NO_PORT] = { 4, 12, 0 },
	[EVENT_NO_SESSION] = { 5, 13, 1 },
	[EVENT_SUBSCRIBER_LIMIT] = { 6, 13, 3 },
	[EVENT_NO_SUBSCRIBER] = { 7, 13, 4 },
	[EVENT_POOL_HIGH] = { 8, 18, 1 },
	[EVENT_POOL_LOW] = { 9, 18, 2 },
	[EVENT_BINDINGS_HIGH] = { 10, 18, 3 },
	[EVENT_SUBSCRIBER_HIGH] = { 11, 18, 4 },
};

/* The elements of template number @t; field @i, or 0 behind the last one. */
static uint16_t field_at(uint32_t t, uint32_t i)
{
	if (i < 2)
		return i ? NAT_EVENT : TIME_STAMP;
	return i < FIELDS_MAX ? templates[t][i - 2] : 0;
}

static uint64_t value_of(const struct nat64_event *e, uint16_t id, uint64_t ms)
{
	switch (id) {
	case TIME_STAMP:
		return ms;
	case NAT_EVENT:
		return kinds[e->kind].nat_event;
	case QUOTA_EVENT:
	case THRESHOLD_EVENT:
		return kinds[e->kind].quota;
	case PROTOCOL:
		return e->proto;
	case SOURCE_PORT:
		return e->client_port;
	case POST_SOURCE_IPV4:
		return e->pool;
	case POST_SOURCE_PORT:
	case PORT_RANGE_START:
		return e->pool_port;
	case PORT_RANGE_END:
		return e->pool_last;
	case POST_DESTINATION_IPV4:
		return e->remote;
	case DESTINATION_PORT:
	case POST_DESTINATION_PORT:
		return e->remote_port;
	case NAT_POOL_ID:
		return POOL_ID;
	default: /* MAX_SESSIONS and the like */
		return e->limit;
	}
}

static void put_number(uint8_t *out, uint16_t len, uint64_t value)
{
	for (; len; value >>= 8)
		out[--len] = (uint8_t)value;
}

static void put_field(const struct ipfix *x, uint8_t *out,
		      const struct nat64_event *e, uint16_t id, uint64_t ms)
{
	if (id == SOURCE_IPV6)
		addr6_store(out, e->client);
	else if (id == DESTINATION_IPV6)
		addr6_store(out, pref64_embed(x->pool6, e->remote));
	else
		put_number(out, length_of(id), value_of(e, id, ms));
}

static void put_header(const struct ipfix *x, uint8_t *out, uint32_t len,
		       uint32_t time)
{
	be_put16(out, VERSION);
	be_put16(out + 2, (uint16_t)len);
	be_put32(out + 4, time);
	be_put32(out + 8, x->sequence);
	be_put32(out + 12, x->domain);
}

uint32_t ipfix_templates(const struct ipfix *x, uint32_t time, uint8_t *out)
{
	uint32_t len = HEADER_LEN + SET_HEADER_LEN;

	for (uint32_t t = 0; t < XL_COUNT(templates); t++) {
		uint8_t *head = out + len;
		uint16_t count = 0;
		uint16_t id;

		for (len += 4; (id = field_at(t, count)); count++, len += 4) {
			be_put16(out + len, id);
			be_put16(out + len + 2, length_of(id));
		}
		be_put16(head, (uint16_t)(FIRST_TEMPLATE + t));
		be_put16(head + 2, count);
	}
	be_put16(out + HEADER_LEN, TEMPLATE_SET);
	be_put16(out + HEADER_LEN + 2, (uint16_t)(len - HEADER_LEN));
	put_header(x, out, len, time);
	return len;
}

static uint32_t record_length(uint32_t t)
{
	uint32_t len = 0;
	uint16_t id;

	for (uint32_t i = 0; (id = field_at(t, i)); i++)
		len += length_of(id);
	return len;
}

bool ipfix_add(struct ipfix *x, const struct nat64_event *e, uint64_t ms)
{
	const uint32_t t = kinds[e->kind].template;
	const uint16_t set_id = (uint16_t)(FIRST_TEMPLATE + t);
	const bool fresh = !x->len || x->set_id != set_id;
	uint32_t len = x->len ? x->len : HEADER_LEN;
	uint16_t id;

	if (!kinds[e->kind].nat_event)
		return true;
	if (len + (fresh ? SET_HEADER_LEN : 0) + record_length(t) > x->size)
		return false;
	if (fresh) {
		x->set = len;
		x->set_id = set_id;
		be_put16(x->buf + len, set_id);
		len += SET_HEADER_LEN;
	}
	for (uint32_t i = 0; (id = field_at(t, i)); i++) {
		put_field(x, x->buf + len, e, id, ms);
		len += length_of(id);
	}
	be_put16(x->buf + x->set + 2, (uint16_t)(len - x->set));
	x->len = len;
	x->records++;
	return true;
}

void ipfix_end(struct ipfix *x, uint32_t time)
{
	put_header(x, x->buf, x->len, time);
}

void ipfix_sent(struct ipfix *x)
{
	x->sequence += x->records;
	x->records = 0;
	x->len = 0;
}
