/* SPDX-License-Identifier: MIT */
#include "platshare.h"

#include <arpa/inet.h>
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "sockets.h"

static const char *text4(uint32_t addr, char out[INET_ADDRSTRLEN])
{
	uint8_t wire[4];

	be_put32(wire, addr);
	return inet_ntop(AF_INET, wire, out, INET_ADDRSTRLEN);
}

static bool can_be_shared(const struct nat64_range *r)
{
	return r->first == r->last && (r->port_min > 1 || r->port_max < 65535);
}

uint32_t platshare_choose(const struct platshare *s)
{
	const struct nat64_config *c = s->config;
	uint32_t found = 0;

	for (uint32_t i = 0; i < c->pool4_count; i++) {
		const struct nat64_range *r = &c->pool4[i];

		if (can_be_shared(r) && (!found || r->first == s->addr))
			found = r->first;
	}
	return found;
}

int platshare_open(struct platshare *s)
{
	int err;

	s->watch.fd = -1;
	s->addr = platshare_choose(s);
	if (!s->addr)
		return 0;
	err = share_open(&s->share, false);
	s->links.program = s->share.take;
	s->trans->share = err ? NULL : &s->share;
	return err;
}

/* An address of the machine: one of ours, too? */
static void see(void *ctx, int ifindex, const struct nl_net *net)
{
	struct platshare *s = ctx;
	const struct nat64_config *c = s->config;
	const uint32_t addr = be_get32(net->addr);

	(void)ifindex;
	for (uint32_t i = 0; i < c->pool4_count; i++) {
		const struct nat64_range *r = &c->pool4[i];

		if (addr < r->first || addr > r->last)
			continue;
		if (!can_be_shared(r) || (s->on && addr != s->addr)) {
			s->wrong = addr;
		} else {
			s->addr = addr;
			s->on = true;
		}
	}
}

static enum exit_status refuse(const struct platshare *s, uint32_t addr)
{
	char text[INET_ADDRSTRLEN];

	text4(addr, text);
	log_error("pool4: %s is an address of this machine: one that is given "
		  "by itself and with ports, such as %s:10000-32767, can be "
		  "shared%s",
		  text, text, s->on ? ", but only one" : "");
	return EXIT_USAGE;
}

static enum exit_status lack(int err)
{
	const char *why = strerror(-err);

	if (err == -EINVAL || err == -ENOSYS || err == -EACCES)
		why = "the kernel does not take it";
	log_error("pool4: to share an address of this machine takes eBPF at "
		  "devices (Linux 6.6, CAP_BPF): %s; have another address "
		  "routed here",
		  why);
	return EXIT_LACKING;
}

enum exit_status platshare_find(struct platshare *s, int err)
{
	struct trans *t = s->trans;
	int nl_err;

	/* Who has done the set-up may have seen to it. */
	nl_err = nl_addresses(&t->nl, AF_INET, see, s);
	if (nl_err) {
		log_error("netlink: %s", strerror(-nl_err));
		return app_status(nl_err);
	}
	if (s->wrong && !t->opt->no_setup)
		return refuse(s, s->wrong);
	if (t->share)
		err = share_at_tun(t->share, t->tun.ifindex);
	return err && s->on ? lack(err) : EXIT_OK;
}

static enum exit_status add_range(struct platshare *s,
				  const struct nat64_range *r)
{
	for (unsigned int t = 0; t < SHARE_TABLES; t++)
		share_add(&s->ports, t, r->port_min, r->port_max);
	return s->on ? trans_reserve(s->trans, r->port_min, r->port_max)
		     : EXIT_OK;
}

static enum exit_status add_static(struct platshare *s,
				   const struct nat64_static *x)
{
	const uint16_t port = x->pool_port;

	share_add(&s->ports,
		  x->proto == IP_TCP   ? SHARE_TCP
		  : x->proto == IP_UDP ? SHARE_UDP
				       : SHARE_ICMP,
		  port, port);
	return s->on && x->proto != IP_ICMP
		       ? trans_reserve(s->trans, port, port)
		       : EXIT_OK;
}

static enum exit_status apply(struct platshare *s)
{
	const struct nat64_config *c = s->config;
	enum exit_status status = trans_reserve(s->trans, 0, 0);

	memset(&s->ports, 0, sizeof(s->ports));
	for (uint32_t i = 0; i < c->pool4_count && !status; i++)
		if (c->pool4[i].first == s->addr)
			status = add_range(s, &c->pool4[i]);
	for (uint32_t i = 0; i < c->static_count && !status; i++)
		if (c->statics[i].pool == s->addr)
			status = add_static(s, &c->statics[i]);
	share_tell(&s->share, s->on ? s->addr : 0, &s->ports);
	return status;
}

static enum exit_status sort(struct platshare *s, bool *yes)
{
	struct trans *t = s->trans;
	int found;

	if (!t->opt->no_setup)
		return trans_share(t, s->addr, yes);
	found = share_follow(&s->links, &t->nl, s->addr, t->tun.ifindex);
	*yes = found > 0;
	return found < 0 ? lack(found) : EXIT_OK;
}

static void tell(const struct platshare *s)
{
	char text[INET_ADDRSTRLEN];

	if (s->on)
		log_info("pool4: %s is shared with this machine",
			 text4(s->addr, text));
	else
		log_warn("pool4: %s is no address of this machine any more: "
			 "it has to be routed here",
			 text4(s->addr, text));
}

/* The kernel gives such ports to nobody any more, but who has one keeps it. */
static void warn_of_sockets(const struct platshare *s)
{
	const struct sockets_found f = sockets_find(s->addr, &s->ports);

	if (f.count)
		log_warn("pool4: port %u (%s) is in use by this machine, as "
			 "are %u others of these: what comes for them goes to "
			 "customers",
			 f.port, f.proto, f.count - 1);
}

static void look_again(struct ev_loop *loop, struct ev *ev, uint32_t events)
{
	struct platshare *s = (struct platshare *)(void *)ev;
	const struct net4 net = { s->addr, 32 };
	bool on = s->on;

	(void)loop;
	(void)events;
	share_heard(ev);
	if (sort(s, &on) || on == s->on)
		return;
	s->on = on;
	tell(s);
	(void)!(on ? trans_unroute4(s->trans, net, 0)
		   : trans_route4(s->trans, net, 0));
	(void)!apply(s);
}

enum exit_status platshare_start(struct platshare *s)
{
	struct trans *t = s->trans;
	enum exit_status status = EXIT_OK;
	bool yes = s->on;
	int err;

	if (!t->share)
		return EXIT_OK;
	if (s->on) {
		status = sort(s, &yes);
		if (!status)
			status = apply(s);
		if (!status) {
			tell(s);
			warn_of_sockets(s);
		}
	}
	if (status || t->opt->no_setup)
		return status;
	s->watch.ready = look_again;
	err = share_watch(&s->watch, &t->app.loop);
	if (err)
		log_error("netlink: %s", strerror(-err));
	return app_status(err);
}

int platshare_reload(struct platshare *s)
{
	const uint32_t addr = platshare_choose(s);
	enum exit_status status = EXIT_OK;

	if (!s->trans->share) {
		if (addr)
			log_warn("pool4: that an address of this machine is "
				 "shared needs a restart");
		return 0;
	}
	s->on = s->on && addr == s->addr;
	s->addr = addr;
	if (addr && !s->trans->opt->no_setup)
		status = sort(s, &s->on);
	return (status != EXIT_OK) + (apply(s) != EXIT_OK);
}

bool platshare_has(const struct platshare *s, const struct nat64_range *r)
{
	return s->on && r->first == s->addr && r->last == s->addr;
}

void platshare_report(const struct platshare *s, struct report *r)
{
	if (s->on)
		report_addr4(r, "shared", s->addr);
	else
		report_text(r, "shared", 0, "none");
}

void platshare_close(struct platshare *s)
{
	if (s->watch.fd > 0)
		close(s->watch.fd);
	share_close(&s->share);
}
