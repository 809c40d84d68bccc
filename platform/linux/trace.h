/* SPDX-License-Identifier: MIT */
/*
 * trace.h - what happens to some packets, step by step
 *
 * The packet loop tells of each packet that it reads, what was decided about
 * it, and what it wrote. Those that a filter lets through become records, as
 * text or as pcapng, in a ring from which a client of the control socket takes
 * them. While nobody traces there is no struct trace, and the loop looks at a
 * pointer.
 *
 * A packet matches by what it was or by what has become of it: so both ways of
 * a flow match the address of its customer.
 */
#ifndef XLAT_LINUX_TRACE_H
#define XLAT_LINUX_TRACE_H

#include "packet.h"
#include "siit/translate.h"

#define TRACE_RING 65536u
#define TRACE_SNAP 256u /* bytes of a packet that are kept */

/**
 * struct trace_filter - which packets, and how they are shown; zero: all
 * @net:	the source or the destination is in it; IPv4 as ::ffff:0:0/96
 * @proto:	of either family; IP_ICMP is ICMPv6, too
 * @port:	the source or the destination has it
 * @why:	not forwarded, for this reason
 * @rate:	packets a second, at most
 * @count:	packets, and then the end; 0: without one
 * @pcapng:	not text
 */
struct trace_filter {
	struct net6 net;
	uint32_t proto;
	uint32_t port;
	uint32_t why;
	uint32_t rate;
	uint32_t count;
	bool pcapng;
};

/**
 * struct trace - somebody traces
 * @skew:	from monotonic time to that of the day, ns
 * @second:	of monotonic time, and @left: what may still be shown in it
 * @shown:	packets shown so far
 * @hidden:	that matched since, for which there was no room or rate
 * @now:	time of the packet that is looked at
 * @in:		that packet as it was read; @in_len 0: there is none
 * @following:	what happens to it next is shown
 * @told:	it has been shown
 * @ended:	@filter.count has been reached
 * @head, @tail: bytes put into the ring and taken from it, ever
 * @wake:	called with @ctx when there is something in the empty ring
 */
struct trace {
	struct trace_filter filter;
	uint64_t skew;
	uint64_t second;
	uint32_t left;
	uint32_t shown;
	uint64_t hidden;
	uint64_t now;
	struct pkt_view in;
	uint32_t in_len;
	uint16_t in_gso;
	bool in_ok;
	bool following;
	bool told;
	bool ended;
	uint32_t head;
	uint32_t tail;
	void (*wake)(void *ctx);
	void *ctx;
	uint8_t snap[TRACE_SNAP];
	uint8_t ring[TRACE_RING];
};

/**
 * trace_open() - begin
 * @f:		@f->rate is not 0
 *
 * Return: NULL: out of memory
 */
XL_MUST_USE struct trace *trace_open(const struct trace_filter *f,
				     uint64_t now);
void trace_close(struct trace *t);

/*
 * What the packet loop tells:
 *
 * trace_read() - a packet was read
 * trace_decided() - a verdict about it, or about what it has completed; or
 *		about a packet of our own
 * trace_limited() - it is not answered: too many errors of our own
 * trace_written() - written, or (@err: -errno) refused by the kernel
 * trace_done() - the next one is another one
 */
void trace_read(struct trace *t, const struct pkt *p, uint64_t now);
void trace_decided(struct trace *t, const struct pkt *p, struct xlat_result r,
		   uint64_t now);
void trace_limited(struct trace *t);
void trace_written(struct trace *t, const struct pkt *p, int err);
void trace_done(struct trace *t);

/**
 * trace_take() - the next records
 * @out:	@size bytes
 *
 * Return: bytes; 0: there are none
 */
uint32_t trace_take(struct trace *t, char *out, uint32_t size);

#endif
