/* SPDX-License-Identifier: MIT */
/* Questions of our own, and what answers say of addresses. */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "dns/named.h"

/* example.net, as in RFC 1035, 3.1. */
#define NAME     "\7example\3net"
#define NAME_LEN 13u

static const struct named_ask ask6 = {
	.q = { { NAME_LEN, NAME }, MSG_AAAA, MSG_IN },
	.id = 0x1234,
};

static const struct named_ask ask4 = {
	.q = { { NAME_LEN, NAME }, MSG_A, MSG_IN },
	.id = 0x1234,
};

/* Header, question, an alias to x.example.net, and its address. */
#define HEAD  "\x12\x34\x81\x80\0\1\0\2\0\0\0\0"
#define QUEST NAME "\0\0\x1c\0\1"
#define ALIAS "\xc0\x0c\0\5\0\1\0\0\0\x3c\0\4\1x\xc0\x0c"
#define AAAA  "\xc0\x29\0\x1c\0\1\0\0\0\x3c\0\x10" V6
#define V6    "\x20\1\xd\xb8\0\0\0\0\0\0\0\0\0\0\0\1"

static const uint8_t good[] = HEAD QUEST ALIAS AAAA;
#define GOOD_LEN (sizeof(good) - 1)

/* @good with one byte changed; read from memory that ends where it does. */
static struct named changed(size_t at, uint8_t value, size_t len)
{
	uint8_t *copy = malloc(len ? len : 1);
	struct named n;

	memcpy(copy, good, len);
	if (at < len)
		copy[at] = value;
	n = named_answer(&ask6, copy, len);
	free(copy);
	return n;
}

Test(dns_named, question)
{
	static const uint8_t want[] = "\x12\x34\1\0\0\1\0\0\0\0\0\0" QUEST;
	uint8_t buf[NAMED_QUESTION_MAX];
	const size_t len = named_question(buf, &ask6);

	cr_assert_eq(len, sizeof(want) - 1);
	cr_expect_arr_eq(buf, want, len);
}

/* RFC 6891, 6.1.2: root, type 41, size, DO; RFC 7830, 3: option 12. */
Test(dns_named, question_with_padding)
{
	static const uint8_t opt[] =
		"\0\0\x29\x10\0\0\0\x80\0\0\6\0\xc\0\2\0\0";
	struct named_ask ask = ask6;
	uint8_t buf[NAMED_QUESTION_MAX];
	const size_t plain = named_question(buf, &ask);

	ask.pad = 2;
	cr_assert_eq(named_question(buf, &ask), plain + sizeof(opt) - 1);
	cr_expect_arr_eq(buf + plain, opt, sizeof(opt) - 1);
	cr_expect_eq(buf[11], 1);
	ask.pad = NAMED_PAD_MAX;
	cr_expect_eq(named_question(buf, &ask), plain + 15 + NAMED_PAD_MAX);
}

Test(dns_named, address_behind_an_alias)
{
	const struct named n = named_answer(&ask6, good, GOOD_LEN);

	cr_assert_eq(n.what, NAMED_ANSWER);
	cr_assert_eq(n.count, 1);
	cr_expect_eq(n.addrs[0].hi, 0x20010db800000000);
	cr_expect_eq(n.addrs[0].lo, 1);
}

Test(dns_named, address4)
{
	static const uint8_t msg[] =
		"\x12\x34\x81\x80\0\1\0\1\0\0\0\0" NAME
		"\0\0\1\0\1\xc0\x0c\0\1\0\1\0\0\0\x3c\0\4\xc0\0\2\x21";
	const struct named n = named_answer(&ask4, msg, sizeof(msg) - 1);

	cr_assert_eq(n.count, 1);
	cr_expect_eq(n.addrs[0].lo, 0xc0000221);
	cr_expect_eq(named_answer(&ask6, msg, sizeof(msg) - 1).what,
		     NAMED_IGNORE);
}

/* Id, QR, opcode, number of questions, name, type, class. */
Test(dns_named, others_are_not_the_answer)
{
	static const struct {
		uint8_t at, value;
	} t[] = { { 0, 0x13 }, { 1, 0x35 }, { 2, 0x01 }, { 2, 0x89 }, { 5, 0 },
		  { 5, 2 },    { 13, 'f' }, { 26, 1 },   { 28, 3 } };

	for (unsigned int i = 0; i < XL_COUNT(t); i++)
		cr_expect_eq(changed(t[i].at, t[i].value, GOOD_LEN).what,
			     NAMED_IGNORE, "byte %u", t[i].at);
	cr_expect_eq(changed(13, 'E', GOOD_LEN).what, NAMED_ANSWER);
}

Test(dns_named, servers_that_fail)
{
	for (unsigned int rcode = 0; rcode < 16; rcode++) {
		const struct named n =
			changed(3, (uint8_t)(0x80 | rcode), GOOD_LEN);

		cr_expect_eq(n.what,
			     rcode == MSG_NOERROR || rcode == MSG_NXDOMAIN
				     ? NAMED_ANSWER
				     : NAMED_FAILED,
			     "rcode %u", rcode);
	}
	cr_expect_eq(changed(2, 0x83, GOOD_LEN).what, NAMED_FAILED, "TC");
}

/* Cut at every length, with memory that ends there (ASan); a name that points
 * at itself; an address of the wrong length. */
Test(dns_named, damaged)
{
	for (size_t len = 0; len < GOOD_LEN; len++)
		cr_expect_eq(changed(0, 0x12, len).what, NAMED_IGNORE,
			     "%zu bytes", len);
	cr_expect_eq(good[46], 0x29);
	cr_expect_eq(changed(46, 45, GOOD_LEN).what, NAMED_IGNORE, "loop");
	cr_expect_eq(changed(56, 15, GOOD_LEN).what, NAMED_IGNORE, "length");
}

/* Any byte, any value: it ends, and reads nothing that is not there (ASan). */
Test(dns_named, any_byte)
{
	for (size_t at = 0; at < GOOD_LEN; at++)
		for (unsigned int value = 0; value < 256; value++) {
			const struct named n =
				changed(at, (uint8_t)value, GOOD_LEN);

			cr_expect_leq(n.count, NAMED_ADDRS);
		}
}
