/* SPDX-License-Identifier: MIT */
/* The CLAT's IPv6 address: which /64, which identifier. */
#include "clat_help.h"

#include "clat/iid.h"
#include "clat/source.h"

static uint32_t v4(const char *text)
{
	struct in_addr a;

	cr_assert(inet_pton(AF_INET, text, &a));
	return ntohl(a.s_addr);
}

static uint64_t le64(const uint8_t *p)
{
	uint64_t v = 0;

	for (unsigned int i = 0; i < 8; i++)
		v |= (uint64_t)p[i] << 8 * i;
	return v;
}

static struct iid_seed seed(const char *key, const char *ifname)
{
	struct iid_seed s = { .pref64 = { v6("64:ff9b::"), 96 },
			      .addr4 = v4("192.0.0.5") };
	uint8_t bytes[16];

	cr_assert_eq(unhex(bytes, key), 16);
	s.key = (struct siphash_key){ le64(bytes), le64(bytes + 8) };
	snprintf(s.ifname, sizeof(s.ifname), "%s", ifname);
	return s;
}

/* Octet for octet: another key, prefix, interface or counter, another
 * identifier. */
Test(clat_iid, c6877_33_34_35_stable)
{
	static struct lines l;
	unsigned int n = 0;

	lines_open(&l, "iid-stable");
	for (; lines_next(&l); n++) {
		const struct iid_seed s = seed(l.words[1], l.words[3]);
		const struct addr6 net = prefix(l.words[2]).prefix;
		uint32_t counter = (uint32_t)atoi(l.words[4]);

		cr_expect_eq(iid_stable(&s, net, counter),
			     strtoull(l.words[5], NULL, 16), "%s", l.words[0]);
		cr_expect(addr6_equal(iid_address(&s, net, &counter),
				      v6(l.words[6])),
			  "%s", l.words[0]);
		cr_expect_eq(counter, (uint32_t)atoi(l.words[4]));
	}
	cr_expect_eq(n, 6);
}

Test(clat_iid, c6877_40_reserved)
{
	static struct lines l;
	unsigned int n = 0;

	lines_open(&l, "iid-reserved");
	for (; lines_next(&l); n++)
		cr_expect_eq(iid_reserved(strtoull(l.words[1], NULL, 16)),
			     l.words[2][0] == '1', "%s", l.words[1]);
	cr_expect_eq(n, 12);
}

/* The vectors were checked by whole UDP checksums. */
Test(clat_iid, c6877_45_46_neutral)
{
	static struct lines l;
	unsigned int n = 0;

	lines_open(&l, "iid-neutral");
	for (; lines_next(&l); n++) {
		struct addr6 a = prefix(l.words[3]).prefix;
		const struct iid_seed s = { .pref64 = prefix(l.words[1]),
					    .addr4 = v4(l.words[2]) };

		a.lo = strtoull(l.words[4], NULL, 16);
		cr_expect(addr6_equal(iid_neutral(&s, a), v6(l.words[5])), "%s",
			  l.words[0]);
	}
	cr_expect_eq(n, 16);
}

/* An address inside the translator's prefix is passed over. */
Test(clat_iid, c6877_03_40_not_inside_pref64)
{
	struct iid_seed s = seed("000102030405060708090a0b0c0d0e0f", "eth0");
	const struct addr6 net = v6("2001:db8:1:2::");
	struct addr6 a = { net.hi, iid_stable(&s, net, 0) };
	uint32_t counter = 0;

	/* The first address is neutral as it is, and its own /96 the prefix. */
	s.pref64 = (struct pref64){ addr6_mask(a, 96), 96 };
	s.addr4 = csum_fold(addr6_sum(a) + addr6_sum(s.pref64.prefix));
	cr_assert(pref64_contains(s.pref64, iid_neutral(&s, a)));
	a = iid_address(&s, net, &counter);
	cr_expect_eq(counter, 1);
	cr_expect_not(pref64_contains(s.pref64, a));
}

/* C6877-39: all 64 bits are opaque. */
Test(clat_iid, c6877_39_both_values_of_the_u_bit)
{
	struct iid_seed s = { .ifname = "eth0" };
	unsigned int set = 0;

	for (uint64_t k = 0; k < 1000; k++) {
		s.key.k0 = k;
		set += iid_stable(&s, v6("2001:db8::"), 0) >> 57 & 1;
	}
	cr_expect(set > 400 && set < 600, "%u of 1000", set);
}

static uint8_t flags_of(char *flags)
{
	uint8_t f = 0;
	bool optimistic = false;

	for (char *w = strtok(flags, ","); w; w = strtok(NULL, ",")) {
		f |= !strcmp(w, "tentative") ? SOURCE_TENTATIVE : 0;
		f |= !strcmp(w, "dadfailed") ? SOURCE_DADFAILED : 0;
		f |= !strcmp(w, "deprecated") ? SOURCE_DEPRECATED : 0;
		f |= !strcmp(w, "preferred-0") ? SOURCE_DEPRECATED : 0;
		f |= !strcmp(w, "valid-0") ? SOURCE_EXPIRED : 0;
		optimistic |= !strcmp(w, "optimistic");
	}
	return optimistic ? (uint8_t)(f & ~SOURCE_TENTATIVE) : f;
}

/* What the platform would hand over for one line. */
struct choice {
	struct source_addr addrs[32];
	struct source_net nets[64];
	struct source_list list;
};

static void add_candidate(struct choice *c, char *word, const char *router)
{
	char *flags = strchr(word, ',');
	struct source_addr *a = &c->addrs[c->list.addr_count];
	char *found;

	if (flags)
		*flags++ = '\0';
	/* Addresses of other devices, and ours, are not handed over. */
	if (flags &&
	    (strstr(flags, "other-interface") || strstr(flags, "clat")))
		return;
	a->addr = prefix(word).prefix;
	a->len = prefix(word).len;
	for (found = flags ? strstr(flags, "router=") : NULL; found;
	     found = strstr(found + 1, "router=")) {
		const size_t n = strcspn(found + 7, ",");

		c->nets[c->list.net_count++] = (struct source_net){
			addr6_mask(a->addr, 64),
			strlen(router) == n && !strncmp(router, found + 7, n)
		};
		/* Only a /64 is known to be autonomous by that. */
		if (a->len != 64 && !strstr(flags, "slaac64"))
			c->list.net_count--;
	}
	if (flags && strstr(flags, "slaac64"))
		c->nets[c->list.net_count++] =
			(struct source_net){ addr6_mask(a->addr, 64), false };
	a->flags = flags ? flags_of(flags) : 0;
	c->list.addr_count++;
}

static void expect_choice(const struct lines *l, const struct choice *c)
{
	struct addr6 used = { 0, 0 };
	struct source s;

	if (strcmp(l->words[3], "-"))
		used = prefix(l->words[3]).prefix;
	s = source_choose(&c->list, used);
	if (!strcmp(l->words[4], "none")) {
		cr_expect_neq(s.why, SOURCE_OK, "%s", l->words[0]);
		return;
	}
	cr_expect_eq(s.why, SOURCE_OK, "%s", l->words[0]);
	cr_expect(addr6_equal(s.net, prefix(l->words[4]).prefix), "%s",
		  l->words[0]);
}

/* The choice of one line, the addresses put in order by @order. */
static void choose_in_order(const struct lines *l, uint32_t seed)
{
	struct choice c = { .list.pref64 = prefix(l->words[1]) };

	for (unsigned int i = 5; i < l->count; i++) {
		char word[256];

		snprintf(word, sizeof(word), "%s", l->words[i]);
		add_candidate(&c, word, l->words[2]);
	}
	for (uint32_t i = c.list.addr_count; i > 1; i--) {
		const struct source_addr a = c.addrs[i - 1];

		seed = seed * 1103515245 + 12345;
		c.addrs[i - 1] = c.addrs[(seed >> 16) % i];
		c.addrs[(seed >> 16) % i] = a;
	}
	c.list.addrs = c.addrs;
	c.list.nets = c.nets;
	expect_choice(l, &c);
}

/* A6724-22: the order in which the kernel tells addresses does not matter. */
Test(clat_source,
     a6724_01_03_04_05_06_07_08_09_10_11_12_13_14_15_16_17_20_22_24_choice)
{
	static struct lines l;
	unsigned int n = 0;

	lines_open(&l, "source");
	for (; lines_next(&l); n++)
		for (uint32_t order = 0; order < 20; order++)
			choose_in_order(&l, order);
	cr_expect_eq(n, 41);
}

/* C6877-84: what claton asks for, in one line: the /64 that has the most in
 * common with the PREF64 (RFC 6724, rule 8), but a ULA only for a ULA. */
Test(clat_source, c6877_84_nearest_to_the_prefix)
{
	static const char *const addrs[] = { "fd00:1:2:3::a", "2001:db8:1:1::a",
					     "2001:db8:64:9::a" };
	static const char *const pref64s[] = { "2001:db8:64::", "64:ff9b::",
					       "fd00:64::" };
	static const char *const want[] = { "2001:db8:64:9::", "2001:db8:1:1::",
					    "fd00:1:2:3::" };
	struct source_addr a[3];

	for (size_t i = 0; i < 3; i++)
		a[i] = (struct source_addr){ v6(addrs[i]), 64, 0 };
	for (size_t i = 0; i < 3; i++) {
		const struct source_list l = { .addrs = a,
					       .addr_count = 3,
					       .pref64 = { v6(pref64s[i]),
							   96 } };

		cr_expect(
			addr6_equal(source_choose(&l, (struct addr6){ 0 }).net,
				    v6(want[i])),
			"%s", pref64s[i]);
	}
}

static enum source_why why(const char *addr, uint8_t flags)
{
	const struct pref64 p = prefix(addr);
	const struct source_addr a = { p.prefix, p.len, flags };
	const struct source_list l = { .addrs = &a,
				       .addr_count = 1,
				       .pref64 = { v6("2001:db8:64::"), 48 } };

	return source_choose(&l, (struct addr6){ 0, 0 }).why;
}

Test(clat_source, a6724_18_reasons)
{
	cr_expect_eq(why("fe80::1/64", 0), SOURCE_NO_GLOBAL);
	cr_expect_eq(why("2001:db8:1::1/64", SOURCE_TENTATIVE),
		     SOURCE_IS_TENTATIVE);
	cr_expect_eq(why("2001:db8:1::1/128", 0), SOURCE_NO_SLAAC);
	cr_expect_eq(why("2001:db8:64::1/64", 0), SOURCE_INSIDE_PREF64);
	cr_expect_eq(why("2001:db8:1::1/64", SOURCE_EXPIRED),
		     SOURCE_IS_EXPIRED);
	cr_expect_eq(why("2001:db8:1::1/64", 0), SOURCE_OK);
}

/* An address of the host's that a CLAT can share: the one in use as long as
 * no better one is there. */
Test(clat_source, own)
{
	const struct source_addr a[] = {
		{ v6("fe80::1"), 64, 0 },
		{ v6("2001:db8:1::1"), 128, SOURCE_TENTATIVE },
		{ v6("2001:db8:1::2"), 128, SOURCE_EXPIRED },
		{ v6("2001:db8:1::3"), 128, SOURCE_DADFAILED },
		{ v6("2001:db8:64::1"), 128, 0 }, /* inside the PREF64 */
		{ v6("2001:db8:1::4"), 128, SOURCE_DEPRECATED },
		{ v6("2001:db8:1::5"), 128, SOURCE_DEPRECATED },
		{ v6("2001:db8:1::6"), 128, 0 },
		{ v6("2001:db8:1::7"), 56, 0 },
	};
	static const struct {
		uint32_t count;
		const char *used, *want;
	} rows[] = {
		{ 0, "::", "::" },
		{ 5, "::", "::" },
		{ 5, "2001:db8:64::1", "::" },
		{ 6, "::", "2001:db8:1::4" },
		{ 7, "::", "2001:db8:1::4" },
		{ 7, "2001:db8:1::5", "2001:db8:1::5" },
		{ 8, "2001:db8:1::5", "2001:db8:1::6" },
		{ 9, "::", "2001:db8:1::6" },
		{ 9, "2001:db8:1::7", "2001:db8:1::7" },
		{ 9, "2001:db8:1::9", "2001:db8:1::6" },
	};

	for (size_t i = 0; i < XL_COUNT(rows); i++) {
		const struct source_list l = { .addrs = a,
					       .addr_count = rows[i].count,
					       .pref64 = { v6("2001:db8:64::"),
							   96 } };

		cr_expect(addr6_equal(source_own(&l, v6(rows[i].used)),
				      v6(rows[i].want)),
			  "row %zu", i);
	}
}

Test(clat_source, a6724_21_deprecated_is_better_than_none)
{
	const struct source_addr a = { v6("2001:db8::1"), 64,
				       SOURCE_DEPRECATED };
	const struct source_list l = { .addrs = &a, .addr_count = 1 };
	const struct source s = source_choose(&l, (struct addr6){ 0, 0 });

	cr_expect_eq(s.why, SOURCE_OK);
	cr_expect(s.deprecated);
}
