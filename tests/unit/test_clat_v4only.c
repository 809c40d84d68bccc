/* SPDX-License-Identifier: MIT */
/* RFC 7050: the question for ipv4only.arpa, and what an answer shows. */
#include "clat_help.h"

#include "clat/v4only.h"

/* What is found, as "PREFIX/LEN,PREFIX/LEN" in canonical text. */
static const char *show_prefixes(const struct pref64 *p, uint32_t count)
{
	static char out[1024];
	char text[INET6_ADDRSTRLEN];
	uint8_t wire[16];
	size_t n = 0;

	out[0] = '\0';
	for (uint32_t i = 0; i < count; i++) {
		addr6_store(wire, p[i].prefix);
		inet_ntop(AF_INET6, wire, text, sizeof(text));
		n += (size_t)snprintf(out + n, sizeof(out) - n, "%s%s/%u",
				      i ? "," : "", text, p[i].len);
	}
	return out;
}

/* D7050-21 to -25: each address by itself, doubles merged. */
Test(clat_v4only, d7050_20_21_22_23_25_addresses)
{
	static struct lines l;
	unsigned int n = 0;

	lines_open(&l, "v4only-addresses");
	for (; lines_next(&l); n++) {
		struct pref64 found[64];
		uint32_t count = 0, seen = 0;

		for (char *a = strtok(l.words[1], ",-"); a && seen < 16;
		     a = strtok(NULL, ","), seen++) {
			const struct pref64 p = v4only_prefix(v6(a));
			uint32_t i = 0;

			while (i < count &&
			       (found[i].len != p.len ||
				!addr6_equal(found[i].prefix, p.prefix)))
				i++;
			if (p.len && i == count)
				found[count++] = p;
		}
		cr_expect_str_eq(count ? show_prefixes(found, count) : "none",
				 l.words[2], "%s", l.words[0]);
	}
	cr_expect_eq(n, 36);
}

/* The letters that are upper case, counted from the left. */
static uint16_t upper_of(const char *name)
{
	uint16_t upper = 0;
	unsigned int letter = 0;

	for (; *name; name++) {
		if (*name >= 'A' && *name <= 'Z')
			upper = (uint16_t)(upper | 1u << letter);
		if (*name >= 'A')
			letter++;
	}
	return upper;
}

static const char *word_of(const struct v4only *v)
{
	switch (v->what) {
	case V4ONLY_IGNORE:
		return "ignore";
	case V4ONLY_FOUND:
		return show_prefixes(v->prefixes, v->count);
	case V4ONLY_NONE:
		return "negative";
	case V4ONLY_FAILED:
		return "failure";
	case V4ONLY_CUT:
		return "tcp";
	}
	return "";
}

/* D7050-16 to -20, -26, -27, -31 to -33, -35, -41. */
Test(clat_v4only, d7050_16_17_18_19_26_27_31_32_33_messages)
{
	static struct lines l;
	unsigned int n = 0;

	lines_open(&l, "v4only-messages");
	for (; lines_next(&l); n++) {
		uint8_t buf[2048];
		const size_t len = unhex(buf, l.words[3]);
		uint8_t *exact = malloc(len + 1);
		const struct v4only_ask ask = { (uint16_t)atoi(l.words[1]),
						upper_of(l.words[2]) };
		struct v4only v;

		memcpy(exact, buf, len);
		v = v4only_answer(ask, exact, len);
		free(exact);
		cr_expect_str_eq(word_of(&v), l.words[4], "%s", l.words[0]);
		if (strcmp(l.words[5], "-"))
			cr_expect_eq(v.ttl, (uint32_t)atoi(l.words[5]), "%s",
				     l.words[0]);
	}
	cr_expect_eq(n, 40);
}

/* The bytes of the RFC's question, its case as asked; no EDNS record. */
Test(clat_v4only, d7050_01_02_question)
{
	uint8_t want[V4ONLY_QUESTION_LEN];
	uint8_t got[V4ONLY_QUESTION_LEN];

	cr_assert_eq(unhex(want, "123401000001000000000000"
				 "08697076346f6e6c7904617270610000"
				 "1c0001"),
		     V4ONLY_QUESTION_LEN);
	v4only_question(got, (struct v4only_ask){ 0x1234, 0 });
	cr_expect_arr_eq(got, want, V4ONLY_QUESTION_LEN);
	v4only_question(got, (struct v4only_ask){ 0x1234, 0x7ff });
	cr_expect_eq(memcmp(got + 12, "\10IPV4ONLY\4ARPA", 15), 0);
	v4only_question(got, (struct v4only_ask){ 0x1234, 0x401 });
	cr_expect_eq(memcmp(got + 12, "\10Ipv4only\4arpA", 15), 0);
}
