/* SPDX-License-Identifier: MIT */
/* Thresholds: RFC 8158, 4.5; RFC 7659, natv2...Threshold; RFC 7422, 2.2. */
#include "nat64/event.h"
#include "nat64_help.h"

#define RING 64u

/* Who listens to alarms of a world; @e is what was read last. */
struct watch {
	struct world *w;
	struct nat64_events ring;
	struct nat64_event mem[RING];
	uint64_t cursor;
	struct nat64_event e;
};

/* A pool of 20 ports, an alarm, and 20 s between two of a kind. */
static struct watch *watch(enum nat64_alarm alarm, uint32_t limit)
{
	struct watch *a = calloc(1, sizeof(*a));

	a->w = world_new();
	a->w->cfg.pool4[0] = (struct nat64_range){ T1, T1, 5000, 5019 };
	a->w->cfg.alarm[alarm] = limit;
	a->w->cfg.alarm[NAT64_ALARM_INTERVAL] = 20;
	return a;
}

static void begin(struct watch *a)
{
	world_open(a->w);
	a->ring = (struct nat64_events){ .ring = a->mem,
					 .size = RING,
					 .want = EVENT_ALARMS };
	nat64_listen(a->w->n, &a->ring);
}

static void end(struct watch *a)
{
	world_free(a->w);
	free(a);
}

static bool rings(struct watch *a)
{
	uint64_t lost = 0;

	return event_next(&a->ring, &a->cursor, &lost, &a->e);
}

#define expect_silence(a)                                                      \
	cr_assert_not(rings(a), "alarm of kind %u", (a)->e.kind)
#define expect_alarm(a, kind_, limit_)                                         \
	do {                                                                   \
		cr_assert(rings(a), "silence");                                \
		cr_expect_eq((a)->e.kind, (kind_));                            \
		cr_expect_eq((a)->e.limit, (limit_));                          \
		expect_silence(a);                                             \
	} while (0)

/* Bindings of C1 from @first on. */
static void open(struct watch *a, uint8_t proto, uint16_t first,
		 unsigned int count)
{
	for (unsigned int i = 0; i < count; i++)
		bind_port(a->w,
			  out6(proto, C1, (uint16_t)(first + i), Z, 53, SYN));
}

/* 15 of 20 ports are 75 %; of UDP and of TCP there are 20 each. */
Test(nat64_alarm, D74_09_M76_17_pool_high)
{
	struct watch *a = watch(NAT64_POOL_HIGH, 75);

	begin(a);
	open(a, UDP_PROTO, 4000, 14);
	open(a, TCP_PROTO, 4000, 14);
	expect_silence(a);
	open(a, UDP_PROTO, 4014, 1);
	expect_alarm(a, EVENT_POOL_HIGH, 75);
	cr_expect_eq(a->e.proto, UDP_PROTO);
	/* It is told once as long as it is so. */
	open(a, UDP_PROTO, 4015, 2);
	a->w->now += 100 * SECOND;
	open(a, UDP_PROTO, 4017, 2);
	expect_silence(a);
	/* TCP's come to it, too. */
	open(a, TCP_PROTO, 4014, 1);
	expect_alarm(a, EVENT_POOL_HIGH, 75);
	cr_expect_eq(a->e.proto, TCP_PROTO);
	/* All are gone, and come back. */
	wait_s(a->w, 302);
	cr_assert_eq(binding_count(a->w), 0);
	open(a, UDP_PROTO, 4000, 14);
	expect_silence(a);
	open(a, UDP_PROTO, 4014, 6);
	expect_alarm(a, EVENT_POOL_HIGH, 75);
	end(a);
}

/* Two of a kind within the interval: the second one comes behind it. */
Test(nat64_alarm, M76_17_interval)
{
	struct watch *a = watch(NAT64_POOL_HIGH, 50);

	begin(a);
	open(a, UDP_PROTO, 4000, 10);
	expect_alarm(a, EVENT_POOL_HIGH, 50);
	a->w->now += 19 * SECOND;
	open(a, TCP_PROTO, 4000, 11);
	expect_silence(a);
	a->w->now += 2 * SECOND;
	open(a, TCP_PROTO, 4011, 1);
	expect_alarm(a, EVENT_POOL_HIGH, 50);
	cr_expect_eq(a->e.proto, TCP_PROTO);
	end(a);
}

Test(nat64_alarm, M76_17_pool_low)
{
	struct watch *a = watch(NAT64_POOL_LOW, 25);

	begin(a);
	open(a, UDP_PROTO, 4000, 5);
	expect_silence(a);
	wait_s(a->w, 200);
	open(a, UDP_PROTO, 4005, 2);
	expect_silence(a);
	wait_s(a->w, 102); /* the first five are over */
	cr_assert_eq(binding_count(a->w), 2);
	expect_alarm(a, EVENT_POOL_LOW, 25);
	wait_s(a->w, 302);
	expect_silence(a);
	end(a);
}

/* A port that is held down is not free: nor is the pool. */
Test(nat64_alarm, M76_17_pool_low_when_ports_are_back)
{
	struct watch *a = watch(NAT64_POOL_LOW, 25);

	a->w->cfg.hold_down = 120;
	a->w->cfg.hold_max = 100;
	begin(a);
	open(a, UDP_PROTO, 4000, 10);
	wait_s(a->w, 302);
	cr_assert_eq(binding_count(a->w), 0);
	expect_silence(a);
	wait_s(a->w, 122);
	expect_alarm(a, EVENT_POOL_LOW, 25);
	end(a);
}

/* Of blocks where there are blocks: 3 of 4. */
Test(nat64_alarm, M76_17_blocks)
{
	struct watch *a = watch(NAT64_POOL_HIGH, 75);
	struct seg s = udp6(C1, 4000, Z, 53);

	a->w->cfg.port_block = 64;
	a->w->cfg.pool4[0] = (struct nat64_range){ T1, T1, 1024, 1279 };
	begin(a);
	for (unsigned int i = 0; i < 2; i++) {
		s.a6.hi++;
		bind_port(a->w, s);
	}
	expect_silence(a);
	s.a6.hi++;
	bind_port(a->w, s);
	expect_alarm(a, EVENT_POOL_HIGH, 75);
	cr_expect_eq(a->e.proto, 0);
	end(a);
}

Test(nat64_alarm, M76_17_bindings_high)
{
	struct watch *a = watch(NAT64_BINDINGS_HIGH, 7);

	begin(a);
	open(a, UDP_PROTO, 4000, 3);
	open(a, TCP_PROTO, 4000, 3);
	expect_silence(a);
	bind_port(a->w, ping6(C2, 7, Z));
	expect_alarm(a, EVENT_BINDINGS_HIGH, 7);
	open(a, UDP_PROTO, 4003, 3);
	expect_silence(a);
	end(a);
}

Test(nat64_alarm, D74_09_M76_17_subscriber_high)
{
	struct watch *a = watch(NAT64_SUBSCRIBER_HIGH, 3);

	begin(a);
	open(a, UDP_PROTO, 4000, 2);
	bind_port(a->w, udp6(C2, 4000, Z, 53));
	bind_port(a->w, udp6(C1, 4000, W, 53)); /* no binding */
	expect_silence(a);
	open(a, TCP_PROTO, 4000, 2);
	expect_alarm(a, EVENT_SUBSCRIBER_HIGH, 3);
	cr_expect(addr6_equal(a->e.client, ip6("2001:db8:c::")));
	cr_expect_eq(a->e.client_len, 64);
	/* Another one, a second later; the first one not again so soon. */
	a->w->now += SECOND;
	bind_port(a->w, udp6(C2, 4001, Z, 53));
	bind_port(a->w, udp6(C2, 4002, Z, 53));
	expect_alarm(a, EVENT_SUBSCRIBER_HIGH, 3);
	cr_expect(addr6_equal(a->e.client, ip6("2001:db8:d::")));
	wait_s(a->w, 302);
	expect_silence(a);
	open(a, UDP_PROTO, 4000, 4);
	expect_alarm(a, EVENT_SUBSCRIBER_HIGH, 3);
	end(a);
}

/* It comes and goes: told of once in the interval. */
Test(nat64_alarm, M76_17_subscriber_interval)
{
	struct watch *a = watch(NAT64_SUBSCRIBER_HIGH, 3);
	unsigned int count = 0;

	a->w->cfg.alarm[NAT64_ALARM_INTERVAL] = 300;
	begin(a);
	for (unsigned int i = 0; i < 10; i++) {
		bind_port(a->w, udp6(C1, 7, Z, 53));
		bind_port(a->w, ping6(C1, 7, Z));
		bind_port(a->w, ping6(C1, 8, Z));
		count += rings(a);
		wait_s(a->w, 62);
	}
	/* In 620 s: at once, after 310 s. */
	cr_expect_eq(count, 2, "%u", count);
	end(a);
}

Test(nat64_alarm, none_unless_asked_for)
{
	struct watch *a = watch(NAT64_POOL_HIGH, 0);

	begin(a);
	open(a, UDP_PROTO, 4000, 20);
	wait_s(a->w, 302);
	expect_silence(a);
	end(a);
}

/* At once, and for what is there already. */
Test(nat64_alarm, reload)
{
	struct watch *a = watch(NAT64_POOL_HIGH, 0);

	begin(a);
	open(a, UDP_PROTO, 4000, 15);
	a->w->cfg.alarm[NAT64_POOL_HIGH] = 50;
	cr_assert(nat64_adjust(a->w->n, &a->w->cfg));
	open(a, UDP_PROTO, 4015, 1);
	expect_alarm(a, EVENT_POOL_HIGH, 50);
	end(a);
}
