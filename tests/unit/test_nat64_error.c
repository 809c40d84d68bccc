/* SPDX-License-Identifier: MIT */
/* ICMP errors through the tables (RFC 6146, 3.4 to 3.7; RFC 5508), and
 * hairpinning (3.8). */
#include "nat64_help.h"

/*
 * An ICMP error at @b: @type and @code, quoting @quoted whole.
 *
 * Return: its bytes
 */
static size_t error_write(uint8_t *b, const struct seg *outer, uint8_t type,
			  uint8_t code, const struct seg *quoted)
{
	const size_t hdr = outer->version == 4 ? 20 : 40;
	const size_t len = seg_write(b + hdr + 8, quoted);
	struct seg s = *outer;

	/* The header of an echo without payload, then made longer. */
	s.len = 0;
	s.sport = 0;
	seg_write(b, &s);
	b[hdr] = type;
	b[hdr + 1] = code;
	put32(b + hdr + 2, 0);
	put16(b + hdr + 6, 0);
	if (hdr == 20) {
		put16(b + 2, (unsigned int)(28 + len));
		put16(b + 10, 0);
		put16(b + 10, sum_end(sum_of(b, 20, 0)));
	} else {
		put16(b + 4, (unsigned int)(8 + len));
	}
	put16(b + hdr + 2, l4_sum(b, hdr + 8 + len));
	return hdr + 8 + len;
}

static struct xlat_result send_error(struct world *w, struct seg outer,
				     uint8_t type, uint8_t code,
				     struct seg quoted)
{
	uint8_t b[512];

	return send_raw(w, b, error_write(b, &outer, type, code, &quoted));
}

static void expect_icmp(const struct world *w, struct seg outer, uint8_t type,
			uint8_t code, struct seg quoted)
{
	uint8_t want[512];
	const size_t len = error_write(want, &outer, type, code, &quoted);

	expect_forward(w);
	cr_assert_eq(w->p.len, len, "%u bytes, not %zu", w->p.len, len);
	for (size_t i = 0; i < len; i++)
		cr_assert_eq(w->p.data[i], want[i],
			     "byte %zu is %02x, not %02x", i, w->p.data[i],
			     want[i]);
}

/* Outer headers of errors; protocol and addresses count. */
static struct seg error4(uint32_t from, uint32_t to)
{
	return in4(ICMP4_PROTO, from, 0, to, 0, 3);
}

static struct seg error6(struct addr6 from, struct addr6 to)
{
	return (struct seg){ .version = 6,
			     .a6 = from,
			     .b6 = to,
			     .proto = ICMP6_PROTO,
			     .flags = 1 };
}

static struct seg older(struct seg s)
{
	s.ttl = 63;
	return s;
}

/* C1:4000 > Z:53 and its pool port. */
static struct world *with_udp(uint16_t *port)
{
	struct world *w = world_default();

	*port = bind_port(w, udp6(C1, 4000, Z, 53));
	return w;
}

Test(nat64_error, N64_022_N64_205_I55_04_port_unreachable_from_the_server)
{
	uint16_t port;
	struct world *w = with_udp(&port);

	send_error(w, error4(Z, T1), 3, 3, udp4(T1, port, Z, 53));
	expect_icmp(w, older(error6(under_p(Z), ip6(C1))), 1, 4,
		    udp6(C1, 4000, Z, 53));
	world_free(w);
}

/* Choice: the router's own address, so that traceroute works. */
Test(nat64_error, N64_207_N64_211_time_exceeded_from_a_router)
{
	struct world *w = world_new();
	uint16_t port;

	w->cfg.filtering = NAT64_ADDRESS_DEPENDENT;
	w->cfg.filtering_tcp = NAT64_ADDRESS_DEPENDENT;
	world_open(w);
	port = bind_port(w, udp6(C1, 4000, Z, 53));
	send_error(w, error4(R4, T1), 11, 0, udp4(T1, port, Z, 53));
	expect_icmp(w, older(error6(under_p(R4), ip6(C1))), 3, 0,
		    udp6(C1, 4000, Z, 53));
	world_free(w);
}

/* The well-known prefix may not show a router's private address. */
Test(nat64_error, N64_207_private_router_under_the_well_known_prefix)
{
	struct world *w = world_new();
	struct seg s = udp6(C1, 4000, 0x08080808, 53);
	struct seg outer = error6(under_p(0), ip6(C1));
	uint16_t port;

	w->cfg.pool6.prefix = (struct addr6){ 0x0064ff9b00000000, 0 };
	world_open(w);
	s.b6.hi = outer.a6.hi = 0x0064ff9b00000000;
	outer.a6.lo = 0x08080808;
	port = bind_port(w, s);
	send_error(w, error4(0x0a000001, T1), 11, 0,
		   udp4(T1, port, 0x08080808, 53));
	expect_icmp(w, older(outer), 3, 0, s);
	send_error(w, error4(0x08080404, T1), 11, 0,
		   udp4(T1, port, 0x08080808, 53));
	outer.a6.lo = 0x08080404;
	expect_icmp(w, older(outer), 3, 0, s);
	world_free(w);
}

Test(nat64_error, N64_022_N64_210_T53_09_tcp)
{
	struct world *w = world_default();
	const uint16_t port = bind_port(w, tcp6(C1, 4000, Z, 80, SYN));

	send_error(w, error4(Z, T1), 3, 1, tcp4(T1, port, Z, 80, SYN));
	expect_icmp(w, older(error6(under_p(Z), ip6(C1))), 1, 0,
		    tcp6(C1, 4000, Z, 80, SYN));
	world_free(w);
}

Test(nat64_error, N64_023_about_a_query)
{
	struct world *w = world_default();
	const uint16_t id = bind_port(w, ping6(C1, 7, Z));

	send_error(w, error4(R4, T1), 11, 0, ping4(T1, Z, id, 8));
	expect_icmp(w, older(error6(under_p(R4), ip6(C1))), 3, 0,
		    ping6(C1, 7, Z));
	world_free(w);
}

/* Every length of a quote that lacks the ports, and the first that does not;
 * checksums made anew. */
Test(nat64_error, N64_022_quote_cut_short)
{
	uint16_t port;
	struct world *w = with_udp(&port);
	const struct seg outer = error4(Z, T1);
	const struct seg quoted = udp4(T1, port, Z, 53);
	uint8_t b[256];

	error_write(b, &outer, 3, 3, &quoted);
	for (unsigned int n = 0; n <= 24; n++) {
		put16(b + 2, 28 + n);
		put16(b + 10, 0);
		put16(b + 10, sum_end(sum_of(b, 20, 0)));
		put16(b + 22, 0);
		put16(b + 22, l4_sum(b, 28 + n));
		send_raw(w, b, 28 + n);
		if (n < 24)
			expect_drop(w, WHY_ICMP_QUOTE);
		else
			expect_forward(w);
	}
	world_free(w);
}

Test(nat64_error, N64_024_about_an_error)
{
	uint16_t port;
	struct world *w = with_udp(&port);

	send_error(w, error4(Z, T1), 3, 3, error4(T1, Z));
	expect_drop(w, WHY_ICMP_QUOTE);
	world_free(w);
}

Test(nat64_error, N64_053_I55_06_U47_12_P78_08_errors_change_nothing)
{
	uint16_t port;
	struct world *w = with_udp(&port);
	struct nat64_session_view s;

	wait_s(w, 290);
	send_error(w, error4(Z, T1), 3, 3, udp4(T1, port, Z, 53));
	expect_forward(w);
	send_error(w, error6(ip6("2001:db8:9::1"), under_p(Z)), 1, 0,
		   (struct seg){ .version = 6,
				 .a6 = under_p(Z),
				 .b6 = ip6(C1),
				 .sport = 53,
				 .dport = 4000,
				 .proto = UDP_PROTO,
				 .len = 10 });
	expect_forward(w);
	cr_assert(find_session(w, UDP_PROTO, Z, 53, &s));
	expect_life(w, &s, 10);
	send_seg(w, udp4(Z, 53, T1, port));
	expect_forward(w);
	world_free(w);
}

Test(nat64_error, N64_053_errors_about_the_unknown_create_nothing)
{
	struct world *w = world_default();

	send_error(w, error4(Z, T1), 3, 3, udp4(T1, 9999, Z, 53));
	expect_drop(w, WHY_ICMP_QUOTE);
	send_error(w, error6(ip6(C1), under_p(Z)), 1, 4, udp6(C1, 4000, Z, 53));
	expect_drop(w, WHY_ICMP_QUOTE);
	cr_assert_eq(binding_count(w) + session_count(w), 0);
	world_free(w);
}

Test(nat64_error, N64_206_quote_without_binding)
{
	uint16_t port;
	struct world *w = with_udp(&port);

	send_error(w, error4(Z, T1), 3, 3, udp4(T1, port ^ 1, Z, 53));
	expect_drop(w, WHY_ICMP_QUOTE);
	send_error(w, error4(Z, T1), 3, 3, tcp4(T1, port, Z, 53, SYN));
	expect_drop(w, WHY_ICMP_QUOTE);
	world_free(w);
}

/* The packet that we sent to C1, as somebody behind us quotes it. */
static struct seg sent_to_c1(uint8_t proto, uint16_t rport, uint16_t port)
{
	return (struct seg){ .version = 6,
			     .a6 = under_p(Z),
			     .b6 = ip6(C1),
			     .sport = rport,
			     .dport = port,
			     .proto = proto,
			     .flags = proto == ICMP6_PROTO ? 129 : ACK,
			     .len = proto == TCP_PROTO ? 0 : 10 };
}

Test(nat64_error, N64_208_from_an_ipv6_router)
{
	uint16_t port;
	struct world *w = with_udp(&port);

	send_error(w, error6(ip6("2001:db8:9::1"), under_p(Z)), 1, 0,
		   sent_to_c1(UDP_PROTO, 53, 4000));
	expect_icmp(w, older(error4(T1, Z)), 3, 1, udp4(Z, 53, T1, port));
	world_free(w);
}

Test(nat64_error, N64_208_about_a_query)
{
	struct world *w = world_default();
	const uint16_t id = bind_port(w, ping6(C1, 7, Z));

	send_error(w, error6(ip6(C1), under_p(Z)), 1, 4,
		   sent_to_c1(ICMP6_PROTO, 7, 7));
	expect_icmp(w, older(error4(T1, Z)), 3, 3, ping4(Z, T1, id, 0));
	world_free(w);
}

/* An error may not be a way into a closed network, either. */
Test(nat64_error, towards_a_network_that_is_not_global)
{
	uint16_t port;
	struct world *w = with_udp(&port);
	struct seg quoted = sent_to_c1(UDP_PROTO, 53, 4000);

	quoted.a6 = under_p(0x0a000001);
	send_error(w, error6(ip6(C1), under_p(0x0a000001)), 1, 0, quoted);
	expect_drop(w, WHY_NON_GLOBAL);
	quoted.a6 = ip6("2001:db8::5");
	send_error(w, error6(ip6(C1), under_p(Z)), 1, 0, quoted);
	expect_drop(w, WHY_ICMP_QUOTE);
	world_free(w);
}

Test(nat64_error, I55_03_bad_checksum)
{
	uint16_t port;
	struct world *w = with_udp(&port);
	const struct seg outer = error4(Z, T1);
	const struct seg quoted = udp4(T1, port, Z, 53);
	uint8_t b[256];
	const size_t len = error_write(b, &outer, 3, 3, &quoted);

	b[22] ^= 1;
	send_raw(w, b, len);
	expect_drop(w, WHY_BAD_CHECKSUM);
	world_free(w);
}

/* Quoted UDP with a wrong checksum: it stays wrong by the same amount. */
Test(nat64_error, I55_03_quoted_transport_checksum_is_not_verified)
{
	uint16_t port;
	struct world *w = with_udp(&port);
	const struct seg outer = error4(Z, T1);
	const struct seg quoted = udp4(T1, port, Z, 53);
	uint8_t b[256];
	const size_t len = error_write(b, &outer, 3, 3, &quoted);
	const unsigned int sum = b[28 + 26] * 256u + b[28 + 27];

	put16(b + 28 + 26, sum ^ 0x0100);
	put16(b + 22, 0);
	put16(b + 22, l4_sum(b, len));
	send_raw(w, b, len);
	expect_forward(w);
	cr_assert_eq(l4_sum(w->p.data, w->p.len), 0);
	cr_assert_neq(l4_sum(w->p.data + 48, w->p.len - 48), 0);
	world_free(w);
}

/* Hairpinning */

/* C2's UDP port 5000 and C1's 4000, both bound by packets to Z. */
static struct world *two_clients(uint8_t proto, enum nat64_filtering filtering,
				 uint16_t *port1, uint16_t *port2)
{
	struct world *w = world_new();

	w->cfg.filtering = filtering;
	w->cfg.filtering_tcp = filtering;
	world_open(w);
	*port1 = bind_port(w, out6(proto, C1, 4000, Z, 53, SYN));
	*port2 = bind_port(w, out6(proto, C2, 5000, Z, 53, SYN));
	return w;
}

/* What C1 sends to P:T1, port2, arrives at C2 from P:T1, port1. */
static struct seg turned(uint8_t proto, const char *to, uint16_t from_port,
			 uint16_t to_port, uint8_t flags)
{
	struct seg s = out6(proto, to, from_port, 0, to_port, flags);

	s.b6 = s.a6;
	s.a6 = under_p(T1);
	s.ttl = 63;
	return s;
}

Test(nat64_hairpin, N64_202_N64_230_N64_231_N64_234_U47_09_udp)
{
	uint16_t port1, port2;
	struct world *w = two_clients(UDP_PROTO, NAT64_ENDPOINT_INDEPENDENT,
				      &port1, &port2);

	send_seg(w, udp6(C1, 4000, T1, port2));
	expect_seg(w, turned(UDP_PROTO, C2, port1, 5000, 0));
	cr_assert(has_session(w, UDP_PROTO, T1, port2));
	cr_assert(has_session(w, UDP_PROTO, T1, port1));
	cr_assert_eq(session_count(w), 4);
	send_seg(w, udp6(C2, 5000, T1, port1));
	expect_seg(w, turned(UDP_PROTO, C1, port2, 4000, 0));
	cr_assert_eq(session_count(w), 4);
	world_free(w);
}

Test(nat64_hairpin, N64_230_tcp_handshake)
{
	uint16_t port1, port2;
	struct world *w = two_clients(TCP_PROTO, NAT64_ENDPOINT_INDEPENDENT,
				      &port1, &port2);
	struct nat64_session_view s;

	send_seg(w, tcp6(C1, 4000, T1, port2, SYN));
	expect_seg(w, turned(TCP_PROTO, C2, port1, 5000, SYN));
	send_seg(w, tcp6(C2, 5000, T1, port1, SYN | ACK));
	expect_seg(w, turned(TCP_PROTO, C1, port2, 4000, SYN | ACK));
	send_seg(w, tcp6(C1, 4000, T1, port2, ACK));
	expect_seg(w, turned(TCP_PROTO, C2, port1, 5000, ACK));
	cr_assert(find_session(w, TCP_PROTO, T1, port2, &s));
	cr_assert_str_eq(s.state, "ESTABLISHED");
	cr_assert(find_session(w, TCP_PROTO, T1, port1, &s));
	cr_assert_str_eq(s.state, "ESTABLISHED");
	world_free(w);
}

/* A ping to one's own external address. */
Test(nat64_hairpin, N64_230_P78_13_ping)
{
	struct world *w = world_default();
	struct seg want = turned(ICMP6_PROTO, C1, 7, 7, 128);

	send_seg(w, ping6(C1, 7, T1));
	expect_seg(w, want);
	send_seg(w, out6(ICMP6_PROTO, C1, 7, T1, 7, 129));
	want.flags = 129;
	expect_seg(w, want);
	world_free(w);
}

Test(nat64_hairpin, N64_232_filtering_on_the_second_leg)
{
	uint16_t port1, port2;
	struct world *w =
		two_clients(UDP_PROTO, NAT64_ADDRESS_DEPENDENT, &port1, &port2);

	send_seg(w, udp6(C1, 4000, T1, port2));
	expect_drop(w, WHY_FILTERED);
	send_seg(w, udp6(C2, 5000, T1, 9999));
	expect_drop(w, WHY_NO_BINDING);
	send_seg(w, udp6(C1, 4000, T1, port2));
	expect_seg(w, turned(UDP_PROTO, C2, port1, 5000, 0));
	world_free(w);
}

Test(nat64_hairpin, N64_233_errors)
{
	uint16_t port1, port2;
	struct world *w = two_clients(UDP_PROTO, NAT64_ENDPOINT_INDEPENDENT,
				      &port1, &port2);
	struct seg seen;

	send_seg(w, udp6(C1, 4000, T1, port2));
	expect_forward(w);
	seen = turned(UDP_PROTO, C2, port1, 5000, 0);
	seen.ttl = 64;
	send_error(w, error6(ip6(C2), under_p(T1)), 1, 4, seen);
	expect_icmp(w, older(error6(under_p(T1), ip6(C1))), 1, 4,
		    udp6(C1, 4000, T1, port2));
	world_free(w);
}

/* Super-packets pass whole, hairpinned or not, with their partial checksum. */
static void send_super(struct world *w, struct seg s, size_t payload)
{
	static uint8_t b[PKT_MAX];
	const size_t hdr = s.version == 4 ? 20 : 40;
	const size_t len = hdr + 20 + payload;
	uint32_t sum;

	s.flags = ACK;
	seg_write(b, &s);
	memset(b + hdr + 20, 'x', payload);
	put16(b + hdr + 16, 0);
	if (s.version == 6) {
		put16(b + 4, (unsigned int)(20 + payload));
		sum = sum_of(b + 8, 32, 0);
	} else {
		put16(b + 2, (unsigned int)len);
		b[6] = 0x40; /* DF */
		put16(b + 10, 0);
		put16(b + 10, sum_end(sum_of(b, 20, 0)));
		sum = sum_of(b + 12, 8, 0);
	}
	sum += TCP_PROTO + (uint32_t)(20 + payload);
	put16(b + hdr + 16, ~sum_end(sum) & 0xffff);
	world_buffer(w, len);
	memcpy(w->p.data, b, len);
	w->p.gso = PKT_GSO_TCP;
	w->p.gso_size = 1400;
	w->p.partial = true;
	w->r = nat64_packet(w->n, &w->p, w->now);
}

/* The field holds the folded sum of the pseudo-header. */
static void expect_partial(const struct world *w)
{
	const uint8_t *b = w->p.data;
	const size_t hdr = b[0] >> 4 == 4 ? 20 : 40;
	uint32_t sum = hdr == 20 ? sum_of(b + 12, 8, 0) : sum_of(b + 8, 32, 0);

	sum += TCP_PROTO + (uint32_t)(w->p.len - hdr);
	cr_assert_eq(b[hdr + 16] * 256u + b[hdr + 17], ~sum_end(sum) & 0xffff);
	cr_assert(w->p.partial);
	cr_assert_eq(w->p.gso, PKT_GSO_TCP);
	cr_assert_eq(w->p.gso_size, 1400);
	cr_assert_eq(w->p.cut, 0);
}

Test(nat64_super, N64_203_both_ways)
{
	struct world *w = world_default();
	const uint16_t port = bind_port(w, tcp6(C1, 4000, Z, 80, SYN));

	send_super(w, tcp6(C1, 4000, Z, 80, ACK), 60000);
	expect_forward(w);
	cr_assert_eq(w->p.len, 60040);
	cr_assert_eq(got_port(w), port);
	expect_partial(w);
	send_super(w, tcp4(Z, 80, T1, port, ACK), 60000);
	expect_forward(w);
	cr_assert_eq(w->p.len, 60060);
	expect_partial(w);
	world_free(w);
}

Test(nat64_super, N64_230_hairpin)
{
	uint16_t port1, port2;
	struct world *w = two_clients(TCP_PROTO, NAT64_ENDPOINT_INDEPENDENT,
				      &port1, &port2);

	send_seg(w, tcp6(C1, 4000, T1, port2, SYN));
	send_super(w, tcp6(C1, 4000, T1, port2, ACK), 60000);
	expect_forward(w);
	cr_assert_eq(w->p.len, 60060);
	expect_partial(w);
	world_free(w);
}
