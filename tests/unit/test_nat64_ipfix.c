/* SPDX-License-Identifier: MIT */
/* Events as IPFIX messages: RFC 7011, 3; RFC 8158, 4.2 to 4.6. */
#include "nat64/ipfix.h"
#include "nat64_help.h"

struct element {
	unsigned int id;
	unsigned int len;
};

/* Sizes and numbers as Table 1 of RFC 8158 has them. */
#define TIME                                                                   \
	{                                                                      \
		323, 8                                                         \
	}
#define EVENT                                                                  \
	{                                                                      \
		230, 1                                                         \
	}
#define SRC6                                                                   \
	{                                                                      \
		27, 16                                                         \
	}
#define POST_SRC4                                                              \
	{                                                                      \
		225, 4                                                         \
	}
#define PROTO                                                                  \
	{                                                                      \
		4, 1                                                           \
	}
#define SPORT                                                                  \
	{                                                                      \
		7, 2                                                           \
	}
#define POST_SPORT                                                             \
	{                                                                      \
		227, 2                                                         \
	}
#define DST6                                                                   \
	{                                                                      \
		28, 16                                                         \
	}
#define POST_DST4                                                              \
	{                                                                      \
		226, 4                                                         \
	}
#define DPORT                                                                  \
	{                                                                      \
		11, 2                                                          \
	}
#define POST_DPORT                                                             \
	{                                                                      \
		228, 2                                                         \
	}
#define RANGE_START                                                            \
	{                                                                      \
		361, 2                                                         \
	}
#define RANGE_END                                                              \
	{                                                                      \
		362, 2                                                         \
	}
#define POOL                                                                   \
	{                                                                      \
		283, 4                                                         \
	}
#define QUOTA                                                                  \
	{                                                                      \
		466, 4                                                         \
	}
#define MAX_SESSION                                                            \
	{                                                                      \
		471, 4                                                         \
	}
#define MAX_USER                                                               \
	{                                                                      \
		473, 4                                                         \
	}

#define THRESHOLD                                                              \
	{                                                                      \
		467, 4                                                         \
	}
#define POOL_HIGH                                                              \
	{                                                                      \
		476, 4                                                         \
	}
#define POOL_LOW                                                               \
	{                                                                      \
		477, 4                                                         \
	}
#define BINDINGS_HIGH                                                          \
	{                                                                      \
		478, 4                                                         \
	}
/* Table 18 says 478, Table 1 has an element of its own (L81-18). */
#define USER_HIGH                                                              \
	{                                                                      \
		480, 4                                                         \
	}
#define MAX_SUBSCRIBERS                                                        \
	{                                                                      \
		474, 4                                                         \
	}

/* What the templates of section 4.6 ask for, by natEvent and quota event. */
static const struct {
	enum nat64_event_kind kind;
	unsigned int event;
	unsigned int quota;
	struct element fields[12];
} wanted[] = {
	/* Table 6 */
	{ EVENT_SESSION_CREATED,
	  6,
	  0,
	  { TIME, EVENT, SRC6, POST_SRC4, PROTO, SPORT, POST_SPORT, DST6,
	    POST_DST4, DPORT, POST_DPORT } },
	{ EVENT_SESSION_DELETED,
	  7,
	  0,
	  { TIME, EVENT, SRC6, POST_SRC4, PROTO, SPORT, POST_SPORT, DST6,
	    POST_DST4, DPORT, POST_DPORT } },
	/* Table 8 */
	{ EVENT_BINDING_CREATED,
	  10,
	  0,
	  { TIME, EVENT, SRC6, POST_SRC4, PROTO, SPORT, POST_SPORT } },
	{ EVENT_BINDING_DELETED,
	  11,
	  0,
	  { TIME, EVENT, SRC6, POST_SRC4, PROTO, SPORT, POST_SPORT } },
	/* Table 21 */
	{ EVENT_BLOCK_CREATED,
	  16,
	  0,
	  { TIME, EVENT, SRC6, POST_SRC4, RANGE_START, RANGE_END } },
	{ EVENT_BLOCK_DELETED,
	  17,
	  0,
	  { TIME, EVENT, SRC6, POST_SRC4, RANGE_START, RANGE_END } },
	/* Table 9 */
	{ EVENT_NO_ADDRESS, 3, 0, { TIME, EVENT, POOL } },
	/* Table 10 */
	{ EVENT_NO_PORT, 12, 0, { TIME, EVENT, POST_SRC4, PROTO } },
	/* Table 11 */
	{ EVENT_NO_SESSION, 13, 1, { TIME, EVENT, QUOTA, MAX_SESSION } },
	/* Table 13 */
	{ EVENT_SUBSCRIBER_LIMIT,
	  13,
	  3,
	  { TIME, EVENT, QUOTA, MAX_USER, SRC6 } },
	/* Table 14 */
	{ EVENT_NO_SUBSCRIBER, 13, 4, { TIME, EVENT, QUOTA, MAX_SUBSCRIBERS } },
	/* Table 16, high and low */
	{ EVENT_POOL_HIGH, 18, 1, { TIME, EVENT, THRESHOLD, POOL, POOL_HIGH } },
	{ EVENT_POOL_LOW, 18, 2, { TIME, EVENT, THRESHOLD, POOL, POOL_LOW } },
	/* Table 17 */
	{ EVENT_BINDINGS_HIGH,
	  18,
	  3,
	  { TIME, EVENT, THRESHOLD, BINDINGS_HIGH } },
	/* Table 18 */
	{ EVENT_SUBSCRIBER_HIGH,
	  18,
	  4,
	  { TIME, EVENT, THRESHOLD, USER_HIGH, SRC6 } },
};

#define MS   1764000000123ull /* since 1970; more than 32 bits */
#define WHEN 1764000001u

static uint8_t message[1232];

static struct ipfix exporter(uint32_t size)
{
	return (struct ipfix){ .pool6 = { under_p(0), 96 },
			       .domain = 7,
			       .buf = message,
			       .size = size };
}

static struct nat64_event event(enum nat64_event_kind kind)
{
	return (struct nat64_event){ .kind = (uint8_t)kind,
				     .client = ip6(C1),
				     .client_port = 4000,
				     .pool = T1,
				     .pool_port = 50000,
				     .pool_last = 50511,
				     .remote = Z,
				     .remote_port = 443,
				     .limit = 70000,
				     .proto = TCP_PROTO };
}

static uint64_t get(const uint8_t *p, unsigned int len)
{
	uint64_t v = 0;

	while (len--)
		v = v << 8 | *p++;
	return v;
}

/* RFC 7011, 3.1. */
static void expect_header(const uint8_t *p, uint32_t len, uint32_t sequence)
{
	cr_assert_eq(get(p, 2), 10);
	cr_assert_eq(get(p + 2, 2), len);
	cr_assert_eq(get(p + 4, 4), WHEN);
	cr_assert_eq(get(p + 8, 4), sequence);
	cr_assert_eq(get(p + 12, 4), 7);
}

/* The template @id of a message with them (RFC 7011, 3.4.1). */
static const uint8_t *template_of(const uint8_t *p, uint32_t len,
				  unsigned int id)
{
	uint32_t at = 20;

	while (at < len && get(p + at, 2) != id)
		at += 4 + 4 * (uint32_t)get(p + at + 2, 2);
	cr_assert_lt(at, len, "no template %u", id);
	return p + at;
}

static uint64_t value_of(unsigned int i, unsigned int id)
{
	switch (id) {
	case 323:
		return MS;
	case 230:
		return wanted[i].event;
	case 466:
	case 467:
		return wanted[i].quota;
	case 225:
		return T1;
	case 226:
		return Z;
	case 4:
		return TCP_PROTO;
	case 7:
		return 4000;
	case 227:
	case 361:
		return 50000;
	case 362:
		return 50511;
	case 11:
	case 228:
		return 443;
	case 283:
		return 1;
	default:
		return 70000;
	}
}

static void expect_value(const uint8_t *p, unsigned int i, struct element f)
{
	uint8_t want[16];

	if (f.id == 27 || f.id == 28) {
		put128(want, f.id == 27 ? ip6(C1) : under_p(Z));
		cr_assert_arr_eq(p, want, 16, "row %u, element %u", i, f.id);
		return;
	}
	cr_assert_eq(get(p, f.len), value_of(i, f.id), "row %u, element %u", i,
		     f.id);
}

static void expect_record(unsigned int i, const uint8_t *templates,
			  uint32_t templates_len)
{
	struct ipfix x = exporter(sizeof(message));
	const struct nat64_event e = event(wanted[i].kind);
	const uint8_t *t;
	uint32_t at = 20;

	cr_assert(ipfix_add(&x, &e, MS));
	ipfix_end(&x, WHEN);
	expect_header(message, x.len, 0);
	t = template_of(templates, templates_len,
			(unsigned int)get(message + 16, 2));
	for (unsigned int f = 0; wanted[i].fields[f].id; f++) {
		const struct element el = wanted[i].fields[f];

		cr_assert_gt(get(t + 2, 2), f, "row %u lacks fields", i);
		cr_assert_eq(get(t + 4 + 4 * f, 2), el.id, "row %u", i);
		cr_assert_eq(get(t + 6 + 4 * f, 2), el.len, "row %u", i);
		expect_value(message + at, i, el);
		at += el.len;
		cr_assert(wanted[i].fields[f + 1].id || get(t + 2, 2) == f + 1,
			  "row %u has more fields", i);
	}
	cr_assert_eq(at, x.len, "row %u", i);
	cr_assert_eq(get(message + 18, 2), x.len - 16);
}

/* The old values 1 and 2, and those of NAT44, are not among them. */
Test(nat64_ipfix, L81_01_L81_02_L81_05_L81_18_fields_of_each_event)
{
	uint8_t templates[IPFIX_TEMPLATES_MAX + 1];
	struct ipfix x = exporter(sizeof(message));
	uint32_t len;

	memset(templates, 0x55, sizeof(templates));
	x.sequence = 9;
	len = ipfix_templates(&x, WHEN, templates);
	cr_assert_leq(len, IPFIX_TEMPLATES_MAX);
	cr_assert_eq(templates[len], 0x55);
	expect_header(templates, len, 9);
	cr_assert_eq(get(templates + 16, 2), 2);
	cr_assert_eq(get(templates + 18, 2), len - 16);
	/* All but EVENT_DETERMINISTIC, for which there is no element. */
	cr_assert_eq(sizeof(wanted) / sizeof(wanted[0]), EVENT_KINDS - 1);
	for (unsigned int i = 0; i < EVENT_KINDS - 1; i++)
		expect_record(i, templates, len);
}

Test(nat64_ipfix, what_has_no_element_is_left_out)
{
	struct ipfix x = exporter(200);
	const struct nat64_event e = event(EVENT_DETERMINISTIC);

	cr_assert(ipfix_add(&x, &e, MS));
	cr_expect_eq(x.len, 0);
	cr_expect_eq(x.records, 0);
}

/* Full: what does not fit goes into the next one, and nothing is written
 * behind the end. Sequence numbers count records (RFC 7011, 3.1). */
Test(nat64_ipfix, a_full_message)
{
	struct ipfix x = exporter(200);
	const struct nat64_event binding = event(EVENT_BINDING_CREATED);
	const struct nat64_event block = event(EVENT_BLOCK_CREATED);

	memset(message, 0x55, sizeof(message));
	/* 16 + 4 + 5 * 34 = 190 */
	for (int i = 0; i < 5; i++)
		cr_assert(ipfix_add(&x, &binding, MS));
	cr_assert_not(ipfix_add(&x, &binding, MS));
	cr_assert_not(ipfix_add(&x, &block, MS));
	ipfix_end(&x, WHEN);
	cr_assert_eq(x.len, 190);
	cr_assert_eq(x.records, 5);
	expect_header(message, 190, 0);
	cr_assert_eq(get(message + 18, 2), 174);
	for (int i = 190; i < 300; i++)
		cr_assert_eq(message[i], 0x55);
	ipfix_sent(&x);
	/* 16 + 4 + 34 + 4 + 33 = 91: two sets */
	cr_assert(ipfix_add(&x, &binding, MS));
	cr_assert(ipfix_add(&x, &block, MS));
	ipfix_end(&x, WHEN);
	expect_header(message, 91, 5);
	cr_assert_eq(get(message + 18, 2), 38);
	cr_assert_neq(get(message + 16, 2), get(message + 54, 2));
	cr_assert_eq(get(message + 56, 2), 37);
	ipfix_sent(&x);
	cr_assert_eq(x.sequence, 7);
}
