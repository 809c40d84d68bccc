/* SPDX-License-Identifier: MIT */
/* A port that has become free is kept back (RFC 6888, REQ-8). */
#include "nat64/snapshot.h"
#include "nat64_help.h"

/* Ports from 5000 on, kept for two minutes. */
static struct world *with_ports(uint16_t count)
{
	struct world *w = world_new();

	w->cfg.pool4[0].port_min = 5000;
	w->cfg.pool4[0].port_max = (uint16_t)(5000 + count - 1);
	w->cfg.hold_down = 120;
	w->cfg.hold_max = 100;
	return w;
}

static uint32_t kept(const struct world *w)
{
	struct nat64_stats stats;

	nat64_get_stats(w->n, &stats);
	return stats.ports_kept;
}

static void refused(struct world *w, struct seg s)
{
	send_seg(w, s);
	/* Who has other bindings has an address. */
	expect_error(w,
		     w->r.why == WHY_POOL_EXHAUSTED ? WHY_POOL_EXHAUSTED
						    : WHY_POOL_ADDRESSES,
		     1, 3);
}

Test(nat64_hold, C68_08_udp_waits_two_minutes)
{
	struct world *w = with_ports(1);

	world_open(w);
	bind_port(w, udp6(C1, 4000, Z, 53));
	wait_s(w, 300);
	cr_expect_eq(kept(w), 0);
	wait_s(w, 1); /* a session lasts up to a second longer */
	cr_assert_eq(binding_count(w), 0);
	cr_expect_eq(kept(w), 1);
	refused(w, udp6(C2, 4000, Z, 53));
	refused(w, udp6(C1, 4000, Z, 53));
	wait_s(w, 119);
	refused(w, udp6(C2, 4000, Z, 53));
	wait_s(w, 2);
	cr_expect_eq(kept(w), 0);
	cr_expect_eq(bind_port(w, udp6(C2, 4000, Z, 53)), 5000);
	cr_expect_eq(nat64_next_expiry(w->n) > w->now + 299 * SECOND, true);
	world_free(w);
}

Test(nat64_hold, C68_08_icmp_waits_too)
{
	struct world *w = with_ports(1);

	world_open(w);
	bind_port(w, ping6(C1, 9, Z));
	wait_s(w, 62);
	refused(w, ping6(C2, 9, Z));
	wait_s(w, 121);
	bind_port(w, ping6(C2, 9, Z));
	world_free(w);
}

/* REQ-8a: where the state of TCP is known its ports need not wait. */
Test(nat64_hold, C68_08_tcp_does_not_wait)
{
	struct world *w = with_ports(1);

	world_open(w);
	bind_port(w, tcp6(C1, 4000, Z, 80, SYN));
	wait_s(w, 242);
	cr_expect_eq(binding_count(w), 0);
	cr_expect_eq(bind_port(w, tcp6(C2, 4000, Z, 80, SYN)), 5000);
	world_free(w);
}

Test(nat64_hold, C68_08_time_is_configurable)
{
	static const uint32_t times[] = { 0, 10, 600 };

	for (unsigned int i = 0; i < XL_COUNT(times); i++) {
		struct world *w = with_ports(1);

		w->cfg.hold_down = times[i];
		world_open(w);
		bind_port(w, udp6(C1, 4000, Z, 53));
		wait_s(w, 301);
		if (times[i]) {
			wait_s(w, times[i] - 1);
			refused(w, udp6(C2, 4000, Z, 53));
			wait_s(w, 2);
		}
		bind_port(w, udp6(C2, 4000, Z, 53));
		world_free(w);
	}
}

/* Of more than may be kept the one that waits longest goes. */
Test(nat64_hold, C68_08_number_is_configurable)
{
	struct world *w = with_ports(3);
	uint16_t first;

	w->cfg.hold_max = 2;
	world_open(w);
	first = bind_port(w, tcp6(C1, 4000, Z, 53, SYN));
	wait_s(w, 250);
	first = bind_port(w, udp6(C1, 4000, Z, 53));
	wait_s(w, 5);
	bind_port(w, udp6(C1, 4001, Z, 53));
	wait_s(w, 5);
	bind_port(w, udp6(C1, 4002, Z, 53));
	wait_s(w, 302);
	cr_expect_eq(kept(w), 2);
	cr_expect_eq(bind_port(w, udp6(C2, 4000, Z, 53)), first);
	refused(w, udp6(C2, 4001, Z, 53));
	world_free(w);
}

Test(nat64_hold, C68_08_other_ports_are_taken_meanwhile)
{
	struct world *w = with_ports(2);
	uint16_t first;

	world_open(w);
	first = bind_port(w, udp6(C1, 4000, Z, 53));
	wait_s(w, 302);
	cr_expect_neq(bind_port(w, udp6(C2, 4000, Z, 53)), first);
	refused(w, udp6(C2, 4001, Z, 53));
	/* Nothing comes in through it. */
	send_seg(w, udp4(Z, 53, T1, first));
	expect_drop(w, WHY_NO_BINDING);
	world_free(w);
}

Test(nat64_hold, C68_08_another_configuration_keeps_it)
{
	struct world *a = with_ports(1);
	struct world *b = with_ports(1);

	world_open(a);
	bind_port(a, udp6(C1, 4000, Z, 53));
	wait_s(a, 302);
	wait_s(a, 50);
	b->now = a->now;
	world_open(b);
	cr_expect_eq(nat64_move(b->n, a->n, b->now), 0);
	refused(b, udp6(C2, 4000, Z, 53));
	wait_s(b, 68);
	refused(b, udp6(C2, 4000, Z, 53));
	wait_s(b, 3);
	bind_port(b, udp6(C2, 4000, Z, 53));
	world_free(b);
	/* One that keeps none. */
	b = with_ports(1);
	b->cfg.hold_down = 0;
	b->now = a->now;
	world_open(b);
	cr_expect_eq(nat64_move(b->n, a->n, b->now), 0);
	bind_port(b, udp6(C2, 4000, Z, 53));
	world_free(b);
	world_free(a);
}

/* The state in a file, as plat restores it @away seconds later. */
static void restart(struct world *to, const struct world *from, uint32_t away)
{
	static uint8_t file[4096];
	struct snapshot s = { .now = from->now };
	size_t len = snapshot_fill(&s, from->n, file, sizeof(file));
	const char *wrong;

	cr_assert_eq(snapshot_fill(&s, from->n, file, sizeof(file)), 0);
	s = (struct snapshot){ .now = from->now };
	len = snapshot_fill(&s, from->n, file, sizeof(file));
	to->now = from->now + away * SECOND;
	world_open(to);
	wrong = snapshot_check(to->n, file, len);
	cr_assert_null(wrong, "%s", wrong);
	for (size_t i = 0; i < snapshot_count(len); i++) {
		const uint8_t *at = snapshot_first(file) + i * SNAPSHOT_RECORD;

		cr_expect_not(snapshot_is_session(at));
		cr_expect_not(snapshot_restore(to->n, at, away, to->now));
	}
}

Test(nat64_hold, C68_08_a_restart_keeps_it)
{
	struct world *a = with_ports(1);
	struct world *b = with_ports(1);

	world_open(a);
	bind_port(a, udp6(C1, 4000, Z, 53));
	wait_s(a, 302);
	wait_s(a, 50);
	restart(b, a, 20);
	refused(b, udp6(C2, 4000, Z, 53));
	wait_s(b, 48);
	refused(b, udp6(C2, 4000, Z, 53));
	wait_s(b, 4);
	bind_port(b, udp6(C2, 4000, Z, 53));
	world_free(b);
	/* After a longer pause it has waited long enough. */
	b = with_ports(1);
	restart(b, a, 71);
	bind_port(b, udp6(C2, 4000, Z, 53));
	world_free(b);
	world_free(a);
}

Test(nat64_hold, bad_numbers)
{
	struct world *w = with_ports(1);

	w->cfg.hold_max = 0;
	cr_expect_not_null(nat64_config_check(&w->cfg));
	w->cfg.hold_max = NAT64_HOLD_MAX + 1;
	cr_expect_not_null(nat64_config_check(&w->cfg));
	w->cfg.hold_max = w->cfg.hold_down = 0;
	cr_expect_null(nat64_config_check(&w->cfg));
	world_free(w);
}
