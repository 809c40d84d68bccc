/* SPDX-License-Identifier: MIT */
/*
 * trans.h - what the translating daemons share: the TUN, the packet loop, the
 * routes into the device, and the options about them
 */
#ifndef XLAT_CMD_TRANS_H
#define XLAT_CMD_TRANS_H

#include "app.h"
#include "crew.h"
#include "fast.h"
#include "helper.h"
#include "linkwatch.h"
#include "nl.h"
#include "pump.h"
#include "siit/siit.h"
#include "siit/translate.h"
#include "tun.h"

/**
 * struct trans_options - options of translators
 * @tun:	device; default: the instance's name
 * @mtu4:	MTU of the next hop on the IPv4 side; 0: find out
 * @mtu6:	the same for IPv6
 * @self4:	source of our ICMPv4 errors; 0: TRANS_DUMMY4, or the applet's
 *		choice
 * @self6:	the same for ICMPv6; ::: the applet's choice
 * @mss:		as of struct translate
 * @error_rate:	ICMP errors of our own per second; 0: none
 * @fragment:	how long fragments that are translated together wait for each
 *		other, seconds
 * @offload:	take and give super-packets and unfinished checksums
 * @no_setup:	touch no address, route or sysctl
 */
struct trans_options {
	const char *tun;
	uint32_t mtu4;
	uint32_t mtu6;
	uint32_t lowest_mtu6;
	int tos;
	int tc;
	enum udp_zero udp_zero;
	uint32_t mss;
	uint32_t error_rate;
	uint32_t fragment;
	uint32_t self4;
	struct addr6 self6;
	bool no_offload;
	bool no_setup;
};

#define TRANS_DEFAULTS                                                         \
	{                                                                      \
		.lowest_mtu6 = IP6_MTU_MIN, .tos = TOS_COPY, .tc = TOS_COPY,   \
		.error_rate = 1000, .fragment = 2                              \
	}

#define TRANS_ROW_COUNT 13

extern const struct option_row trans_rows[];

/* The group of these rows; @base: where a struct trans_options is. */
#define TRANS_GROUP(base)                                                      \
	{                                                                      \
		"translation", trans_rows, TRANS_ROW_COUNT, base               \
	}

/* A row of applets whose only timeout is that of fragments. */
#define TRANS_TIMEOUT(options)                                                 \
	OPTION(options, tr.fragment, "timeout", "CLASS=TIME",                  \
	       trans_parse_timeout, OPTION_LIVE,                               \
	       "that of fragments; default: fragment=2s")
option_parse trans_parse_timeout;

/**
 * trans_options_adopt() - take over what may change at run time
 */
void trans_options_adopt(struct trans_options *o,
			 const struct trans_options *fresh);

/* Addresses to which only a default route leads (RFC 5737, RFC 3849). */
#define TRANS_DEFAULT4 0xc0000201u
#define TRANS_DEFAULT6 ((struct addr6){ 0x20010db800000000, 1 })

/**
 * struct trans_queue - what each thread but the first has for itself
 */
struct trans_queue {
	struct tun tun;
	struct pump pump;
};

/**
 * struct trans - a translating daemon; first member of an applet's own
 * @tr:		how headers are translated, filled in by trans_open()
 * @routes:	sets all routes into the device, some of which may be there
 * @fast:	translates in the kernel what is plain; NULL: nothing does
 * @share:	sorts packets to an address of the machine; NULL: nothing does
 * @nat44:	it may want a NAT44
 * @hop:	and trans_hop(); @uplink: only there; NULL: at any device
 * @setup:	there is a helper that configures the network
 * @restoring:	a route that exists already is fine
 * @link:	tells when the routes are gone
 * @tracer:	who reads @pump.trace
 * @crew:	@crew.count is set before trans_open() where there are threads;
 *		the rest, but for its rings, is looked after here
 * @queues:	of number 1 on
 * @lock:	of who traces, if there are threads
 * @traced:	one of them has told something
 * @path_mtu:	IPv6 MTU of the way to the other translator, where it is less
 *		than @tr.mtu6; 0: not known
 */
struct trans {
	struct app app; /* first member */
	const struct trans_options *opt;
	struct translate tr;
	struct ident ident;
	struct tun tun;
	struct pump pump;
	struct helper helper;
	struct nl nl;
	enum exit_status (*routes)(struct trans *t);
	struct linkwatch link;
	struct fast *fast;
	struct share *share;
	struct serve_client *tracer;
	struct crew crew;
	struct trans_queue *queues;
	pthread_mutex_t lock;
	bool traced;
	uint32_t path_mtu;
	const char *uplink;
	bool nat44;
	bool hop;
	bool setup;
	bool restoring;
	bool tun_open;
	bool nl_open;
};

/* Where our errors come from unless something better is known; a host takes
 * an ICMP error from it (RFC 7600, 4.8). */
#define TRANS_DUMMY4 0xc0000008u /* 192.0.0.8 */

/**
 * trans_check() - is there a name for the device? For the hook check
 */
XL_MUST_USE bool trans_check(const struct trans *t, struct option_error *e);

/**
 * trans_open() - look up what the routes say, then make the device, still
 * down, and start the helper
 * @towards4:	an address beyond the IPv4 side's next hop, for its MTU
 * @towards6:	the same for IPv6
 *
 * Says in the log what failed.
 */
XL_MUST_USE enum exit_status trans_open(struct trans *t, uint32_t towards4,
					struct addr6 towards6);

/*
 * What is set up through the helper; nothing with --no-setup. A failure is
 * logged.
 *
 * trans_up() - the device is up, with the IPv6 side's MTU
 * trans_set_up() - that, @t->routes, and forwarding
 * trans_address4() - an address of the device itself
 * trans_route4() - IPv4 into the device, with an MTU that leaves room for the
 *		longer header
 * trans_reroute4() - the same in the place of one with its metric
 * trans_unroute4() - such a route goes
 * trans_route6() - IPv6 into the device
 * trans_unaddress4(), trans_unroute6() - the same goes
 * trans_bind4() - what comes from an address leaves by the device, if at all;
 *		again when the MTU has changed
 * trans_unbind4() - no more
 * trans_nat44() - hosts of a LAN share the device's address, and, if @first is
 *		not 0, these ports
 * trans_forwarding() - the machine forwards
 * trans_share() - packets to an address are sorted, if the machine has it;
 *		@yes: set: does it?
 * trans_reserve() - the machine's sockets get none of these ports by
 *		themselves, nor those that were reserved before; 0: all of them
 * trans_sort() - @share's packets are sorted at a device; false: it cannot be
 * trans_steer() - what comes in by a device and is for us is taken there, so
 *		that the machine need not forward it; false: that cannot be had
 * trans_forward6() - IPv6, between its uplink and the device, and no more than
 *		that where the kernel can
 * trans_hop() - packets to a prefix leave by one of several routers of the
 *		uplink, instead of what was said before; false: they do not
 */
XL_MUST_USE enum exit_status trans_up(struct trans *t);
XL_MUST_USE enum exit_status trans_set_up(struct trans *t);
XL_MUST_USE enum exit_status trans_address4(struct trans *t, uint32_t addr);
XL_MUST_USE enum exit_status trans_route4(struct trans *t, struct net4 net,
					  uint32_t metric);
XL_MUST_USE enum exit_status trans_reroute4(struct trans *t, struct net4 net,
					    uint32_t metric);
XL_MUST_USE enum exit_status trans_unroute4(struct trans *t, struct net4 net,
					    uint32_t metric);
XL_MUST_USE enum exit_status trans_route6(struct trans *t, struct addr6 addr,
					  unsigned int len);
XL_MUST_USE enum exit_status trans_unaddress4(struct trans *t, uint32_t addr);
XL_MUST_USE enum exit_status trans_unroute6(struct trans *t, struct addr6 addr,
					    unsigned int len);
XL_MUST_USE enum exit_status trans_bind4(struct trans *t, uint32_t addr);
XL_MUST_USE enum exit_status trans_unbind4(struct trans *t, uint32_t addr);
XL_MUST_USE enum exit_status trans_nat44(struct trans *t, struct net4 lan,
					 uint16_t first, uint16_t last);
XL_MUST_USE enum exit_status trans_forwarding(struct trans *t);
XL_MUST_USE enum exit_status trans_share(struct trans *t, uint32_t addr,
					 bool *yes);
XL_MUST_USE enum exit_status trans_reserve(struct trans *t, uint16_t first,
					   uint16_t last);
XL_MUST_USE bool trans_sort(struct trans *t, int ifindex);
XL_MUST_USE bool trans_steer(struct trans *t, int ifindex);
XL_MUST_USE bool trans_hop(struct trans *t, struct pref64 to, struct addr6 via,
			   int uplink);
XL_MUST_USE enum exit_status trans_forward6(struct trans *t, int uplink);

/**
 * trans_start() - let packets flow, and look after the routes
 * @translate:	as of struct pump; its argument is @t
 */
XL_MUST_USE enum exit_status
trans_start(struct trans *t,
	    struct xlat_result (*translate)(void *ctx, struct pkt *p,
					    uint64_t now));

/* trans_pump() - the packet loop of a thread. */
XL_INLINE struct pump *trans_pump(struct trans *t, uint32_t number)
{
	return number ? &t->queues[number - 1].pump : &t->pump;
}

/* trans_told() - in the first thread: whoever traces may have something. */
void trans_told(struct trans *t);

/**
 * trans_close() - the device and its routes go, sysctls are put back
 */
void trans_close(struct trans *t);

/* trans_adopt() - all threads but this one being stopped: translate by @t->opt, which has changed, from now on. */
void trans_adopt(struct trans *t);

/* trans_health() - is the device up, with its routes? NULL, or what is not. */
const char *trans_health(const struct app *a);

/* trans_breathe() - in the middle of something long: handle packets. */
void trans_breathe(void *ctx);

/* Fields of status; the command "counters". */
void trans_report(const struct trans *t, struct report *r);
void trans_counters(const void *ctx, struct report *r);

/* trans_add() - add up structures of nothing but numbers of 64 bits. */
void trans_add(void *sum, const void *more, size_t size);

/* The command "trace". */
extern const struct ctlarg trans_trace_args[];
extern const struct control_stream trans_trace;
#define TRANS_TRACE                                                            \
	{                                                                      \
		.name = "trace", .args = trans_trace_args,                     \
		.stream = &trans_trace                                         \
	}

/* 128 random bits, or the end of the program: without them tables could be
 * attacked. */
void trans_random(void *out, size_t size);

#endif
