/* SPDX-License-Identifier: MIT */
/*
 * pump.h - the packet loop: read from the TUN, translate, write to the TUN
 *
 * Shared by every translating applet. The translator is a function; what it
 * decides is carried out here: super-packets that the kernel refuses are taken
 * apart, packets that are too long are fragmented, ICMP errors of our own are
 * rate limited, and everything is counted.
 */
#ifndef XLAT_LINUX_PUMP_H
#define XLAT_LINUX_PUMP_H

#include <pthread.h>

#include "ev.h"
#include "packet.h"
#include "siit/error.h"
#include "siit/gather.h"
#include "trace.h"
#include "tun.h"

/**
 * struct pump_counters - monotonic counters; a super-packet counts once
 * @packets4_in:	IPv4 packets read; the others likewise
 * @errors_sent:	ICMP errors that we originated
 * @gso_refused:	super-packets that the kernel would not take
 * @dropped:		packets not forwarded, whatever the reason
 * @dropped_bytes:	theirs
 * @drops:		packets not forwarded, by reason; an originated error
 *			counts its reason too
 */
struct pump_counters {
	uint64_t packets4_in;
	uint64_t packets6_in;
	uint64_t packets4_out;
	uint64_t packets6_out;
	uint64_t bytes4_in;
	uint64_t bytes6_in;
	uint64_t bytes4_out;
	uint64_t bytes6_out;
	uint64_t errors_sent;
	uint64_t gso_refused;
	uint64_t dropped;
	uint64_t dropped_bytes;
	uint64_t drops[WHY_COUNT];
};

#define PUMP_BURST 8u /* packets that are read before the first is handled */

/**
 * struct pump - one packet loop
 * @ev:		the TUN's readiness; first member
 * @tun:	device
 * @translate:	the translator
 * @ctx:	its argument
 * @steer:	told of each packet, with @ctx, that may be a fragment; another
 *		verdict than XLAT_FORWARD: it is seen to. May be NULL
 * @ahead:	told of packets that will come next, with @ctx, if several are
 *		there; may be NULL
 * @batch_done:	called with @ctx after the packets of a wake-up; may be NULL
 * @errors:	token buckets of the errors it originates
 * @buf:	PUMP_BURST times what tun_read() wants
 * @piece:	PKT_BUF_SIZE bytes for what it is cut into
 * @gather:	fragments that have to be translated together
 * @lock:	held while a packet is traced; NULL: nobody else traces
 * @trace:	somebody who wants to know what becomes of packets; NULL: nobody
 */
struct pump {
	struct ev ev;
	struct tun *tun;
	struct xlat_result (*translate)(void *ctx, struct pkt *p, uint64_t now);
	void *ctx;
	struct xlat_result (*steer)(void *ctx, struct pkt *p);
	void (*ahead)(void *ctx, const struct pkt *p, uint32_t count);
	void (*batch_done)(void *ctx);
	struct error_limit errors;
	struct pump_counters count;
	uint8_t *buf;
	uint8_t *piece;
	struct gather *gather;
	struct trace *trace;
	pthread_mutex_t *lock;
};

/**
 * pump_open() - take the buffers and start to watch the device
 *
 * Return: 0 or -errno
 */
XL_MUST_USE int pump_open(struct pump *pump, struct ev_loop *loop,
			  struct tun *tun);

/**
 * pump_send() - carry out what was decided about a packet
 * @p:		in @pump->buf, or @pump->gather
 * @r:		what was decided about it
 */
void pump_send(struct pump *pump, struct pkt *p, struct xlat_result r,
	       uint64_t now);

/**
 * pump_handed() - a packet that another thread has read: it is handled here,
 * but does not count as read
 * @p:		as pump_send(), or anywhere where there is room around it
 * @gather:	it is a fragment that may have to wait for others
 */
void pump_handed(struct pump *pump, struct pkt *p, bool gather, uint64_t now);

/* An empty packet in @pump->buf, to be built and sent. */
struct pkt pump_scratch(struct pump *pump);

#endif
