/* SPDX-License-Identifier: MIT */
/*
 * Scenarios for the DNS64 query machine: what a client asks and a scripted
 * server answers, and the whole reply. Numbers like D64-03 in names are those
 * of the list of requirements; the expected texts follow from the RFCs.
 */
#include "dns_scene.h"

#define AXFR 252

/* Without a cache: each question is asked of the server. */
SCENES(dns_query, 0);

Test(dns_query, d64_03_04_15_synthesises)
{
	ask("www.example", 28, NO_EDNS);
	/* D64-78: EDNS always, 1232 bytes. */
	ASKS("0 rd\nqd www.example. 1 28\nopt 1232 00000000 \n");
	no_aaaa("example", 900);
	ASKS("0 rd\nqd www.example. 1 1\nopt 1232 00000000 \n");
	answer(0);
	dm_a(&msg, "www.example", 300, "198.41.0.4");
	dm_a(&msg, "www.example", 300, "8.8.8.8");
	send_answer();
	REPLIES("0 qr rd ra\nqd www.example. 1 28\n"
		"an www.example. 300 AAAA 64:ff9b::c629:4\n"
		"an www.example. 300 AAAA 64:ff9b::808:808\n");
	cr_expect_eq(be_get16(reply_buf), 0x7777, "the client's id");
	cr_expect_eq(query.used, 0, "the slot is free again");
	cr_expect_eq(query.up.used, 0, "and the ask");
	cr_expect_eq(query.count[COUNT_SYNTHESISED], 1);
	cr_expect_eq(query.count[COUNT_UPSTREAM], 2, "D64-15");
}

Test(dns_query, d64_02_native_wins)
{
	ask("www.example", 28, NO_EDNS);
	answer(0);
	dm_aaaa(&msg, "www.example", 77, "2606:4700::1");
	send_answer();
	REPLIES("0 qr rd ra\nqd www.example. 1 28\n"
		"an www.example. 77 AAAA 2606:4700::1\n");
	cr_expect_eq(query.count[COUNT_UPSTREAM], 1);
}

Test(dns_query, d64_05_07_others_pass)
{
	ask("www.example", 1, NO_EDNS);
	one_a("www.example", 5, "10.0.0.1");
	REPLIES("0 qr rd ra\nqd www.example. 1 1\n"
		"an www.example. 5 A 10.0.0.1\n");
	/* RFC 3597: data of unknown types is not looked into, even if it
	 * looks like a compressed name. */
	ask("x.example", 65280, NO_EDNS);
	answer(0);
	dm_rr(&msg, 1, "x.example", 65280, 9, "\3abc\300\14", 6);
	send_answer();
	REPLIES("0 qr rd ra\nqd x.example. 1 65280\n"
		"an x.example. 9 TYPE65280 03616263c00c\n");
}

Test(dns_query, d64_09_neither)
{
	ask("v.example", 28, NO_EDNS);
	no_aaaa("example", 60);
	answer(0);
	dm_soa(&msg, "example", 61);
	send_answer();
	REPLIES("0 qr rd ra\nqd v.example. 1 28\n"
		"ns example. 61 SOA ns.invalid.\n");
}

Test(dns_query, d64_10_nxdomain_is_final)
{
	ask("no.example", 28, NO_EDNS);
	answer(3);
	dm_soa(&msg, "example", 60);
	send_answer();
	REPLIES("3 qr rd ra\nqd no.example. 1 28\n"
		"ns example. 60 SOA ns.invalid.\n");
}

Test(dns_query, d64_12_13_bytes_and_case)
{
	dm_begin(&msg, 1, 0x0100);
	dm_bytes(&msg, "\4a.\0B\2cD\0\0\34\0\1", 13);
	dm_bump(&msg, 0);
	ask_msg();
	ASKS("0 rd\nqd a\\046\\000B.cD. 1 28\nopt 1232 00000000 \n");
	no_aaaa("cd", 60);
	/* D64-82, up-lower: the server may answer in lower case. */
	dm_begin(&msg, be_get16(asked), 0x8180);
	dm_bytes(&msg, "\4a.\0b\2cd\0\0\1\0\1", 13);
	dm_bump(&msg, 0);
	dm_bytes(&msg, "\300\14\0\1\0\1\0\0\0\36\0\4\10\10\4\4", 16);
	dm_bump(&msg, 1);
	send_answer();
	REPLIES("0 qr rd ra\nqd a\\046\\000B.cD. 1 28\n"
		"an a\\046\\000B.cD. 30 AAAA 64:ff9b::808:404\n");
}

Test(dns_query, d64_16_no_recursion_no_synthesis)
{
	dm_begin(&msg, 9, 0);
	dm_question(&msg, "www.example", 28);
	ask_msg();
	ASKS("0\nqd www.example. 1 28\nopt 1232 00000000 \n");
	no_aaaa("example", 60);
	REPLIES("0 qr ra\nqd www.example. 1 28\n"
		"ns example. 60 SOA ns.invalid.\n");
}

Test(dns_query, d64_17_additional_passes)
{
	uint8_t a[4] = { 9, 9, 9, 9 };

	ask("www.example", 28, NO_EDNS);
	no_aaaa("example", 60);
	answer(0);
	dm_a(&msg, "www.example", 30, "8.8.8.8");
	dm_rr_name(&msg, 2, "example", 2, 50, "ns.example");
	dm_rr(&msg, 3, "ns.example", 1, 50, a, 4);
	send_answer();
	REPLIES("0 qr rd ra\nqd www.example. 1 28\n"
		"an www.example. 30 AAAA 64:ff9b::808:808\n"
		"ns example. 50 NS ns.example.\n"
		"ar ns.example. 50 A 9.9.9.9\n");
}

Test(dns_query, d64_22_several_prefixes)
{
	synth.prefixes[0] = (struct pref64){ { 0x20010db801220344ull, 0 }, 64 };
	synth.prefixes[1] = (struct pref64){ { 0x20010db801220000ull, 0 }, 48 };
	synth.prefix_count = 2;
	ask("w.example", 28, NO_EDNS);
	no_aaaa("example", 60);
	one_a("w.example", 30, "192.0.2.33");
	/* The addresses are the examples of RFC 6052, 2.4. */
	REPLIES("0 qr rd ra\nqd w.example. 1 28\n"
		"an w.example. 30 AAAA 2001:db8:122:344:c0:2:2100:0\n"
		"an w.example. 30 AAAA 2001:db8:122:c000:2:2100::\n");
}

Test(dns_query, d64_25_27_not_global)
{
	ask("w.example", 28, NO_EDNS);
	no_aaaa("example", 60);
	answer(0);
	dm_a(&msg, "w.example", 30, "10.0.0.1");
	dm_a(&msg, "w.example", 30, "9.9.9.9");
	send_answer();
	REPLIES("0 qr rd ra\nqd w.example. 1 28\n"
		"an w.example. 30 AAAA 64:ff9b::909:909\n");
	ask("w.example", 28, NO_EDNS);
	no_aaaa("example", 60);
	one_a("w.example", 30, "10.0.0.1");
	REPLIES("0 qr rd ra\nqd w.example. 1 28\n"
		"ns example. 60 SOA ns.invalid.\n");
	cr_expect_eq(query.count[COUNT_NODATA], 1);
}

Test(dns_query, d64_28_29_42_excluded)
{
	ask("e.example", 28, NO_EDNS);
	answer(0);
	dm_aaaa(&msg, "e.example", 30, "::ffff:9.9.9.9");
	send_answer();
	ASKS("0 rd\nqd e.example. 1 1\nopt 1232 00000000 \n");
	one_a("e.example", 700, "9.9.9.9");
	/* D64-42: no SOA, so 600 at most. */
	REPLIES("0 qr rd ra\nqd e.example. 1 28\n"
		"an e.example. 600 AAAA 64:ff9b::909:909\n");
	ask("e.example", 28, NO_EDNS);
	answer(0);
	dm_aaaa(&msg, "e.example", 30, "::ffff:9.9.9.9");
	dm_aaaa(&msg, "e.example", 30, "2606::1");
	send_answer();
	REPLIES("0 qr rd ra\nqd e.example. 1 28\n"
		"an e.example. 30 AAAA 2606::1\n");
}

Test(dns_query, d64_32_stripped_loses_signature)
{
	ask("e.example", 28, DO);
	answer(0);
	dm_aaaa(&msg, "e.example", 30, "::ffff:9.9.9.9");
	dm_aaaa(&msg, "e.example", 30, "2606::1");
	dm_rr(&msg, 1, "e.example", 46, 30, "\0\34signature", 11);
	send_answer();
	REPLIES("0 qr rd ra\nqd e.example. 1 28\n"
		"an e.example. 30 AAAA 2606::1\nopt 1232 00008000 \n");
}

Test(dns_query, d64_33_35_40_cname)
{
	ask("a.example", 28, NO_EDNS);
	answer(0);
	dm_rr_name(&msg, 1, "a.example", 5, 1000, "b.example");
	send_answer(); /* D64-35: bare CNAME, no SOA */
	ASKS("0 rd\nqd a.example. 1 1\nopt 1232 00000000 \n");
	answer(0);
	dm_rr_name(&msg, 1, "a.example", 5, 1000, "b.example");
	dm_rr_name(&msg, 1, "b.example", 5, 20, "C.example");
	dm_a(&msg, "c.example", 30, "9.9.9.9");
	dm_a(&msg, "unrelated.example", 30, "8.8.8.8");
	send_answer();
	REPLIES("0 qr rd ra\nqd a.example. 1 28\n"
		"an a.example. 1000 CNAME b.example.\n"
		"an b.example. 20 CNAME C.example.\n"
		"an C.example. 30 AAAA 64:ff9b::909:909\n");
}

Test(dns_query, d64_36_cname_without_address)
{
	ask("a.example", 28, NO_EDNS);
	for (int i = 0; i < 2; i++) {
		answer(0);
		dm_rr_name(&msg, 1, "a.example", 5, 10, "b.example");
		dm_soa(&msg, "example", 20);
		send_answer();
	}
	REPLIES("0 qr rd ra\nqd a.example. 1 28\n"
		"an a.example. 10 CNAME b.example.\n"
		"ns example. 20 SOA ns.invalid.\n");
	ask("a.example", 28, NO_EDNS);
	answer(3);
	dm_rr_name(&msg, 1, "a.example", 5, 10, "b.example");
	dm_soa(&msg, "example", 20);
	send_answer();
	REPLIES("3 qr rd ra\nqd a.example. 1 28\n"
		"an a.example. 10 CNAME b.example.\n"
		"ns example. 20 SOA ns.invalid.\n");
}

Test(dns_query, d64_37_dname)
{
	ask("a.old.example", 28, NO_EDNS);
	no_aaaa("example", 60);
	answer(0);
	dm_rr_name(&msg, 1, "old.example", 39, 40, "new.example");
	dm_rr_name(&msg, 1, "a.old.example", 5, 40, "a.new.example");
	dm_a(&msg, "a.new.example", 30, "9.9.9.9");
	send_answer();
	REPLIES("0 qr rd ra\nqd a.old.example. 1 28\n"
		"an old.example. 40 DNAME new.example.\n"
		"an a.old.example. 40 CNAME a.new.example.\n"
		"an a.new.example. 30 AAAA 64:ff9b::909:909\n");
}

Test(dns_query, d64_39_loops_end)
{
	ask("a.example", 28, NO_EDNS);
	for (int i = 0; i < 2; i++) {
		answer(0);
		dm_rr_name(&msg, 1, "a.example", 5, 10, "b.example");
		dm_rr_name(&msg, 1, "b.example", 5, 10, "a.example");
		send_answer();
	}
	REPLIES("0 qr rd ra\nqd a.example. 1 28\n"
		"an a.example. 10 CNAME b.example.\n"
		"an b.example. 10 CNAME a.example.\n");
}

Test(dns_query, d64_41_43_44_ttl)
{
	static const struct {
		unsigned long soa, a, b, expect;
	} rows[] = {
		{ 900, 300, 300, 300 },    { 60, 300, 300, 60 },
		{ 900, 300, 200, 200 },    { 900, 0, 0, 0 },
		{ 900, 0x80000000, 5, 0 }, { 0, 300, 300, 0 },
	};
	char line[200];

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		ask("t.example", 28, NO_EDNS);
		no_aaaa("example", rows[i].soa);
		answer(0);
		dm_a(&msg, "t.example", rows[i].a, "9.9.9.9");
		dm_a(&msg, "t.example", rows[i].b, "8.8.8.8");
		send_answer();
		sprintf(line,
			"0 qr rd ra\nqd t.example. 1 28\n"
			"an t.example. %lu AAAA 64:ff9b::909:909\n"
			"an t.example. %lu AAAA 64:ff9b::808:808\n",
			rows[i].expect, rows[i].expect);
		REPLIES(line);
	}
}

Test(dns_query, d64_47_errors_count_as_nothing)
{
	static const unsigned int rcodes[] = { 2, 5, 4, 9 };

	for (size_t i = 0; i < 4; i++) {
		ask("e.example", 28, NO_EDNS);
		answer(rcodes[i]);
		send_answer();
		ASKS("0 rd\nqd e.example. 1 1\nopt 1232 00000000 \n");
		one_a("e.example", 30, "9.9.9.9");
		REPLIES("0 qr rd ra\nqd e.example. 1 28\n"
			"an e.example. 30 AAAA 64:ff9b::909:909\n");
	}
}

Test(dns_query, d64_55_errors_passed_on)
{
	static const unsigned int errors[] = { 1, 2, 4, 5 };

	synth.pass_errors = true;
	for (unsigned int i = 0; i < sizeof(errors) / sizeof(errors[0]); i++) {
		ask("e.example", 28, NO_EDNS);
		answer(errors[i]);
		dm_opt(&msg, 1232, 0, -1);
		send_answer();
		cr_expect_eq(step.what, QUERY_REPLY);
		cr_expect_eq(reply_buf[3] & 15, errors[i]);
	}
	/* Silence counts as SERVFAIL here, too. */
	ask("e.example", 28, NO_EDNS);
	for (int i = 0; i < 2; i++) {
		event.now = query_deadline(&query);
		step = query_expired(&query, &event);
		look();
	}
	REPLIES("2 qr rd ra\nqd e.example. 1 28\n");
	/* Absence is no error. */
	ask("a.example", 28, NO_EDNS);
	no_aaaa("example", 900);
	ASKS("0 rd\nqd a.example. 1 1\nopt 1232 00000000 \n");
}

Test(dns_query, d64_48_50_timeout_counts_as_servfail)
{
	ask("e.example", 28, NO_EDNS);
	/* A datagram may have been lost. */
	event.now += UPSTREAM_PATIENCE;
	cr_expect_eq(query_expired(&query, &event).what, QUERY_RESEND);
	event.now += 1200 * MS; /* D64-50: not yet */
	cr_expect_eq(query_expired(&query, &event).what, QUERY_WAIT);
	cr_expect_gt(query_deadline(&query), event.now);
	event.now += 400 * MS;
	step = query_expired(&query, &event);
	look();
	ASKS("0 rd\nqd e.example. 1 1\nopt 1232 00000000 \n");
	one_a("e.example", 30, "9.9.9.9");
	REPLIES("0 qr rd ra\nqd e.example. 1 28\n"
		"an e.example. 30 AAAA 64:ff9b::909:909\n");
	cr_expect_eq(query_deadline(&query), UINT64_MAX);
}

Test(dns_query, d64_49_failed_validation_is_final)
{
	static const int codes[] = { 1, 2, 5, 6, 7, 8, 9, 10, 11, 12, 27 };
	char line[200];

	for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++) {
		ask("b.example", 28, EDNS);
		answer(2);
		dm_opt(&msg, 1232, 0, codes[i]);
		send_answer();
		sprintf(line,
			"2 qr rd ra\nqd b.example. 1 28\n"
			"opt 1232 00000000 000f0002%04x\n",
			codes[i]);
		REPLIES(line);
	}
	/* 22, "no reachable authority", is no such failure. */
	ask("b.example", 28, EDNS);
	answer(2);
	dm_opt(&msg, 1232, 0, 22);
	send_answer();
	ASKS("0 rd\nqd b.example. 1 1\nopt 1232 00000000 \n");
}

Test(dns_query, d64_51_52_both_fail)
{
	ask("e.example", 28, NO_EDNS);
	answer(5);
	send_answer();
	answer(5);
	send_answer();
	REPLIES("2 qr rd ra\nqd e.example. 1 28\n");
	ask("e.example", 28, NO_EDNS);
	no_aaaa("example", 60);
	answer(2);
	send_answer();
	REPLIES("2 qr rd ra\nqd e.example. 1 28\n");
	ask("e.example", 28, NO_EDNS);
	answer(2);
	send_answer();
	answer(3);
	dm_soa(&msg, "example", 20);
	send_answer();
	REPLIES("3 qr rd ra\nqd e.example. 1 28\n"
		"ns example. 20 SOA ns.invalid.\n");
}

Test(dns_query, d64_54_wrong_family_in_aaaa_answer)
{
	ask("k.example", 28, NO_EDNS);
	answer(0);
	dm_a(&msg, "k.example", 30, "9.9.9.9");
	dm_aaaa(&msg, "k.example", 30, "2606::1");
	send_answer();
	REPLIES("0 qr rd ra\nqd k.example. 1 28\n"
		"an k.example. 30 AAAA 2606::1\n");
}

Test(dns_query, d64_68_70_73_signed_absence_is_left_alone)
{
	ask("s.example", 28, DO);
	ASKS("0 rd\nqd s.example. 1 28\nopt 1232 00008000 \n");
	answer(0);
	dm_soa(&msg, "example", 60);
	dm_rr(&msg, 2, "example", 46, 60, "\0\6sig", 5);
	send_answer();
	REPLIES("0 qr rd ra\nqd s.example. 1 28\n"
		"ns example. 60 SOA ns.invalid.\n"
		"ns example. 60 TYPE46 0006736967\nopt 1232 00008000 \n");
	/* DO clear: no signature reaches the client, and we synthesise. */
	ask("s.example", 28, EDNS);
	answer(0);
	dm_soa(&msg, "example", 60);
	dm_rr(&msg, 2, "example", 46, 60, "\0\6sig", 5);
	send_answer();
	answer(0);
	dm_a(&msg, "s.example", 30, "9.9.9.9");
	dm_rr(&msg, 1, "s.example", 46, 30, "\0\1sig", 5);
	send_answer();
	REPLIES("0 qr rd ra\nqd s.example. 1 28\n"
		"an s.example. 30 AAAA 64:ff9b::909:909\n"
		"opt 1232 00000000 000f0002001d\n");
	/* Unsigned: synthesise for DO too. */
	ask("s.example", 28, DO);
	no_aaaa("example", 60);
	one_a("s.example", 30, "9.9.9.9");
	REPLIES("0 qr rd ra\nqd s.example. 1 28\n"
		"an s.example. 30 AAAA 64:ff9b::909:909\n"
		"opt 1232 00008000 000f0002001d\n");
}

Test(dns_query, d64_69_signed_data_passes_unvalidated)
{
	ask("s.example", 28, DO);
	answer(0);
	msg.b[3] |= 0x20; /* AD */
	dm_aaaa(&msg, "s.example", 60, "2606::1");
	dm_rr(&msg, 1, "s.example", 46, 60, "\0\34sig", 5);
	send_answer();
	REPLIES("0 qr rd ra\nqd s.example. 1 28\n"
		"an s.example. 60 AAAA 2606::1\n"
		"an s.example. 60 TYPE46 001c736967\nopt 1232 00008000 \n");
}

Test(dns_query, checking_disabled_means_hands_off)
{
	ask("s.example", 28, CD | DO);
	ASKS("0 rd cd\nqd s.example. 1 28\nopt 1232 00008000 \n");
	answer(0);
	msg.b[3] |= 0x10;
	dm_aaaa(&msg, "s.example", 60, "::ffff:1.2.3.4");
	send_answer();
	REPLIES("0 qr rd ra cd\nqd s.example. 1 28\n"
		"an s.example. 60 AAAA ::ffff:1.2.3.4\n"
		"opt 1232 00008000 \n");
}

static void many(unsigned int records, unsigned int how)
{
	char addr[20];

	ask("m.example", 28, how);
	no_aaaa("example", 60);
	answer(0);
	for (unsigned int i = 0; i < records; i++) {
		sprintf(addr, "9.9.%u.%u", i / 256, i % 256);
		dm_a(&msg, "m.example", 60, addr);
	}
	send_answer();
}

Test(dns_query, d64_74_75_sizes)
{
	/* 12 + 15 for header and question, 28 a record: 17 fit 512. */
	many(17, NO_EDNS);
	cr_expect_eq(step.len, 12 + 15 + 17 * 28);
	cr_expect_eq(reply_buf[2] & 2, 0);
	many(18, NO_EDNS);
	REPLIES("0 qr tc rd ra\nqd m.example. 1 28\n");
	cr_expect_eq(query.count[COUNT_TRUNCATED], 1);
	many(18, EDNS);
	cr_expect_eq(step.len, 12 + 15 + 18 * 28 + 17);
	many(60, EDNS);
	REPLIES("0 qr tc rd ra\nqd m.example. 1 28\n"
		"opt 1232 00000000 000f0002001d\n");
	client.tcp = true;
	many(60, NO_EDNS);
	cr_expect_eq(step.len, 12 + 15 + 60 * 28);
}

Test(dns_query, additional_data_is_no_reason_for_tc)
{
	uint8_t a[4] = { 0 };

	ask("m.example", 28, NO_EDNS);
	answer(0);
	dm_aaaa(&msg, "m.example", 60, "2606::1");
	for (unsigned int i = 0; i < 200; i++)
		dm_rr(&msg, 3, "n.example", 1, 60, a, 4);
	send_answer();
	cr_expect_leq(step.len, 512);
	cr_expect_gt(step.len, 480);
	cr_expect_eq(reply_buf[2] & 2, 0);
	cr_expect_null(strstr(show(reply_buf, step.len), "BAD"));
}

Test(dns_query, d64_76_edns)
{
	dm_begin(&msg, 1, 0x0100);
	dm_question(&msg, "v.example", 28);
	dm_opt(&msg, 1232, 0x10000, -1);
	step = query_asked(&query, &event, &client, msg.b, msg.n);
	REPLIES("0 qr rd ra\nqd v.example. 1 28\nopt 1232 01000000 \n");
	dm_begin(&msg, 1, 0x0100);
	dm_question(&msg, "v.example", 28);
	dm_opt(&msg, 1232, 0, -1);
	dm_opt(&msg, 1232, 0, -1);
	step = query_asked(&query, &event, &client, msg.b, msg.n);
	cr_expect_eq(reply_buf[3] & 15, 1, "two OPT records");
}

Test(dns_query, d64_77_tcp_after_truncation)
{
	ask("t.example", 28, NO_EDNS);
	answer(0);
	msg.b[2] |= 2;
	send_answer();
	ASKS("0 rd\nqd t.example. 1 28\nopt 1232 00000000 \n");
	cr_expect(query.up.asks[step.ask].tcp);
	answer(0);
	dm_aaaa(&msg, "t.example", 60, "2606::1");
	send_answer();
	REPLIES("0 qr rd ra\nqd t.example. 1 28\n"
		"an t.example. 60 AAAA 2606::1\n");
	cr_expect_eq(query.count[COUNT_UPSTREAM_TCP], 1);
}

Test(dns_query, d64_78_server_without_edns)
{
	ask("f.example", 28, NO_EDNS);
	dm_begin(&msg, be_get16(asked), 0x8181); /* no question either */
	send_answer();
	ASKS("0 rd\nqd f.example. 1 28\n");
	no_aaaa("example", 60);
	ASKS("0 rd\nqd f.example. 1 1\n");
}

Test(dns_query, d64_80_not_questions)
{
	dm_begin(&msg, 1, 0x8100);
	dm_question(&msg, "q.example", 28);
	step = query_asked(&query, &event, &client, msg.b, msg.n);
	cr_expect_eq(step.what, QUERY_DROP, "QR");
	dm_begin(&msg, 1, 0x0100);
	dm_question(&msg, "q.example", 28);
	dm_question(&msg, "q.example", 1);
	step = query_asked(&query, &event, &client, msg.b, msg.n);
	REPLIES("1 qr rd ra\n");
	dm_begin(&msg, 1, 0x0100);
	step = query_asked(&query, &event, &client, msg.b, msg.n);
	REPLIES("1 qr rd ra\n");
	dm_begin(&msg, 1, 0x2900); /* UPDATE */
	dm_question(&msg, "q.example", 6);
	step = query_asked(&query, &event, &client, msg.b, msg.n);
	REPLIES("4 qr rd ra\n");
	ask("q.example", AXFR, NO_EDNS);
	REPLIES("4 qr rd ra\nqd q.example. 1 252\n");
}

Test(dns_query, d64_82_forgeries)
{
	ask("f.example", 28, NO_EDNS);
	answer(0);
	dm_aaaa(&msg, "f.example", 60, "2606::bad");
	msg.b[0] ^= 1;
	step = query_answered(&query, &event, step.ask, msg.b, msg.n);
	cr_expect_eq(step.what, QUERY_WAIT, "wrong id");
	msg.b[0] ^= 1;
	msg.b[13] ^= 3;
	step = query_answered(&query, &event, 0, msg.b, msg.n);
	cr_expect_eq(step.what, QUERY_WAIT, "wrong name");
	msg.b[13] ^= 3;
	msg.b[2] &= 0x7f;
	step = query_answered(&query, &event, 0, msg.b, msg.n);
	cr_expect_eq(step.what, QUERY_WAIT, "a question");
	msg.b[2] |= 0x80;
	step = query_answered(&query, &event, 0, msg.b, msg.n);
	REPLIES("0 qr rd ra\nqd f.example. 1 28\n"
		"an f.example. 60 AAAA 2606::bad\n");
	cr_expect_eq(query.count[COUNT_UPSTREAM_FOREIGN], 3);
}

Test(dns_query, d64_85_clients)
{
	client.addr.hi++; /* still inside */
	ask("c.example", 28, NO_EDNS);
	cr_expect_eq(step.what, QUERY_ASK);
	client.addr.hi = 0x20010db900000000ull;
	ask("c.example", 28, EDNS);
	REPLIES("5 qr rd ra\nqd c.example. 1 28\n"
		"opt 1232 00000000 000f00020012\n");
	cr_expect_eq(query.count[COUNT_REFUSED], 1);
}

static void add_ignored(const char *text)
{
	struct dm m = { .n = 0 };

	dm_name(&m, text);
	memcpy(synth.ignore[0].b, m.b, m.n);
	synth.ignore[0].len = (uint8_t)m.n;
	synth.ignore_count = 1;
}

Test(dns_query, d64_87_ignored_aaaa)
{
	add_ignored("broken.example");
	ask("w.Broken.example", 28, NO_EDNS);
	ASKS("0 rd\nqd w.Broken.example. 1 1\nopt 1232 00000000 \n");
	one_a("w.broken.example", 700, "9.9.9.9");
	REPLIES("0 qr rd ra\nqd w.Broken.example. 1 28\n"
		"an w.Broken.example. 600 AAAA 64:ff9b::909:909\n");
	ask("w.broken.example", 28, NO_EDNS);
	answer(0);
	dm_soa(&msg, "example", 60);
	send_answer();
	ASKS("0 rd\nqd w.broken.example. 1 28\nopt 1232 00000000 \n");
	answer(0);
	dm_aaaa(&msg, "w.broken.example", 60, "2606::1");
	send_answer();
	REPLIES("0 qr rd ra\nqd w.broken.example. 1 28\n"
		"an w.broken.example. 60 AAAA 2606::1\n");
	ask("notbroken.example", 28, NO_EDNS);
	ASKS("0 rd\nqd notbroken.example. 1 28\nopt 1232 00000000 \n");
}

static unsigned int server(void)
{
	return query.up.asks[step.ask].server;
}

Test(dns_query, servers_in_order)
{
	query.up.server_count = 2;
	ask("o.example", 28, NO_EDNS);
	cr_expect_eq(server(), 0);
	event.now += UPSTREAM_PATIENCE;
	step = query_expired(&query, &event);
	look();
	ASKS("0 rd\nqd o.example. 1 28\nopt 1232 00000000 \n");
	cr_expect_eq(server(), 1);
	/* A refused connection is quicker. */
	step = query_failed(&query, &event, step.ask);
	look();
	ASKS("0 rd\nqd o.example. 1 1\nopt 1232 00000000 \n");
	cr_expect_eq(server(), 0);
	for (int i = 0; i < 2; i++) {
		step = query_failed(&query, &event, step.ask);
		look();
	}
	REPLIES("2 qr rd ra\nqd o.example. 1 28\n");
	cr_expect_eq(query_deadline(&query), UINT64_MAX);
}

/* Failover within a second, and only for one question at a time. */
Test(dns_query, silent_server_is_asked_last)
{
	query.up.server_count = 2;
	for (unsigned int i = 0; i < UPSTREAM_DOWN_FAILS; i++) {
		ask("o.example", 1, NO_EDNS);
		cr_expect_eq(server(), 0);
		event.now += UPSTREAM_PATIENCE;
		cr_assert_leq(UPSTREAM_PATIENCE, 1000 * MS);
		step = query_expired(&query, &event);
		look();
		cr_expect_eq(server(), 1);
		answer(0);
		send_answer();
	}
	ask("o.example", 1, NO_EDNS);
	cr_expect_eq(server(), 1);
	event.now += UPSTREAM_DOWN_MIN;
	ask("p.example", 1, NO_EDNS);
	cr_expect_eq(server(), 0, "one question tries it out");
	ask("q.example", 1, NO_EDNS);
	cr_expect_eq(server(), 1, "the others do not");
}

/* Each time a server is found to be down it is left alone twice as long. */
Test(dns_query, back_off)
{
	uint64_t last = 0;

	query.up.server_count = 2;
	for (unsigned int i = 0; i < 20; i++) {
		query.up.servers[0].down_until = 0;
		ask("o.example", 1, NO_EDNS);
		cr_assert_eq(server(), 0);
		step = query_failed(&query, &event, step.ask);
		look();
		answer(0);
		send_answer();
		if (i % UPSTREAM_DOWN_FAILS + 1 < UPSTREAM_DOWN_FAILS)
			continue;
		cr_expect(query.up.servers[0].down_until - event.now ==
				  (last ? 2 * last : UPSTREAM_DOWN_MIN) ||
			  last == UPSTREAM_DOWN_MAX);
		last = query.up.servers[0].down_until - event.now;
	}
	cr_expect_eq(last, UPSTREAM_DOWN_MAX);
}

/* Of two servers that answer the much quicker one is asked. */
Test(dns_query, quicker_server_is_preferred)
{
	static const uint64_t takes[] = { 40 * MS, 10 * MS };
	unsigned int asked_second = 0;

	query.up.server_count = 2;
	for (unsigned int i = 0; i < 20; i++) {
		ask("o.example", 1, NO_EDNS);
		asked_second += server();
		event.now += takes[server()];
		answer(0);
		send_answer();
	}
	cr_expect_eq(asked_second, 19);
}

/* A server that says it cannot, or will not: perhaps another can. A failed
 * validation is not to be worked around. */
Test(dns_query, errors_are_taken_to_the_next_server)
{
	static const struct {
		unsigned int rcode;
		int ede;
		bool next;
	} rows[] = {
		{ 2, -1, true }, { 5, -1, true },  { 2, 22, true },
		{ 2, 6, false }, { 3, -1, false },
	};

	query.up.server_count = 2;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		ask("e.example", 1, NO_EDNS);
		answer(rows[i].rcode);
		if (rows[i].ede >= 0)
			dm_opt(&msg, 1232, 0, rows[i].ede);
		send_answer();
		cr_expect_eq(step.what == QUERY_ASK, rows[i].next, "%zu", i);
		if (!rows[i].next)
			continue;
		one_a("e.example", 9, "9.9.9.9");
		REPLIES("0 qr rd ra\nqd e.example. 1 1\n"
			"an e.example. 9 A 9.9.9.9\n");
	}
}

Test(dns_query, d64_82_many_forgeries_lead_to_tcp)
{
	ask("f.example", 1, NO_EDNS);
	for (unsigned int i = 1; i < UPSTREAM_FORGERIES; i++) {
		answer(0);
		msg.b[0] ^= 0xff;
		step = query_answered(&query, &event, 0, msg.b, msg.n);
		cr_assert_eq(step.what, QUERY_WAIT);
	}
	step = query_answered(&query, &event, 0, msg.b, msg.n);
	look();
	ASKS("0 rd\nqd f.example. 1 1\nopt 1232 00000000 \n");
	cr_expect(query.up.asks[step.ask].tcp);
	cr_expect_eq(query.count[COUNT_UPSTREAM_FORGED], 1);
}

static void expire_all(enum query_what what)
{
	for (int i = 0; i < 4; i++) {
		step = query_expired(&query, &event);
		cr_expect_eq(step.what, what, "%d", i);
		look();
	}
}

Test(dns_query, full_table)
{
	static const char *const names[] = { "a", "b", "c", "d" };

	for (int i = 0; i < 4; i++)
		ask(names[i], 28, NO_EDNS);
	ask("t.example", 28, NO_EDNS);
	REPLIES("2 qr rd ra\nqd t.example. 1 28\n");
	cr_expect_eq(query.count[COUNT_TABLE_FULL], 1);
	for (int i = 0; i < 2; i++) {
		event.now += UPSTREAM_PATIENCE;
		expire_all(QUERY_RESEND);
		event.now += UPSTREAM_LAST;
		expire_all(i ? QUERY_REPLY : QUERY_ASK);
	}
	cr_expect_eq(query_expired(&query, &event).what, QUERY_WAIT);
	cr_expect_eq(query.used, 0);
	cr_expect_eq(query.up.used, 0);
}

Test(dns_query, broken_answer_counts_as_servfail)
{
	ask("b.example", 28, NO_EDNS);
	answer(0);
	dm_rr(&msg, 1, "b.example", 5, 60, "\77short", 6);
	send_answer();
	ASKS("0 rd\nqd b.example. 1 1\nopt 1232 00000000 \n");
	answer(0);
	dm_rr(&msg, 1, "b.example", 5, 60, "\77short", 6);
	send_answer();
	REPLIES("2 qr rd ra\nqd b.example. 1 28\n");
	cr_expect_eq(query.count[COUNT_UPSTREAM_BROKEN], 2);
}

Test(dns_query, d64_01_other_classes)
{
	dm_begin(&msg, 1, 0x0100);
	dm_bytes(&msg, "\7version\4bind\0\0\34\0\3", 18);
	dm_bump(&msg, 0);
	ask_msg();
	ASKS("0 rd\nqd version.bind. 3 28\nopt 1232 00000000 \n");
	dm_begin(&msg, be_get16(asked), 0x8180);
	dm_bytes(&msg, "\7version\4bind\0\0\34\0\3", 18);
	dm_bump(&msg, 0);
	send_answer();
	REPLIES("0 qr rd ra\nqd version.bind. 3 28\n");
}

Test(dns_query, d64_08_any)
{
	ask("w.example", 255, NO_EDNS);
	one_a("w.example", 30, "9.9.9.9");
	REPLIES("0 qr rd ra\nqd w.example. 1 255\n"
		"an w.example. 30 A 9.9.9.9\n");
}

Test(dns_query, d64_11_shortest_and_longest_name)
{
	char longest[256] = "";

	ask("", 28, NO_EDNS);
	ASKS("0 rd\nqd . 1 28\nopt 1232 00000000 \n");
	no_aaaa("", 60);
	answer(0);
	dm_soa(&msg, "", 60);
	send_answer();
	REPLIES("0 qr rd ra\nqd . 1 28\nns . 60 SOA ns.invalid.\n");
	for (unsigned int i = 0; i < 127; i++)
		strcat(longest, i ? ".x" : "x");
	ask(longest, 28, NO_EDNS);
	no_aaaa("x", 60);
	one_a(longest, 30, "9.9.9.9");
	cr_assert_eq(step.what, QUERY_REPLY);
	cr_expect(strstr(show(reply_buf, step.len),
			 ".x.x. 30 AAAA 64:ff9b::909:909\n"));
}

Test(dns_query, d64_30_53_excluded_and_failed_behind_alias)
{
	for (unsigned int failed = 0; failed < 2; failed++) {
		ask("a.example", 28, NO_EDNS);
		answer(failed ? 2 : 0);
		if (!failed) {
			dm_rr_name(&msg, 1, "a.example", 5, 10, "b.example");
			dm_aaaa(&msg, "b.example", 30, "::ffff:9.9.9.9");
		}
		send_answer();
		answer(0);
		dm_rr_name(&msg, 1, "a.example", 5, 10, "c.example");
		dm_a(&msg, "c.example", 30, "9.9.9.9");
		send_answer();
		/* D64-38: the alias is the one of the A answer. */
		REPLIES("0 qr rd ra\nqd a.example. 1 28\n"
			"an a.example. 10 CNAME c.example.\n"
			"an c.example. 30 AAAA 64:ff9b::909:909\n");
	}
}

Test(dns_query, d64_34_38_long_chain_of_one_answer)
{
	char from[20], to[20];
	unsigned int found = 0;

	ask("c0.example", 28, NO_EDNS);
	no_aaaa("example", 60);
	answer(0);
	for (unsigned int i = 0; i < ANSWER_CHAIN; i++) {
		sprintf(from, "c%u.example", i);
		sprintf(to, "c%u.example", i + 1);
		dm_rr_name(&msg, 1, from, 5, 10, to);
	}
	dm_a(&msg, to, 30, "9.9.9.9");
	send_answer();
	for (const char *at = show(reply_buf, step.len);
	     (at = strstr(at, " CNAME ")); at++)
		found++;
	cr_expect_eq(found, 16);
	cr_expect(strstr(show(reply_buf, step.len),
			 "an c16.example. 30 AAAA 64:ff9b::909:909\n"));
}

/* D64-67: the server validates; what it refuses is refused, either way. */
Test(dns_query, d64_67_bogus_either_way)
{
	for (unsigned int bad_a = 0; bad_a < 2; bad_a++) {
		ask("b.example", 28, NO_EDNS);
		if (bad_a)
			no_aaaa("example", 60);
		answer(2);
		dm_opt(&msg, 1232, 0, 6);
		send_answer();
		REPLIES("2 qr rd ra\nqd b.example. 1 28\n");
	}
}

/* D64-72: a proof that there is no AAAA record says nothing about A. */
Test(dns_query, d64_72_proof_does_not_spare_the_a_question)
{
	ask("n.example", 28, NO_EDNS);
	answer(0);
	dm_soa(&msg, "example", 60);
	dm_rr(&msg, 2, "n.example", 47, 60, "\1z\0\0\1\2", 6);
	send_answer();
	ASKS("0 rd\nqd n.example. 1 1\nopt 1232 00000000 \n");
}

static unsigned int limited(enum query_what what, unsigned int flags)
{
	unsigned int n = 0;

	for (int i = 0; i < 20; i++) {
		ask("ipv4only.arpa", 28, NO_EDNS);
		n += step.what == what &&
		     (what == QUERY_DROP || reply_buf[2] == flags);
	}
	return n;
}

/* Of the same question from the same network: five answers a second, of the
 * other 15 every second truncated, and the rest not at all. */
Test(dns_query, d64_85_rate_limit)
{
	query.rrl.rate = 5;
	cr_expect_eq(limited(QUERY_REPLY, 0x81), 5);
	event.now += 1000 * MS;
	cr_expect_eq(limited(QUERY_REPLY, 0x83), 7);
	REPLIES("does not reply");
	event.now += 1000 * MS;
	cr_expect_eq(limited(QUERY_DROP, 0), 8);
	client.addr.lo = 0x1234567890ull; /* the same /56 */
	ask("ipv4only.arpa", 28, NO_EDNS);
	cr_expect(step.what == QUERY_DROP || reply_buf[2] == 0x83);
	ask("ipv4only.arpa", 1, NO_EDNS);
	cr_expect_eq(reply_buf[2], 0x81, "another question");
	client.addr.hi += 256;
	ask("ipv4only.arpa", 28, NO_EDNS);
	cr_expect_eq(reply_buf[2], 0x81, "another /56");
	client.addr.hi -= 256;
	client.tcp = true;
	cr_expect_eq(limited(QUERY_REPLY, 0x81), 20, "TCP cannot be forged");
	cr_expect_eq(query.count[COUNT_LIMITED], 46);
}
