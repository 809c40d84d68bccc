/* SPDX-License-Identifier: MIT */
/*
 * doctor.c - is this network ready for 464XLAT, and where does it break?
 */
#include <arpa/inet.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>

#include "applet.h"
#include "examine.h"
#include "log.h"
#include "parse.h"
#include "report.h"
#include "sandbox.h"

#define HOST "ipv4.google.com" /* has IPv4 only, for good */
#define ROOT 0xc6290004u       /* 198.41.0.4, a.root-servers.net */

/**
 * struct options - configuration
 */
struct options {
	struct examine_options examine;
	bool json;
	bool help;
	bool version;
};

static const char *parse_uplink(void *field, const char *text)
{
	*(const char **)field = text;
	return if_nametoindex(text) ? NULL : "an interface of this machine";
}

static const char *parse_host(void *field, const char *text)
{
	struct examine_options *o = field;

	o->host = text;
	return parse_name(text, &o->name);
}

static const struct option_row rows[] = {
	OPTION(struct options, examine.uplink, "uplink", "IF", parse_uplink,
	       OPTION_ARGS, "device to look at; default: by the routes"),
	OPTION(struct options, examine.pref64, "pref64", "PREFIX",
	       parse_pref64_row, OPTION_ARGS,
	       "try this prefix; default: the one that is found"),
	OPTION(struct options, examine, "name", "NAME", parse_host, OPTION_ARGS,
	       "a web server with IPv4 only; default: " HOST),
	OPTION(struct options, examine.target, "target", "ADDRESS",
	       parse_addr4_row, OPTION_ARGS,
	       "IPv4 address to reach; default: that of the name"),
	OPTION(struct options, examine.dns4, "fragments", "ADDRESS",
	       parse_addr4_row, OPTION_ARGS,
	       "DNS server with IPv4; default: 198.41.0.4"),
	OPTION(struct options, json, "json", NULL, parse_switch,
	       OPTION_SWITCH | OPTION_ARGS, "the verdicts as JSON"),
	OPTION(struct options, help, "help", NULL, parse_switch,
	       OPTION_SWITCH | OPTION_ARGS, "this text"),
	OPTION(struct options, version, "version", NULL, parse_switch,
	       OPTION_SWITCH | OPTION_ARGS, "print the version"),
};

static const struct option_group groups[] = {
	OPTION_GROUP("options", rows, 0),
};

static const struct option_table table = {
	.usage = "xlat doctor [OPTION]...",
	.about = "Is this network ready for 464XLAT, and where does it break?",
	.groups = groups,
	.count = XL_COUNT(groups),
};

static void put_net(char *out, struct addr6 a, unsigned int len)
{
	uint8_t wire[16];

	addr6_store(wire, a);
	inet_ntop(AF_INET6, wire, out, INET6_ADDRSTRLEN);
	if (len < 128)
		snprintf(out + strlen(out), 5, "/%u", len);
}

static void put_prefix(char *out, struct pref64 p)
{
	if (p.len)
		put_net(out, p.prefix, p.len);
}

/* The value that a verdict is about, or "". */
static void value(const struct examine *x, enum verdict_check check,
		  char out[64])
{
	const struct findings *f = &x->found;

	*out = '\0';
	if (check == VERDICT_ADDRESS && f->source.why == SOURCE_OK)
		put_net(out, f->source.net, 64);
	if (check == VERDICT_ROUTE)
		snprintf(out, 64, "%s", x->view.name);
	if (check == VERDICT_RESOLVER && f->answered)
		put_net(out, x->servers[0], 128);
	if (check == VERDICT_DNS64)
		put_prefix(out, f->by_dns[0]);
	if (check == VERDICT_NAME && f->name_aaaa.count)
		put_net(out, f->name_aaaa.addrs[0], 128);
	if (check == VERDICT_PREF64)
		put_prefix(out, f->by_ra);
	if (check == VERDICT_PLAT_TCP && f->tcp == REACH_ERROR)
		snprintf(out, 64, "%s", strerror(x->web.err));
	else if ((check == VERDICT_PLAT_TCP || check == VERDICT_PLAT_PING) &&
		 f->tcp != REACH_NOT_TRIED)
		put_net(out, x->target, 128);
	if (check == VERDICT_MTU_OUT && f->out)
		snprintf(out, 64, "%u", f->out);
	if (check == VERDICT_MTU_IN && f->in + f->segment)
		snprintf(out, 64, "%u",
			 f->in > f->segment ? f->in : f->segment);
}

static void show_text(const char *name, const char *grade,
		      const struct verdict *v, const char *about)
{
	printf("%-8s %-12s %s%s%s%s%s\n", grade, name, v->found,
	       *about ? ": " : "", about, v->advice ? "; " : "",
	       v->advice ? v->advice : "");
}

static void show_json(struct report *r, const char *name, const char *grade,
		      const struct verdict *v, const char *about)
{
	report_record(r);
	report_text(r, "check", 0, name);
	report_text(r, "verdict", 0, grade);
	report_text(r, "found", 0, v->found);
	report_text(r, "value", 0, about);
	report_text(r, "advice", 0, v->advice ? v->advice : "");
	report_record_end(r);
}

static void show(const struct examine *x, bool json)
{
	static const char *const grades[] = { "ok", "warning", "fail",
					      "unknown" };
	static char buf[2 * REPORT_RECORD_MAX];
	struct report r = {
		.json = true, .table = true, .buf = buf, .size = sizeof(buf)
	};
	char about[64];

	report_begin(&r);
	for (enum verdict_check c = 0; c < VERDICT_COUNT; c++) {
		const struct verdict v = verdict_of(c, &x->found);

		value(x, c, about);
		if (json)
			show_json(&r, verdict_name(c), grades[v.grade], &v,
				  about);
		else
			show_text(verdict_name(c), grades[v.grade], &v, about);
	}
	report_end(&r);
	if (json)
		fwrite(buf, 1, r.len, stdout);
	else
		puts(verdict_ready(&x->found) ? "ready for 464XLAT"
					      : "not ready for 464XLAT");
}

/* Nothing that comes from the network is looked at as root. */
static int examine(struct examine *x)
{
	struct sandbox box = { .job = SECCOMP_DOCTOR, .files = view_network };
	int err = examine_open(x);

	if (!err && !sandbox_find_user("nobody", &box.user))
		return EXIT_LACKING;
	if (!err)
		err = sandbox_enter(&box);
	if (!err)
		err = examine_run(x);
	if (err)
		fprintf(stderr, "xlat doctor: %s\n", strerror(-err));
	return err ? EXIT_LACKING : EXIT_OK;
}

int doctor_run(int argc, char **argv)
{
	static struct options o; /* without values, so that the */
	static struct examine x; /* file has no bytes of them */
	struct option_input in = { .argc = argc, .argv = argv, .dir = -1 };
	struct option_error e;
	int status;

	x.opt = &o.examine;
	o.examine.dns4 = ROOT;
	(void)!parse_host(&o.examine, HOST);
	if (!options_read(&table, &o, &in, &e)) {
		fprintf(stderr, "xlat doctor: %s\n", e.text);
		return EXIT_USAGE;
	}
	if (o.help) {
		options_usage(&table);
		return EXIT_OK;
	}
	if (o.version) {
		puts("xlat " XLAT_VERSION);
		return EXIT_OK;
	}
	log_setup("xlat doctor", LOG_LVL_WARNING, LOG_FMT_TEXT);
	status = examine(&x);
	if (!status) {
		show(&x, o.json);
		status = verdict_ready(&x.found) ? EXIT_OK : EXIT_RUN;
	}
	examine_close(&x);
	return status;
}
