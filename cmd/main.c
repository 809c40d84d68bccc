/* SPDX-License-Identifier: MIT */
/*
 * main.c - which applet is meant
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "applet.h"
#include "options.h"

static int install_run(int argc, char **argv);

static const struct applet applets[] = {
	{ "clat", "customer's side of 464XLAT: IPv4 over an IPv6-only line",
	  clat_run, true },
	{ "plat", "provider's side: stateful NAT64", plat_run, true },
	{ "siit", "stateless translator", siit_run, true },
	{ "dns64", "DNS server that makes IPv6 addresses of IPv4 ones",
	  dns64_run, true },
	{ "ctl", "ask a running instance", ctl_run, false },
	{ "doctor", "is this network ready for 464XLAT?", doctor_run, false },
	{ "addr", "what an address becomes under a prefix", addr_run, false },
	{ "install", "make links under the applets' names", install_run,
	  false },
};

static const struct applet *find(const char *name)
{
	for (size_t i = 0; i < XL_COUNT(applets); i++)
		if (strcmp(applets[i].name, name) == 0)
			return &applets[i];
	return NULL;
}

static void usage(FILE *out)
{
	fprintf(out, "usage: xlat APPLET [OPTION]...\n"
		     "       xlat APPLET --help\n"
		     "       xlat --list | --version\n"
		     "\n"
		     "IPv4 for networks that have only IPv6.\n"
		     "\n");
	for (size_t i = 0; i < XL_COUNT(applets); i++)
		fprintf(out, "  %-9s %s\n", applets[i].name,
			applets[i].summary);
	fprintf(out, "\nA link to this program under the name of an applet, or "
		     "xlat-APPLET, is that applet.\n");
}

static void list(void)
{
	for (size_t i = 0; i < XL_COUNT(applets); i++)
		puts(applets[i].name);
}

/* The link DIR/@name to the program @target; one that is there is replaced. */
static int make_link(const char *dir, const char *name, const char *target)
{
	char path[4096];
	char temporary[4096];
	const int n = snprintf(path, sizeof(path), "%s/%s", dir, name);
	const int m = snprintf(temporary, sizeof(temporary), "%s/.%s.%ld", dir,
			       name, (long)getpid());

	if (n >= (int)sizeof(path) || m >= (int)sizeof(temporary)) {
		errno = ENAMETOOLONG;
		return -1;
	}
	/* Renamed into place, so that there is always a whole one. */
	if (symlink(target, temporary) < 0)
		return -1;
	if (rename(temporary, path) < 0) {
		(void)unlink(temporary);
		return -1;
	}
	return 0;
}

static int install_run(int argc, char **argv)
{
	char self[4096];
	ssize_t n;

	if (argc != 1 || argv[0][0] == '-') {
		const bool help = argc == 1 && !strcmp(argv[0], "--help");

		fprintf(help ? stdout : stderr,
			"usage: xlat install DIR\n\n"
			"Make links to this program under the applets' names "
			"in DIR.\n");
		return help ? EXIT_OK : EXIT_USAGE;
	}
	n = readlink("/proc/self/exe", self, sizeof(self) - 1);
	if (n < 0) {
		fprintf(stderr, "xlat install: /proc/self/exe: %s\n",
			strerror(errno));
		return EXIT_LACKING;
	}
	self[n] = '\0';
	for (size_t i = 0; i < XL_COUNT(applets); i++) {
		if (!applets[i].link)
			continue;
		if (make_link(argv[0], applets[i].name, self) < 0) {
			const int err = errno;

			options_printable(argv[0]);
			fprintf(stderr, "xlat install: %s/%s: %s\n", argv[0],
				applets[i].name, strerror(err));
			return err == EACCES || err == EPERM ? EXIT_DENIED
							     : EXIT_RUN;
		}
	}
	return EXIT_OK;
}

/* The applet that a link's name means: "clat", "xlat-clat", or none. */
static const struct applet *by_link(const char *argv0)
{
	const char *slash = strrchr(argv0, '/');
	const char *name = slash ? slash + 1 : argv0;

	return find(strncmp(name, "xlat-", 5) == 0 ? name + 5 : name);
}

static int by_argument(int argc, char **argv)
{
	const char *word = argc > 1 ? argv[1] : "";
	const struct applet *a = find(word);

	if (a)
		return a->run(argc - 2, argv + 2);
	if (strcmp(word, "--version") == 0) {
		puts("xlat " XLAT_VERSION);
		return EXIT_OK;
	}
	if (strcmp(word, "--list") == 0) {
		list();
		return EXIT_OK;
	}
	if (strcmp(word, "--help") == 0) {
		usage(stdout);
		return EXIT_OK;
	}
	if (*word) {
		options_printable(argv[1]);
		fprintf(stderr, "xlat: '%.64s': expected an applet\n\n", word);
	}
	usage(stderr);
	return EXIT_USAGE;
}

int main(int argc, char **argv)
{
	const struct applet *a = argc ? by_link(argv[0]) : NULL;
	const int status =
		a ? a->run(argc - 1, argv + 1) : by_argument(argc, argv);

	/* A full disk behind our output is not success. */
	if (fflush(stdout) || ferror(stdout)) {
		fprintf(stderr, "xlat: standard output: %s\n", strerror(errno));
		return status ? status : EXIT_RUN;
	}
	return status;
}
