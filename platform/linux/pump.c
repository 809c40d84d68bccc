/* SPDX-License-Identifier: MIT */
#include "pump.h"

#include <errno.h>
#include <sched.h>
#include <string.h>
#include <sys/epoll.h>

#include "log.h"
#include "pages.h"
#include "siit/cut.h"
#include "siit/hdr.h"

/* Packets per wake-up, after which others get their turn; and ns, since that
 * many super-packets, or whoever is given way to, may take much longer. */
#define BUDGET 256
#define TURN   1000000u

/* Packets of at most this size are read several at a time. */
#define SMALL  2048u

/* From one packet's buffer to the next: each starts a page. */
#define BUF_STRIDE                                                             \
	((size_t)TUN_PAGE * ((TUN_BUF_SIZE + TUN_PAGE - 1) / TUN_PAGE))

/* How often others are let run before no more super-packets are expected. */
#define LINGER 8

static void count_in(struct pump_counters *c, const struct pkt *p)
{
	const uint8_t version = p->len ? p->data[0] >> 4 : 0;

	if (version == 4) {
		c->packets4_in++;
		c->bytes4_in += p->len;
	} else if (version == 6) {
		c->packets6_in++;
		c->bytes6_in += p->len;
	}
}

static void count_out(struct pump_counters *c, const struct pkt *p)
{
	if (p->data[0] >> 4 == 4) {
		c->packets4_out++;
		c->bytes4_out += p->len;
	} else {
		c->packets6_out++;
		c->bytes6_out += p->len;
	}
}

static void count_drop(struct pump_counters *c, uint32_t bytes)
{
	c->dropped++;
	c->dropped_bytes += bytes;
}

static void write_piece(struct pump *pump, const struct pkt *p)
{
	const int err = tun_write(pump->tun, p);

	if (XL_UNLIKELY(pump->trace))
		trace_written(pump->trace, p, err);
	if (!err) {
		count_out(&pump->count, p);
		return;
	}
	count_drop(&pump->count, p->len);
	if (pump->count.drops[WHY_WRITE_FAILED]++ == 0)
		log_warn("%s: the kernel refused a packet: %s (counted as "
			 "write-failed from now on)",
			 pump->tun->name, strerror(-err));
}

static void write_pieces(struct pump *pump, struct cut *cut)
{
	struct pkt out = { .data = pump->piece + PKT_HEADROOM,
			   .headroom = PKT_HEADROOM };

	while (cut_next(cut, &out))
		write_piece(pump, &out);
}

/* A super-packet: whole, or in pieces if this kernel does not take it. */
static void write_whole(struct pump *pump, const struct pkt *p)
{
	const int err = tun_write(pump->tun, p);
	struct cut cut;

	if (XL_UNLIKELY(pump->trace))
		trace_written(pump->trace, p, err);
	if (!err) {
		count_out(&pump->count, p);
		return;
	}
	if (pump->count.gso_refused++ == 0)
		log_warn("%s: the kernel refused a %s super-packet; "
			 "offload is reduced",
			 pump->tun->name,
			 p->gso == PKT_GSO_TCP ? "TCP" : "UDP");
	tun_reduce(pump->tun, p->gso);
	cut_open(&cut, p);
	write_pieces(pump, &cut);
}

/* The kernel would give a short last segment the others' DF. */
static void write_super(struct pump *pump, struct pkt *p)
{
	uint8_t buf[PKT_HEADROOM + HDR_DF_ABOVE];
	struct pkt tail = { .data = buf + PKT_HEADROOM,
			    .headroom = PKT_HEADROOM };
	const bool apart = cut_tail(p, &tail);

	write_whole(pump, p);
	if (apart)
		write_piece(pump, &tail);
}

static void write_packet(struct pump *pump, struct pkt *p)
{
	struct cut cut;

	if (p->cut) {
		cut_open(&cut, p);
		write_pieces(pump, &cut);
	} else if (p->gso) {
		write_super(pump, p);
	} else {
		write_piece(pump, p);
	}
}

static void carry_out(struct pump *pump, struct pkt *p, struct xlat_result r,
		      uint64_t now)
{
	if (r.verdict == XLAT_ELSEWHERE)
		return;
	if (XL_UNLIKELY(pump->trace))
		trace_decided(pump->trace, p, r, now);
	if (r.verdict != XLAT_FORWARD)
		pump->count.drops[r.why]++;
	if (r.verdict == XLAT_DROP)
		return;
	if (r.verdict == XLAT_REPLY) {
		if (!error_limit_allows(&pump->errors, p, now)) {
			pump->count.drops[WHY_ERROR_LIMIT]++;
			if (XL_UNLIKELY(pump->trace))
				trace_limited(pump->trace);
			return;
		}
		pump->count.errors_sent++;
	}
	write_packet(pump, p);
}

/* @why: why it is not even looked at, if so. */
static void decide(struct pump *pump, struct pkt *p, enum xlat_why why,
		   uint64_t now)
{
	const uint32_t bytes = p->len;
	const struct xlat_result r =
		why ? xlat_drop(why) : pump->translate(pump->ctx, p, now);

	if (r.why)
		count_drop(&pump->count, bytes);
	carry_out(pump, p, r, now);
}

/* While somebody traces, threads do so one after another. */
static void begin_trace(const struct pump *pump)
{
	if (XL_UNLIKELY(pump->trace) && pump->lock)
		pthread_mutex_lock(pump->lock);
}

static void end_trace(const struct pump *pump)
{
	if (XL_UNLIKELY(pump->trace) && pump->lock)
		pthread_mutex_unlock(pump->lock);
}

void pump_send(struct pump *pump, struct pkt *p, struct xlat_result r,
	       uint64_t now)
{
	begin_trace(pump);
	carry_out(pump, p, r, now);
	end_trace(pump);
}

void pump_handed(struct pump *pump, struct pkt *p, bool gather, uint64_t now)
{
	struct pkt ready = { .len = 0 };
	enum xlat_why why = WHY_NONE;

	begin_trace(pump);
	if (XL_UNLIKELY(pump->trace))
		trace_read(pump->trace, p, now);
	if (XL_UNLIKELY(gather))
		why = gather_add(pump->gather, p, &ready, now);
	if (ready.len)
		decide(pump, &ready, WHY_NONE, now);
	decide(pump, p, why, now);
	if (XL_UNLIKELY(pump->trace))
		trace_done(pump->trace);
	end_trace(pump);
}

static void handle(struct pump *pump, struct pkt *p, uint64_t now)
{
	const bool gather = XL_UNLIKELY(gather_concerns(p));
	struct xlat_result r = xlat_forward();

	count_in(&pump->count, p);
	if (gather && pump->steer)
		r = pump->steer(pump->ctx, p);
	if (XL_LIKELY(r.verdict == XLAT_FORWARD)) {
		pump_handed(pump, p, gather, now);
		return;
	}
	if (r.why)
		count_drop(&pump->count, p->len);
	pump_send(pump, p, r, now);
}

static void device_failed(const struct pump *pump, struct ev_loop *loop,
			  int err)
{
	/* Down is not gone: it comes up again, or vanishes. */
	if (err == -EIO || err == -ENETDOWN)
		return;
	log_error("%s: the device is gone: %s", pump->tun->name,
		  strerror(-err));
	loop->failed = true;
	loop->stop = true;
}

/*
 * Read a packet; 0: there is none. While super-packets come, the next one is
 * microseconds away, and to give way to whoever makes it costs less than to
 * sleep and be woken, @until a turn is over.
 */
static int read_next(struct pump *pump, struct pkt *p, uint64_t until)
{
	int got = tun_read(pump->tun, pump->buf, p);

	for (int i = 0; got == 0 && i < LINGER && ev_clock() < until; i++) {
		sched_yield();
		got = tun_read(pump->tun, pump->buf, p);
	}
	return got;
}

/*
 * Read packets until there is none or there are enough. A large one is the
 * last: the others would not stay in the processor's cache.
 *
 * Return: as the last read; the packets before are there in any case
 */
static int read_burst(struct pump *pump, struct pkt *p, uint32_t *count,
		      uint64_t until)
{
	const uint32_t most = pump->ahead ? PUMP_BURST : 1;
	int got = read_next(pump, p, until);

	*count = 0;
	while (got > 0 && ++*count < most && p[*count - 1].len <= SMALL)
		got = tun_read(pump->tun, pump->buf + *count * BUF_STRIDE,
			       &p[*count]);
	return got;
}

/* Return: a super-packet was among them. */
static bool handle_burst(struct pump *pump, struct pkt *p, uint32_t count,
			 uint64_t now)
{
	bool super = false;

	if (count > 1)
		pump->ahead(pump->ctx, p, count);
	for (uint32_t i = 0; i < count; i++) {
		super = super || p[i].gso;
		handle(pump, &p[i], now);
	}
	return super;
}

static void tun_ready(struct ev_loop *loop, struct ev *ev, uint32_t events)
{
	struct pump *pump = (struct pump *)(void *)ev;
	const uint64_t end = loop->now + TURN;
	struct pkt p[PUMP_BURST];
	uint32_t count;
	bool bulk = false;
	int got = 0;

	for (uint32_t i = 0; i < BUDGET; i += count ? count : 1) {
		got = read_burst(pump, p, &count, bulk ? end : 0);
		bulk = handle_burst(pump, p, count, loop->now) || bulk;
		if ((got <= 0 && got != -EBADMSG && !(bulk && count)) ||
		    ev_clock() > end)
			break;
	}
	if (pump->batch_done)
		pump->batch_done(pump->ctx);
	if (got == 0 && (events & EPOLLERR))
		got = -ENODEV;
	if (got < 0 && got != -EBADMSG)
		device_failed(pump, loop, got);
}

int pump_open(struct pump *pump, struct ev_loop *loop, struct tun *tun)
{
	pump->tun = tun;
	pump->ev = (struct ev){ .fd = tun->fd, .ready = tun_ready };
	pump->buf = pages_take(PUMP_BURST * BUF_STRIDE, false);
	pump->piece = pages_take(PKT_BUF_SIZE, false);
	pump->gather = pages_take(sizeof(*pump->gather), false);
	if (!pump->buf || !pump->piece || !pump->gather)
		return -ENOMEM;
	return ev_add(loop, &pump->ev, EPOLLIN);
}

struct pkt pump_scratch(struct pump *pump)
{
	return (struct pkt){
		.data = pump->buf + PKT_HEADROOM,
		.headroom = PKT_HEADROOM,
		.tailroom = PKT_BUF_SIZE - PKT_HEADROOM,
	};
}
