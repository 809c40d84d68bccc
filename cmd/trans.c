/* SPDX-License-Identifier: MIT */
#include "trans.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/netlink.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>

#include "pages.h"
#include "parse.h"
#include "sysctl.h"

#define MTU_DEFAULT 1500u
#define MTU_MAX     65535u
#define GROWTH      20u /* an IPv6 header is that much longer */

static const char *parse_tun(void *field, const char *text)
{
	const size_t n = strlen(text);

	*(const char **)field = text;
	/* The kernel's own words for its settings of all interfaces. */
	if (strcmp(text, "all") == 0 || strcmp(text, "default") == 0)
		return "an interface name other than all and default";
	return n == 0 || n > 15 || strpbrk(text, "/: \t%")
		       ? "an interface name of up to 15 characters"
		       : NULL;
}

static const char *parse_mtu4(void *field, const char *text)
{
	return parse_u32(field, text, 68, MTU_MAX,
			 "a number of bytes from 68 to 65535");
}

static const char *parse_mtu6(void *field, const char *text)
{
	return parse_u32(field, text, IP6_MTU_MIN, MTU_MAX,
			 "a number of bytes from 1280 to 65535");
}

static const char *parse_udp_zero(void *field, const char *text)
{
	static const char *const words[] = { "compute", "drop", "forward",
					     NULL };

	return parse_choice(field, text, words, "compute, drop or forward");
}

static const char *parse_self4(void *field, const char *text)
{
	const char *expected = parse_addr4(text, field);

	if (!expected && translate_illegal4(*(uint32_t *)field))
		return "an IPv4 address that a host can have";
	return expected;
}

static const char *parse_self6(void *field, const char *text)
{
	const char *expected = parse_addr6(text, field);

	if (!expected && translate_illegal6(*(struct addr6 *)field))
		return "an IPv6 address that a host can have";
	return expected;
}

static const char *parse_mss(void *field, const char *text)
{
	static const char *const words[] = { "off", "auto", NULL };
	const int i = parse_word(text, words);

	if (i < 0)
		return parse_u32(field, text, MSS_MIN, MSS_MAX,
				 "auto, off, or a number from 536 to 65475");
	*(uint32_t *)field = i ? MSS_AUTO : 0;
	return NULL;
}

static const char *parse_error_rate(void *field, const char *text)
{
	return parse_u32(field, text, 0, 1000000,
			 "a number of ICMP errors per second, or 0 for none");
}

const char *trans_parse_timeout(void *field, const char *text)
{
	static const char class[] = "fragment=";
	const size_t n = sizeof(class) - 1;
	uint32_t *seconds = field;

	return strncmp(text, class, n) || !parse_duration(text + n, seconds) ||
			       *seconds < 2
		       ? "fragment=2s to 8760h (RFC 6146, 3.4)"
		       : NULL;
}

const struct option_row trans_rows[] = {
	OPTION(struct trans_options, tun, "tun", "NAME", parse_tun, 0,
	       "device to make; default: the instance's name"),
	OPTION(struct trans_options, mtu6, "mtu6", "BYTES", parse_mtu6, 0,
	       "MTU towards IPv6; default: what routes say"),
	OPTION(struct trans_options, mtu4, "mtu4", "BYTES", parse_mtu4, 0,
	       "MTU towards IPv4; default: what routes say"),
	OPTION(struct trans_options, no_offload, "offload", "auto|off",
	       parse_auto_off, 0, "super-packets and unfinished checksums"),
	OPTION(struct trans_options, lowest_mtu6, "lowest-ipv6-mtu", "BYTES",
	       parse_mtu6, OPTION_LIVE,
	       "IPv4 without DF is cut to fit; default: 1280"),
	OPTION(struct trans_options, udp_zero, "udp-zero-checksum", "HOW",
	       parse_udp_zero, OPTION_LIVE,
	       "compute (default), drop or forward"),
	OPTION(struct trans_options, tos, "tos", "copy|N", parse_tos_row,
	       OPTION_LIVE, "TOS of IPv4 packets; default: copy"),
	OPTION(struct trans_options, tc, "traffic-class", "copy|N",
	       parse_tos_row, OPTION_LIVE, "of IPv6 packets; default: copy"),
	OPTION(struct trans_options, mss, "mss-clamp", "auto|N|off", parse_mss,
	       OPTION_LIVE, "largest TCP segment announced; default: off"),
	OPTION(struct trans_options, self4, "self4", "ADDRESS", parse_self4, 0,
	       "where our own ICMPv4 errors come from"),
	OPTION(struct trans_options, self6, "self6", "ADDRESS", parse_self6, 0,
	       "where our own ICMPv6 errors come from"),
	OPTION(struct trans_options, error_rate, "icmp-error-rate", "N",
	       parse_error_rate, OPTION_LIVE,
	       "of our own, per second; default: 1000; 0: none"),
	OPTION(struct trans_options, no_setup, "no-setup", NULL, parse_switch,
	       OPTION_SWITCH, "touch no address, route or sysctl"),
};

_Static_assert(XL_COUNT(trans_rows) == TRANS_ROW_COUNT, "trans.h counts them");

bool trans_check(const struct trans *t, struct option_error *e)
{
	const char *unused;

	if (t->opt->tun || !parse_tun(&unused, t->app.opt->instance))
		return true;
	options_expect(e, "instance",
		       "up to 15 characters that can name the device, or "
		       "--tun with another name for it");
	return false;
}

void trans_random(void *out, size_t size)
{
	/* Up to 256 bytes come whole once the kernel has booted. */
	if (getrandom(out, size, 0) != (ssize_t)size)
		__builtin_trap();
}

static enum exit_status check_ipv6(void)
{
	int off = 0;

	if (sysctl_get("net/ipv6/conf/default/disable_ipv6", &off)) {
		log_error("this kernel has no IPv6");
		return EXIT_LACKING;
	}
	if (!off && sysctl_get("net/ipv6/conf/all/disable_ipv6", &off) == 0 &&
	    !off)
		return EXIT_OK;
	log_error("IPv6 is switched off: net.ipv6.conf.all.disable_ipv6 and "
		  "default.disable_ipv6 have to be 0");
	return EXIT_LACKING;
}

static bool has_threads(const struct trans *t)
{
	return t->crew.count > 1;
}

/* A queue for each other thread. */
static int open_queues(struct trans *t)
{
	const uint32_t more = t->crew.count - 1;
	int err = 0;

	t->queues = pages_take(more * sizeof(*t->queues), false);
	if (!t->queues)
		return -ENOMEM;
	for (uint32_t i = 0; i < more && !err; i++)
		err = tun_join(&t->queues[i].tun, &t->tun);
	return err;
}

static enum exit_status open_tun(struct trans *t)
{
	const char *name = t->opt->tun ? t->opt->tun : t->app.opt->instance;
	int err = tun_open(&t->tun, name, !t->opt->no_offload, has_threads(t));
	const char *why;

	t->tun_open = err == 0;
	if (!err && has_threads(t))
		err = open_queues(t);
	why = strerror(-err);
	if (!err)
		return EXIT_OK;
	if (err == -EBUSY)
		why = "a device of this name exists already";
	else if (err == -EINVAL)
		why = "expected an interface name of up to 15 characters";
	else if (err == -EPERM)
		why = "not permitted: needs root, or CAP_NET_ADMIN";
	if (err == -ENOENT || err == -ENODEV || err == -ENXIO)
		log_error("/dev/net/tun: %s; load the kernel's module tun",
			  strerror(-err));
	else if (err == -EACCES)
		log_error("/dev/net/tun: not permitted: needs root");
	else
		log_error("device %s: %s", name, why);
	return app_status(err);
}

static enum exit_status ask(struct trans *t, const struct netcfg_request *r,
			    const char *what)
{
	struct netcfg_answer a;

	if (!t->setup)
		return EXIT_OK;
	a = helper_ask(&t->helper, r);
	if (a.err >= 0 || (t->restoring && a.err == -EEXIST))
		return EXIT_OK;
	log_error("%s: %s%s%s", what, strerror(-a.err), a.text[0] ? ": " : "",
		  a.text);
	return app_status(a.err);
}

/* MTU on the way to an address; what no route is known for gets Ethernet's. */
static uint32_t find_mtu(struct trans *t, struct nl_net towards)
{
	uint32_t mtu = 0;
	int ifindex;

	if (nl_route_get(&t->nl, &towards, &ifindex, &mtu) || mtu > MTU_MAX)
		return MTU_DEFAULT;
	return mtu;
}

static void fill_translate(struct trans *t, uint32_t towards4,
			   struct addr6 towards6)
{
	const struct trans_options *o = t->opt;

	trans_random(t->ident.key, sizeof(t->ident.key));
	t->tr = (struct translate){
		.self4 = o->self4 ? o->self4 : TRANS_DUMMY4,
		.self6 = o->self6,
		.mtu4 = o->mtu4,
		.mtu6 = o->mtu6,
		.lowest_mtu6 = o->lowest_mtu6,
		.mss = o->mss,
		.tos = o->tos,
		.tc = o->tc,
		.udp_zero = o->udp_zero,
		.errors = o->error_rate != 0,
		.ident = &t->ident,
	};
	if (!t->tr.mtu4)
		t->tr.mtu4 = find_mtu(t, nl_net4(towards4, 32));
	if (!t->tr.mtu6)
		t->tr.mtu6 = find_mtu(t, nl_net6(towards6, 128));
	if (t->tr.mtu6 < IP6_MTU_MIN)
		t->tr.mtu6 = IP6_MTU_MIN;
}

void trans_options_adopt(struct trans_options *o,
			 const struct trans_options *fresh)
{
	o->lowest_mtu6 = fresh->lowest_mtu6;
	o->udp_zero = fresh->udp_zero;
	o->error_rate = fresh->error_rate;
	o->fragment = fresh->fragment;
	o->mss = fresh->mss;
	o->tos = fresh->tos;
	o->tc = fresh->tc;
}

static uint32_t pump_count(const struct trans *t)
{
	return has_threads(t) ? t->crew.count : 1;
}

/* What the options say about the packet loops' part of the work. */
static void fill_pumps(struct trans *t)
{
	const struct trans_options *o = t->opt;
	const uint32_t count = pump_count(t);
	const uint32_t rate = (o->error_rate + count - 1) / count;

	for (uint32_t i = 0; i < count; i++) {
		struct pump *pump = trans_pump(t, i);

		pump->gather->udp = o->udp_zero == UDP_ZERO_COMPUTE;
		pump->gather->limit = o->fragment * 1000000000ull;
		error_limit_init(&pump->errors, rate, rate);
	}
}

void trans_adopt(struct trans *t)
{
	fill_pumps(t);
	t->tr.errors = t->opt->error_rate != 0;
	t->tr.lowest_mtu6 = t->opt->lowest_mtu6;
	t->tr.udp_zero = t->opt->udp_zero;
	t->tr.mss = t->opt->mss;
	t->tr.tos = t->opt->tos;
	t->tr.tc = t->opt->tc;
}

static enum exit_status open_netlink(struct trans *t)
{
	const int err = nl_open(&t->nl, NETLINK_ROUTE);

	t->nl_open = err == 0;
	if (err)
		log_error("netlink: %s", strerror(-err));
	return app_status(err);
}

static enum exit_status start_helper(struct trans *t)
{
	const struct netcfg_may may = {
		.ifindex = t->tun.ifindex,
		.nat44 = t->nat44,
		.hop = t->hop,
		.uplink = t->uplink,
		.arrive = t->fast ? t->fast->programs[FAST_ARRIVE] : -1,
		.take = t->share ? t->share->take : -1,
	};
	int err;

	if (t->opt->no_setup)
		return EXIT_OK;
	err = helper_start(&t->helper, &may, t->app.opt->user,
			   t->app.opt->no_sandbox ? SECCOMP_OFF
						  : SECCOMP_HELPER);
	t->setup = err == 0;
	if (err)
		log_error("cannot start the helper: %s", strerror(-err));
	return app_status(err);
}

enum exit_status trans_open(struct trans *t, uint32_t towards4,
			    struct addr6 towards6)
{
	enum exit_status status = check_ipv6();

	if (!status)
		status = open_netlink(t);
	if (status)
		return status;
	/* Before there are routes of ours to be found. */
	fill_translate(t, towards4, towards6);
	status = open_tun(t);
	return status ? status : start_helper(t);
}

enum exit_status trans_up(struct trans *t)
{
	const struct netcfg_request up = {
		.op = NETCFG_LINK,
		.route = { .ifindex = t->tun.ifindex, .mtu = t->tr.mtu6 },
	};

	return ask(t, &up, t->tun.name);
}

/* For messages: "2001:db8::/32". */
static const char *net_text(const struct nl_net *n, char out[64])
{
	char addr[INET6_ADDRSTRLEN] = "?";

	inet_ntop(n->family, n->addr, addr, sizeof(addr));
	snprintf(out, 64, "%s/%u", addr, n->len);
	return out;
}

static enum exit_status change(struct trans *t, enum netcfg_op op,
			       const char *what, struct nl_route route)
{
	const struct netcfg_request r = { .op = op, .route = route };
	char text[160];
	char net[64];

	snprintf(text, sizeof(text), "%s %s on %s", what,
		 net_text(&route.dst, net), t->tun.name);
	return ask(t, &r, text);
}

enum exit_status trans_address4(struct trans *t, uint32_t addr)
{
	return change(t, NETCFG_ADDRESS, "address",
		      (struct nl_route){ .dst = nl_net4(addr, 32),
					 .ifindex = t->tun.ifindex });
}

/* Of IPv4 packets that fit when they have grown. */
static uint32_t route_mtu(const struct trans *t)
{
	const uint32_t path =
		t->path_mtu < IP6_MTU_MIN ? IP6_MTU_MIN : t->path_mtu;

	return (t->path_mtu && path < t->tr.mtu6 ? path : t->tr.mtu6) - GROWTH;
}

static struct nl_route into_device(const struct trans *t, struct net4 net,
				   uint32_t metric)
{
	return (struct nl_route){ .dst = nl_net4(net.addr, net.len),
				  .ifindex = t->tun.ifindex,
				  .metric = metric,
				  .mtu = route_mtu(t) };
}

enum exit_status trans_route4(struct trans *t, struct net4 net, uint32_t metric)
{
	return change(t, NETCFG_ROUTE_ADD, "route",
		      into_device(t, net, metric));
}

enum exit_status trans_reroute4(struct trans *t, struct net4 net,
				uint32_t metric)
{
	return change(t, NETCFG_ROUTE_PUT, "route",
		      into_device(t, net, metric));
}

enum exit_status trans_unroute4(struct trans *t, struct net4 net,
				uint32_t metric)
{
	return change(t, NETCFG_ROUTE_DEL, "no route",
		      (struct nl_route){ .dst = nl_net4(net.addr, net.len),
					 .ifindex = t->tun.ifindex,
					 .metric = metric });
}

enum exit_status trans_route6(struct trans *t, struct addr6 addr,
			      unsigned int len)
{
	return change(t, NETCFG_ROUTE_ADD, "route",
		      (struct nl_route){ .dst = nl_net6(addr, len),
					 .ifindex = t->tun.ifindex });
}

enum exit_status trans_unaddress4(struct trans *t, uint32_t addr)
{
	return change(t, NETCFG_ADDRESS_DEL, "no address",
		      (struct nl_route){ .dst = nl_net4(addr, 32),
					 .ifindex = t->tun.ifindex });
}

enum exit_status trans_unroute6(struct trans *t, struct addr6 addr,
				unsigned int len)
{
	return change(t, NETCFG_ROUTE_DEL, "no route",
		      (struct nl_route){ .dst = nl_net6(addr, len),
					 .ifindex = t->tun.ifindex });
}

enum exit_status trans_bind4(struct trans *t, uint32_t addr)
{
	return change(t, NETCFG_BIND, "rule for",
		      (struct nl_route){ .dst = nl_net4(addr, 32),
					 .ifindex = t->tun.ifindex,
					 .mtu = route_mtu(t) });
}

enum exit_status trans_unbind4(struct trans *t, uint32_t addr)
{
	return change(t, NETCFG_UNBIND, "no rule for",
		      (struct nl_route){ .dst = nl_net4(addr, 32),
					 .ifindex = t->tun.ifindex });
}

enum exit_status trans_nat44(struct trans *t, struct net4 lan, uint16_t first,
			     uint16_t last)
{
	const struct netcfg_request r = {
		.op = NETCFG_NAT44,
		.first = first,
		.last = last,
		.route = { .dst = nl_net4(lan.addr, lan.len),
			   .ifindex = t->tun.ifindex },
	};

	return ask(t, &r, "NAT44 (nftables)");
}

enum exit_status trans_forwarding(struct trans *t)
{
	const struct netcfg_request r = { .op = NETCFG_FORWARDING };

	return ask(t, &r, "forwarding");
}

enum exit_status trans_forward6(struct trans *t, int uplink)
{
	const struct netcfg_request r = { .op = NETCFG_FORWARD6,
					  .uplink = uplink };

	return ask(t, &r, "IPv6 forwarding");
}

enum exit_status trans_set_up(struct trans *t)
{
	enum exit_status status = trans_up(t);

	if (!status)
		status = t->routes(t);
	return status ? status : trans_forwarding(t);
}

/* The kernel takes the routes away with a device that is set down. */
static void link_changed(struct linkwatch *w)
{
	struct trans *t = (void *)((char *)w - offsetof(struct trans, link));

	if (!w->went_down || !tun_is_up(&t->tun))
		return;
	t->restoring = true;
	w->went_down = t->routes(t) != EXIT_OK;
	t->restoring = false;
	if (!w->went_down)
		log_warn("%s was down; its routes are in place again",
			 t->tun.name);
}

static enum exit_status watch_routes(struct trans *t)
{
	int err;

	if (!t->setup)
		return EXIT_OK;
	t->link.changed = link_changed;
	err = linkwatch_open(&t->link, &t->app.loop, t->tun.ifindex);
	if (err)
		log_error("netlink: %s", strerror(-err));
	return app_status(err);
}

enum exit_status trans_share(struct trans *t, uint32_t addr, bool *yes)
{
	const struct netcfg_request r = {
		.op = NETCFG_SHARE,
		.route = { .dst = nl_net4(addr, 32),
			   .ifindex = t->tun.ifindex },
	};
	const struct netcfg_answer a = helper_ask(&t->helper, &r);

	*yes = a.err > 0;
	if (a.err >= 0)
		return EXIT_OK;
	log_error("sharing an address: %s",
		  a.err == -EINVAL ? "needs Linux 6.6" : strerror(-a.err));
	return a.err == -EINVAL ? EXIT_LACKING : app_status(a.err);
}

enum exit_status trans_reserve(struct trans *t, uint16_t first, uint16_t last)
{
	const struct netcfg_request r = { .op = NETCFG_RESERVE,
					  .first = first,
					  .last = last };
	const int err = t->setup ? helper_ask(&t->helper, &r).err : 0;

	if (!err)
		return EXIT_OK;
	log_error("net.ipv4.ip_local_reserved_ports, %u-%u: %s", first, last,
		  err == -EADDRNOTAVAIL
			  ? "nothing of ip_local_port_range is left for this "
			    "machine itself"
			  : strerror(-err));
	return err == -EADDRNOTAVAIL ? EXIT_USAGE : app_status(err);
}

static bool place(struct trans *t, enum netcfg_op op, int ifindex)
{
	const struct netcfg_request r = { .op = op,
					  .route = { .ifindex = ifindex } };

	return t->setup && helper_ask(&t->helper, &r).err == 0;
}

bool trans_steer(struct trans *t, int ifindex)
{
	return place(t, NETCFG_STEER, ifindex);
}

bool trans_sort(struct trans *t, int ifindex)
{
	return place(t, NETCFG_SORT, ifindex);
}

bool trans_hop(struct trans *t, struct pref64 to, struct addr6 via, int uplink)
{
	const struct netcfg_request r = {
		.op = NETCFG_HOP,
		.route = { .dst = nl_net6(to.prefix, to.len),
			   .ifindex = uplink,
			   .via = via },
	};

	return t->setup && helper_ask(&t->helper, &r).err > 0;
}

static int open_threads(struct trans *t)
{
	int err = crew_open(&t->crew, &t->app.loop);

	pthread_mutex_init(&t->lock, NULL);
	t->pump.lock = &t->lock;
	for (uint32_t i = 1; i < t->crew.count && !err; i++) {
		struct trans_queue *q = &t->queues[i - 1];

		q->pump.lock = &t->lock;
		q->pump.translate = t->pump.translate;
		err = pump_open(&q->pump, crew_loop(&t->crew, i), &q->tun);
	}
	return err;
}

enum exit_status trans_start(struct trans *t,
			     struct xlat_result (*translate)(void *ctx,
							     struct pkt *p,
							     uint64_t now))
{
	int err = 0;

	nl_close(&t->nl);
	t->nl_open = false;
	t->pump.translate = translate;
	t->pump.ctx = t;
	if (has_threads(t))
		err = open_threads(t);
	if (!err)
		err = pump_open(&t->pump, &t->app.loop, &t->tun);
	if (err)
		log_error("packet buffers: %s", strerror(-err));
	else
		fill_pumps(t);
	return err ? app_status(err) : watch_routes(t);
}

const char *trans_health(const struct app *a)
{
	const struct trans *t = (const struct trans *)(const void *)a;

	if (!tun_is_up(&t->tun))
		return "the device is down";
	return t->link.went_down ? "the routes into the device are gone" : NULL;
}

void trans_breathe(void *ctx)
{
	struct trans *t = ctx;

	t->app.loop.now = ev_clock();
	t->pump.ev.ready(&t->app.loop, &t->pump.ev, 0);
}

void trans_close(struct trans *t)
{
	if (t->setup)
		helper_stop(&t->helper);
	if (t->nl_open)
		nl_close(&t->nl);
	for (uint32_t i = 1; t->queues && i < t->crew.count; i++)
		if (t->queues[i - 1].tun.fd > 0)
			tun_close(&t->queues[i - 1].tun);
	if (t->tun_open)
		tun_close(&t->tun);
}

void trans_report(const struct trans *t, struct report *r)
{
	report_text(r, "device", 0, t->tun.name);
	report_text(r, "offload", 0,
		    t->tun.uso   ? "checksum tcp udp"
		    : t->tun.tso ? "checksum tcp"
				 : "off");
	report_number(r, "mtu4", 0, t->tr.mtu4);
	report_number(r, "mtu6", 0, t->tr.mtu6);
	report_text(r, "trace", 0, t->pump.trace ? "on" : "off");
}

static void packet_counters(const struct pump_counters *c, struct report *r)
{
	static const struct report_family packets = {
		"xlat_packets_total",
		"Packets read from (in) and written to (out) the device"
	};
	static const struct report_family bytes = { "xlat_bytes_total",
						    "Bytes of those packets" };

#define MEMBER(of, version, way)                                               \
	report_member(r, &of, "ipv" #version "-" #of "-" #way,                 \
		      "family=\"ipv" #version "\",direction=\"" #way "\"",     \
		      c->of##version##_##way)
	MEMBER(packets, 4, in);
	MEMBER(packets, 4, out);
	MEMBER(packets, 6, in);
	MEMBER(packets, 6, out);
	MEMBER(bytes, 4, in);
	MEMBER(bytes, 4, out);
	MEMBER(bytes, 6, in);
	MEMBER(bytes, 6, out);
#undef MEMBER
}

static void drop_counters(const struct pump_counters *c, struct report *r)
{
	static const struct report_family drops = {
		"xlat_drops_total", "Packets not forwarded, by reason"
	};
	char labels[64];
	char name[64];

	for (enum xlat_why why = WHY_NONE + 1; why < WHY_COUNT; why++) {
		snprintf(name, sizeof(name), "drop-%s", xlat_why_name(why));
		snprintf(labels, sizeof(labels), "reason=\"%s\"",
			 xlat_why_name(why));
		report_member(r, &drops, name, labels, c->drops[why]);
	}
}

/* Packets of the fast path were not read and written, but might have been. */
static void add_fast(struct pump_counters *c, const struct fast *f,
		     unsigned int protocol)
{
	const struct fast_count n = fast_count(f, protocol);

	c->packets4_in += n.packets4;
	c->packets6_out += n.packets4;
	c->packets6_in += n.packets6;
	c->packets4_out += n.packets6;
	c->bytes4_in += n.bytes4;
	c->bytes6_out += n.bytes4 + n.packets4 * GROWTH;
	c->bytes6_in += n.bytes6;
	c->bytes4_out += n.bytes6 - n.packets6 * GROWTH;
}

void trans_add(void *sum, const void *more, size_t size)
{
	uint64_t *to = sum;
	const uint64_t *from = more;

	for (size_t i = 0; i < size / sizeof(*to); i++)
		to[i] += from[i];
}

void trans_counters(const void *ctx, struct report *r)
{
	const struct trans *t = ctx;
	struct pump_counters all = t->pump.count;

	for (uint32_t i = 1; i < pump_count(t); i++)
		trans_add(&all, &t->queues[i - 1].pump.count, sizeof(all));
	for (unsigned int i = 0; t->fast && i < FAST_PROTOCOLS; i++)
		add_fast(&all, t->fast, i);
	packet_counters(&all, r);
	report_counter(r, "icmp-errors-sent", "ICMP errors of our own",
		       all.errors_sent);
	report_counter(r, "super-packets-refused",
		       "Super-packets that the kernel would not take",
		       all.gso_refused);
	report_counter(r, "dropped-packets", "Packets not forwarded",
		       all.dropped);
	report_counter(r, "dropped-bytes", "Bytes of those packets",
		       all.dropped_bytes);
	drop_counters(&all, r);
}
