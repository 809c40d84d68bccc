/* SPDX-License-Identifier: MIT */
#include "clat/verdict.h"

static struct verdict ok(const char *found)
{
	return (struct verdict){ VERDICT_OK, found, NULL };
}

static struct verdict warning(const char *found, const char *advice)
{
	return (struct verdict){ VERDICT_WARNING, found, advice };
}

static struct verdict fail(const char *found, const char *advice)
{
	return (struct verdict){ VERDICT_FAIL, found, advice };
}

static struct verdict unknown(const char *found, const char *advice)
{
	return (struct verdict){ VERDICT_UNKNOWN, found, advice };
}

/* One of two ways to find the prefix lacks: that is fatal if both do. */
static struct verdict lack(bool otherwise, const char *found,
			   const char *advice)
{
	return otherwise ? warning(found, advice) : fail(found, advice);
}

static struct verdict no_uplink(void)
{
	return unknown("there is no uplink to look at",
		       "name it with --uplink");
}

static struct verdict address(const struct findings *f)
{
	const char *why = source_why_text(f->source.why);

	if (!f->uplink)
		return no_uplink();
	if (f->source.why == SOURCE_NO_SLAAC)
		return warning(why, "give clat an address with --source");
	if (f->source.why != SOURCE_OK)
		return fail(why, "let routers announce a prefix with the A "
				 "flag, or set an address");
	return ok("there is a /64 to make up addresses in");
}

static struct verdict route(const struct findings *f)
{
	if (f->uplink && !f->up)
		return fail("the uplink is down", "look at cable and link");
	if (!f->route6)
		return fail(
			"there is no IPv6 default route",
			"do routers advertise themselves (Router Lifetime), "
			"and does this host accept that (accept_ra)?");
	return ok("there is an IPv6 default route");
}

static struct verdict resolver(const struct findings *f)
{
	if (!f->servers)
		return fail("no IPv6 resolver is known",
			    "announce one (RDNSS, DHCPv6) or name it in "
			    "/etc/resolv.conf");
	if (!f->answered && f->failed)
		return fail("resolvers refuse to answer, or fail",
			    "do they serve this network, and reach the root?");
	if (!f->answered && f->strays)
		return fail(
			"answers are damaged or forged",
			"look at what stands between here and the resolver");
	if (!f->answered)
		return fail("no resolver answers",
			    "is it running, and does it serve this network?");
	if (f->answered < f->servers)
		return warning("some resolvers do not answer",
			       "every name takes seconds longer: repair or "
			       "remove them");
	return ok("resolvers answer");
}

static struct verdict dns64(const struct findings *f)
{
	const bool otherwise = f->by_ra.len || f->given;

	if (!f->answered)
		return unknown("no resolver tells", NULL);
	if (f->by_dns_count)
		return ok("ipv4only.arpa shows the prefix");
	if (f->only4)
		return lack(otherwise,
			    "addresses of ipv4only.arpa show no prefix",
			    "the resolver's prefix is not one of RFC 6052");
	return lack(otherwise, "the resolver does no DNS64",
		    "switch it on there, or announce one that does");
}

/* Is @a under a prefix that was found? */
static bool is_made(const struct findings *f, struct addr6 a)
{
	for (uint32_t i = 0; i < f->by_dns_count; i++)
		if (pref64_contains(f->by_dns[i], a))
			return true;
	return pref64_contains(f->pref64, a);
}

static struct verdict name(const struct findings *f)
{
	if (!f->name_aaaa.count && f->name_a.count)
		return warning("a name with IPv4 only gets no IPv6 address",
			       "switch DNS64 on for all names: hosts without a "
			       "CLAT need it");
	if (!f->name_aaaa.count)
		return unknown("the name does not resolve",
			       "try another with --name");
	if (!is_made(f, f->name_aaaa.addrs[0]))
		return unknown("the name has an IPv6 address that is not made",
			       "try one with IPv4 only, with --name");
	return ok("a name with IPv4 only gets an IPv6 address");
}

static struct verdict pref64(const struct findings *f)
{
	static const char announce[] =
		"let routers announce it (RFC 8781): found at once, and "
		"without DNS";
	const bool otherwise = f->by_dns_count || f->given;

	if (!f->uplink)
		return no_uplink();
	if (!f->may_listen)
		return unknown("router advertisements cannot be received",
			       "run as root, or with CAP_NET_RAW");
	if (f->by_ra.len)
		return ok("routers announce the prefix");
	if (f->refused)
		return lack(otherwise,
			    "a router's PREF64 option is against RFC 8781",
			    "correct length, prefix and option there");
	if (f->damaged)
		return lack(otherwise, "a router's advertisement is malformed",
			    "look at it with a capture (RFC 4861, 6.1.2)");
	if (!f->adverts)
		return lack(otherwise, "no router advertises itself", announce);
	return lack(otherwise, "routers announce no PREF64", announce);
}

static struct verdict agreement(const struct findings *f)
{
	if (!f->by_ra.len || !f->by_dns_count)
		return unknown("there are not two prefixes to compare", NULL);
	for (uint32_t i = 0; i < f->by_dns_count; i++)
		if (f->by_dns[i].len == f->by_ra.len &&
		    addr6_equal(f->by_dns[i].prefix, f->by_ra.prefix))
			return ok("routers and DNS64 tell the same prefix");
	return warning("routers and DNS64 tell different prefixes",
		       "configure both alike; a CLAT takes the routers'");
}

static struct verdict not_tried(const struct findings *f)
{
	if (!f->pref64.len)
		return unknown("there is no prefix to go through",
			       "give one with --pref64");
	return unknown("there is no IPv4 address to try",
		       "give one with --target");
}

static const char no_plat[] =
	"is the prefix routed to the translator, and this network allowed "
	"there?";

static struct verdict plat_tcp(const struct findings *f)
{
	switch (f->tcp) {
	case REACH_DONE:
		return ok("TCP reaches the IPv4 Internet");
	case REACH_ERROR:
		return fail("TCP through the prefix is refused", no_plat);
	case REACH_SILENT:
		return fail("TCP through the prefix gets no answer", no_plat);
	case REACH_NOT_TRIED:
		break;
	}
	return not_tried(f);
}

static struct verdict plat_ping(const struct findings *f)
{
	static const char nothing[] = "ping through the prefix gets no reply";

	if (!f->may_ping)
		return unknown("echo requests cannot be sent",
			       "run as root, or see "
			       "net.ipv4.ping_group_range");
	if (f->ping == REACH_NOT_TRIED)
		return not_tried(f);
	if (f->ping == REACH_DONE)
		return ok("ping reaches the IPv4 Internet");
	if (f->tcp != REACH_DONE)
		return fail(nothing, no_plat);
	return warning(nothing, "let ICMP pass; errors for path MTU discovery "
				"take the same way");
}

static struct verdict mtu_out(const struct findings *f)
{
	if (f->uplink && f->mtu < IP6_MTU_MIN)
		return fail("the uplink's MTU is too small for IPv6",
			    "1280 bytes are the least");
	if (f->out || f->sent_all)
		return ok("large packets get out");
	if (f->tcp == REACH_DONE)
		return fail("large packets get lost on the way out",
			    "let ICMPv6 Packet Too Big pass, or let routers "
			    "announce the MTU that is");
	return unknown("there is nobody to send large packets to", NULL);
}

static struct verdict mtu_in(const struct findings *f)
{
	if (f->in || f->segment >= IP6_MTU_MIN)
		return ok("large packets come in");
	if (!f->sent_all)
		return unknown("nobody answers with large packets", NULL);
	if (!f->closed)
		return fail("large packets get lost on the way in",
			    "let Packet Too Big reach the translator, and its "
			    "ICMPv4 errors the server");
	return unknown("the answer was too small to tell",
		       "name a host with more to say with --target");
}

static struct verdict fragments(const struct findings *f)
{
	if (!f->pref64.len)
		return not_tried(f);
	if (f->dns4_large > f->mtu)
		return ok("fragments pass in both directions");
	if (f->dns4_large)
		return ok("fragments get out; the answer had none");
	if (f->dns4)
		return warning("fragments get lost",
			       "let them pass firewalls and the translator");
	return unknown("the DNS server does not answer",
		       "name another with --fragments");
}

static struct verdict offload(const struct findings *f)
{
	if (!f->uplink)
		return no_uplink();
	if (!f->lro_known)
		return unknown("the uplink's offloads cannot be read", NULL);
	if (f->lro)
		return warning(
			"large receive offload is on",
			"ethtool -K UPLINK lro off: what it merges cannot "
			"be forwarded");
	return ok("none in the way");
}

static struct verdict native4(const struct findings *f)
{
	if (!f->uplink)
		return no_uplink();
	if (f->native4)
		return warning("there is native IPv4, too",
			       "clat does nothing beside it, but for --when "
			       "force");
	return ok("there is none that a CLAT would yield to");
}

const char *verdict_name(enum verdict_check check)
{
	static const char *const names[] = {
#define C(id, name, judge) name,
		VERDICT_CHECKS(C)
#undef C
	};

	return names[check];
}

struct verdict verdict_of(enum verdict_check check, const struct findings *f)
{
	static struct verdict (*const judges[])(const struct findings *f) = {
#define C(id, name, judge) judge,
		VERDICT_CHECKS(C)
#undef C
	};

	return judges[check](f);
}

bool verdict_ready(const struct findings *f)
{
	for (enum verdict_check c = 0; c < VERDICT_COUNT; c++)
		if (verdict_of(c, f).grade == VERDICT_FAIL)
			return false;
	return f->tcp == REACH_DONE || f->ping == REACH_DONE;
}
