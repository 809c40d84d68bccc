/* SPDX-License-Identifier: MIT */
/* An address that host and translator share: whose is a packet, and what is
 * sent to which of its ports turns back. */
#include "nat64_help.h"
#include "siit/share.h"

static struct share_ports ports;

static void fill(void)
{
	memset(&ports, 0, sizeof(ports));
	for (unsigned int t = 0; t < SHARE_TABLES; t++)
		share_add(&ports, t, 10000, 32767);
	share_add(&ports, SHARE_TCP, 443, 443);
}

static enum share_whose ask(uint8_t proto, uint16_t first, uint16_t second,
			    uint16_t third, bool sent)
{
	uint8_t l4[SHARE_L4] = { 0 };

	put16(l4, first);
	put16(l4 + 2, second);
	put16(l4 + 4, third);
	return share_transport(&ports, proto, l4, sent);
}

Test(share, ports)
{
	static const struct {
		uint16_t port;
		enum share_whose tcp, udp;
	} rows[] = {
		{ 0, SHARE_HOST, SHARE_HOST },
		{ 22, SHARE_HOST, SHARE_HOST },
		{ 442, SHARE_HOST, SHARE_HOST },
		{ 443, SHARE_OURS, SHARE_HOST },
		{ 444, SHARE_HOST, SHARE_HOST },
		{ 9999, SHARE_HOST, SHARE_HOST },
		{ 10000, SHARE_OURS, SHARE_OURS },
		{ 20000, SHARE_OURS, SHARE_OURS },
		{ 32767, SHARE_OURS, SHARE_OURS },
		{ 32768, SHARE_HOST, SHARE_HOST },
		{ 65535, SHARE_HOST, SHARE_HOST },
	};

	fill();
	for (size_t i = 0; i < XL_COUNT(rows); i++) {
		const uint16_t p = rows[i].port;

		/* the other port is never looked at */
		for (unsigned int other = 0; other < 65536; other += 5000) {
			const uint16_t o = (uint16_t)other;

			cr_expect_eq(ask(TCP_PROTO, o, p, 0, false),
				     rows[i].tcp, "%u", p);
			cr_expect_eq(ask(UDP_PROTO, o, p, 0, false),
				     rows[i].udp, "%u", p);
			cr_expect_eq(ask(TCP_PROTO, p, o, 0, true), rows[i].tcp,
				     "%u", p);
			cr_expect_eq(ask(UDP_PROTO, p, o, 0, true), rows[i].udp,
				     "%u", p);
		}
	}
}

Test(share, echoes)
{
	const uint16_t request = 8 << 8;
	const uint16_t reply = 0;

	fill();
	/* Replies, and requests of one's own that are quoted: both get them. */
	cr_expect_eq(ask(ICMP4_PROTO, reply, 1, 10000, false), SHARE_BOTH);
	cr_expect_eq(ask(ICMP4_PROTO, reply, 1, 9999, false), SHARE_HOST);
	cr_expect_eq(ask(ICMP4_PROTO, request, 1, 32767, true), SHARE_BOTH);
	cr_expect_eq(ask(ICMP4_PROTO, request, 1, 32768, true), SHARE_HOST);
	/* The host answers pings. */
	cr_expect_eq(ask(ICMP4_PROTO, request, 1, 10000, false), SHARE_HOST);
	cr_expect_eq(ask(ICMP4_PROTO, reply, 1, 10000, true), SHARE_HOST);
	/* RFC 4443: types 128 and 129 */
	cr_expect_eq(ask(ICMP6_PROTO, 129 << 8, 1, 10000, false), SHARE_BOTH);
	cr_expect_eq(ask(ICMP6_PROTO, 129 << 8, 1, 9999, false), SHARE_HOST);
	cr_expect_eq(ask(ICMP6_PROTO, 128 << 8, 1, 10000, true), SHARE_BOTH);
	cr_expect_eq(ask(ICMP6_PROTO, 128 << 8, 1, 10000, false), SHARE_HOST);
	cr_expect_eq(ask(ICMP6_PROTO, 135 << 8, 1, 10000, false), SHARE_HOST);
	cr_expect_eq(ask(47, 10000, 10000, 10000, false), SHARE_HOST);
}

Test(share, errors)
{
	for (unsigned int type = 0; type < 256; type++) {
		const uint8_t l4[SHARE_L4] = { (uint8_t)type };

		/* RFC 792: unreachable, source quench, time exceeded,
		 * parameter problem */
		cr_expect_eq(share_is_error4(l4),
			     type == 3 || type == 4 || type == 11 || type == 12,
			     "%u", type);
	}
}

static struct world *shared(void)
{
	static const struct nat64_static fixed = {
		.client = { 0x20010db8000d0000, 2 }, /* C2 */
		.client_port = 80,
		.pool = T1,
		.pool_port = 443,
		.proto = TCP_PROTO,
	};
	struct world *w = world_new();

	w->cfg.pool4[0].port_min = 10000;
	w->cfg.pool4[0].port_max = 32767;
	w->cfg.statics = &fixed;
	w->cfg.static_count = 1;
	return w;
}

/* What C1 sends to T1 goes out, to the host whose address it is, too. */
static bool goes_out(struct world *w, struct seg s)
{
	return send_seg(w, s).verdict == XLAT_FORWARD &&
	       w->p.data[0] >> 4 == 4 && hdr4_load(w->p.data).dst == T1;
}

Test(share, only_ports_of_ours_turn_back)
{
	for (unsigned int yes = 0; yes < 2; yes++) {
		struct world *w = shared();

		w->cfg.shared4 = yes ? T1 : 0;
		world_open(w);
		cr_expect_eq(goes_out(w, tcp6(C1, 4000, T1, 22, SYN)), yes);
		cr_expect_eq(goes_out(w, udp6(C1, 4001, T1, 53)), yes);
		cr_expect_eq(goes_out(w, udp6(C1, 4002, T1, 443)), yes);
		cr_expect_eq(goes_out(w, udp6(C1, 4003, T1, 32768)), yes);
		cr_expect_eq(goes_out(w, ping6(C1, 4004, T1)), yes);
		/* These are, or may be, for a client. */
		cr_expect(!goes_out(w, tcp6(C1, 4005, T1, 443, SYN)));
		cr_expect(!goes_out(w, udp6(C1, 4006, T1, 10000)));
		cr_expect(!goes_out(w, udp6(C1, 4007, T1, 32767)));
		world_free(w);
	}
}
