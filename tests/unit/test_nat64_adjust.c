/* SPDX-License-Identifier: MIT */
/* Another configuration in the tables that there are. */
#include "nat64/binding.h"
#include "nat64_help.h"

/* Take this configuration and go through the sessions; how many are left. */
static unsigned int adjust(struct world *w, const struct nat64_config *c)
{
	struct nat64_review r = { .cursor = 0 };
	const unsigned int before = session_count(w);

	cr_assert(nat64_adjust(w->n, c));
	while (nat64_review(w->n, &r, 1))
		;
	cr_assert_eq(r.kept + r.closed, before);
	cr_assert_eq(r.kept, session_count(w));
	return r.kept;
}

/* One session of each kind, of C1, with Z; @port: of the UDP one. */
static struct world *world_with_three(uint16_t *port)
{
	struct world *w = world_default();

	*port = bind_port(w, udp6(C1, 4000, Z, 53));
	send_seg(w, tcp6(C1, 4001, Z, 80, SYN));
	send_seg(w, ping6(C1, 9, Z));
	cr_assert_eq(session_count(w), 3);
	return w;
}

Test(nat64_adjust, the_same_changes_nothing)
{
	uint16_t port;
	struct world *w = world_with_three(&port);

	cr_expect_eq(adjust(w, &w->cfg), 3);
	send_seg(w, udp4(Z, 53, T1, port));
	expect_forward(w);
	world_free(w);
}

Test(nat64_adjust, shorter_and_longer_timeouts)
{
	uint16_t port;
	struct world *w = world_with_three(&port);

	wait_s(w, 50);
	w->cfg.timeout[NAT64_UDP] = 120;
	w->cfg.timeout[NAT64_ICMP] = 600;
	cr_expect_eq(adjust(w, &w->cfg), 3);
	wait_s(w, 69);
	cr_expect(has_session(w, UDP_PROTO, Z, 53));
	wait_s(w, 2);
	cr_expect_not(has_session(w, UDP_PROTO, Z, 53));
	cr_expect(has_session(w, ICMP4_PROTO, Z, 0));
	wait_s(w, 600 - 122);
	cr_expect(has_session(w, ICMP4_PROTO, Z, 0));
	wait_s(w, 3);
	cr_expect_not(has_session(w, ICMP4_PROTO, Z, 0));
	world_free(w);
}

/* A timeout that is over by now ends what it concerns at once. */
Test(nat64_adjust, a_timeout_that_is_over)
{
	uint16_t port;
	struct world *w = world_with_three(&port);

	wait_s(w, 30);
	send_seg(w, tcp6(C1, 4001, Z, 80, SYN));
	wait_s(w, 200);
	w->cfg.timeout[NAT64_UDP] = 120;
	adjust(w, &w->cfg);
	wait_s(w, 0);
	cr_expect_not(has_session(w, UDP_PROTO, Z, 53));
	cr_expect(has_session(w, TCP_PROTO, Z, 80));
	world_free(w);
}

Test(nat64_adjust, what_is_not_allowed_is_closed)
{
	static const struct net6 d_only[] = { { { 0x20010db8000d0000, 0 },
						48 } };
	uint16_t port;
	struct world *w = world_with_three(&port);

	send_seg(w, udp6(C2, 4000, Z, 53));
	w->cfg.max_per_subscriber = 2;
	cr_expect_eq(adjust(w, &w->cfg), 3);
	w->cfg.max_bindings = 1;
	cr_expect_eq(adjust(w, &w->cfg), 2);
	w->cfg.allow6 = d_only;
	w->cfg.allow6_count = 1;
	cr_expect_eq(adjust(w, &w->cfg), 1);
	cr_expect_eq(binding_count(w), 1);
	send_seg(w, udp4(Z, 53, T1, port));
	expect_drop(w, WHY_NO_BINDING);
	w->cfg.tr.allow4_count = 0;
	cr_expect_eq(adjust(w, &w->cfg), 0);
	cr_expect_eq(binding_count(w), 0);
	world_free(w);
}

Test(nat64_adjust, sessions_of_one_binding)
{
	struct world *w = world_default();

	for (uint16_t i = 0; i < 5; i++)
		send_seg(w, udp6(C1, 4000, Z, (uint16_t)(50 + i)));
	w->cfg.max_per_binding = 2;
	cr_expect_eq(adjust(w, &w->cfg), 2);
	cr_expect_eq(binding_count(w), 1);
	world_free(w);
}

/* What the tables were made for needs others. */
Test(nat64_adjust, what_it_cannot_do)
{
	static const struct nat64_static fixed[] = { {
		.client = { 0x20010db8000c0000, 7 },
		.pool = T1,
		.client_port = 80,
		.pool_port = 80,
		.proto = TCP_PROTO,
	} };
	uint16_t port;
	struct world *w = world_with_three(&port);
	struct nat64_config c[6];

	for (unsigned int i = 0; i < XL_COUNT(c); i++)
		memcpy(&c[i], &w->cfg, sizeof(c[i]));
	c[0].pool4[0].last++;
	c[1].max_sessions++;
	c[2].filtering = NAT64_ADDRESS_DEPENDENT;
	c[3].subscriber_len = 56;
	c[4].statics = fixed;
	c[4].static_count = 1;
	c[5].filtering_tcp = NAT64_ADDRESS_DEPENDENT;
	for (unsigned int i = 0; i < XL_COUNT(c); i++)
		cr_expect_not(nat64_adjust(w->n, &c[i]), "%u", i);
	send_seg(w, udp4(Z, 53, T1, port));
	expect_forward(w);
	world_free(w);
}

/* Each of them by itself: it is in force, and no session has moved. */
Test(nat64_adjust, limits_and_switches_need_no_other_tables)
{
	struct world *w = world_default();
	struct nat64_config *c = &w->cfg;
	uint32_t *const numbers[] = {
		&c->max_subscribers, &c->max_per_subscriber, &c->max_bindings,
		&c->max_rate,        &c->max_per_binding,    &c->max_blocks,
		&c->hold_down,       &c->alarm[0],
	};
	bool *const switches[] = { &c->refuse_inbound_tcp, &c->any_parity,
				   &c->no_ping };

	for (unsigned int i = 0; i < XL_COUNT(numbers); i++) {
		*numbers[i] += 1000;
		cr_expect(nat64_adjust(w->n, c), "number %u", i);
		cr_expect_arr_eq(&w->n->cfg, c, sizeof(*c), "number %u", i);
	}
	for (unsigned int i = 0; i < XL_COUNT(switches); i++) {
		*switches[i] = !*switches[i];
		cr_expect(nat64_adjust(w->n, c), "switch %u", i);
		cr_expect_arr_eq(&w->n->cfg, c, sizeof(*c), "switch %u", i);
	}
	c->outside = NAT64_IPV4;
	cr_expect(nat64_adjust(w->n, c));
	cr_expect_eq(w->n->cfg.outside, NAT64_IPV4);
	world_free(w);
}

/* A static binding with another end is another one. */
Test(nat64_adjust, other_static_bindings_need_other_tables)
{
	const struct nat64_static had = {
		.client = { 0x20010db8000c0000, 7 },
		.pool = T1,
		.client_port = 80,
		.pool_port = 80,
		.proto = TCP_PROTO,
	};
	struct nat64_static now[5] = { had, had, had, had, had };
	struct world *w = world_new();
	struct nat64_config c;

	w->cfg.statics = &had;
	w->cfg.static_count = 1;
	world_open(w);
	now[0].client.lo++;
	now[1].pool = T2;
	now[2].client_port++;
	now[3].pool_port++;
	now[4].proto = UDP_PROTO;
	memcpy(&c, &w->cfg, sizeof(c));
	for (unsigned int i = 0; i < XL_COUNT(now); i++) {
		c.statics = &now[i];
		cr_expect_not(nat64_adjust(w->n, &c), "%u", i);
	}
	now[0] = had;
	c.statics = now;
	cr_expect(nat64_adjust(w->n, &c));
	world_free(w);
}
