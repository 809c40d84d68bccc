/* SPDX-License-Identifier: MIT */
#include "dns/synth.h"

/* Not global: the blocks of RFC 5735 and RFC 6598, and multicast and above.
 * RFC 6052, 3.1 keeps them out of the well-known prefix. */
static const struct {
	uint32_t addr;
	uint8_t len;
} nonglobal[] = {
	{ 0x00000000, 8 },  { 0x0a000000, 8 },  { 0x64400000, 10 },
	{ 0x7f000000, 8 },  { 0xa9fe0000, 16 }, { 0xac100000, 12 },
	{ 0xc0000000, 24 }, { 0xc0000200, 24 }, { 0xc0586300, 24 },
	{ 0xc0a80000, 16 }, { 0xc6120000, 15 }, { 0xc6336400, 24 },
	{ 0xcb007100, 24 }, { 0xe0000000, 3 },
};

static bool is_nonglobal(uint32_t addr4)
{
	for (unsigned int i = 0; i < XL_COUNT(nonglobal); i++)
		if (addr4_mask(addr4, nonglobal[i].len) == nonglobal[i].addr)
			return true;
	return false;
}

static void add(struct synth_set *set, struct pref64 prefix, uint32_t addr4)
{
	if (pref64_is_wellknown(prefix) && is_nonglobal(addr4))
		return;
	set->addr[set->count++] = pref64_embed(prefix, addr4);
}

static void add_all(struct synth_set *set, const struct synth *s,
		    uint32_t addr4)
{
	for (uint32_t i = 0; i < s->prefix_count; i++)
		add(set, s->prefixes[i], addr4);
}

struct synth_set synth_map(const struct synth *s, uint32_t addr4)
{
	struct synth_set set = { .count = 0 };
	const struct synth_map4 *m;

	if (s->map4_count == 0)
		add_all(&set, s, addr4);
	for (uint32_t i = 0; i < s->map4_count; i++) {
		m = &s->map4[i];
		if (addr4_mask(addr4, m->len) != m->addr)
			continue;
		if (m->prefix.len)
			add(&set, m->prefix, addr4);
		else if (!m->never)
			add_all(&set, s, addr4);
		break;
	}
	return set;
}

struct synth_set synth_map_v4only(const struct synth *s, uint32_t addr4)
{
	struct synth_set set = { .count = s->prefix_count };

	for (uint32_t i = 0; i < s->prefix_count; i++)
		set.addr[i] = pref64_embed(s->prefixes[i], addr4);
	return set;
}

bool synth_net6_contains(struct synth_net6 net, struct addr6 addr)
{
	return addr6_equal(addr6_mask(addr, net.len), net.addr);
}

bool synth_excluded(const struct synth *s, struct addr6 addr6)
{
	for (uint32_t i = 0; i < s->exclude6_count; i++)
		if (synth_net6_contains(s->exclude6[i], addr6))
			return true;
	return false;
}

static bool is_listed(const struct msg_name *names, uint32_t count,
		      const struct msg_name *name)
{
	for (uint32_t i = 0; i < count; i++)
		if (msg_name_within(name, &names[i]))
			return true;
	return false;
}

bool synth_ignored(const struct synth *s, const struct msg_name *name)
{
	return is_listed(s->ignore, s->ignore_count, name);
}

bool synth_exempt(const struct synth *s, const struct msg_name *name)
{
	return is_listed(s->exempt, s->exempt_count, name);
}
