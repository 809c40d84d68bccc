/* SPDX-License-Identifier: MIT */
/*
 * top.c - what `status` and `counters` say, once a second
 *
 * It knows few names: what every applet says of itself becomes the head, what
 * counts packets a table, what begins with "drop-" another one, and the
 * remaining counters a third, the busiest first.
 */
#include "top.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include "ask.h"
#include "digits.h"
#include "ev.h"

#define SECOND     1000000000ull
#define LINES_MAX  200u /* of an answer */
#define COLS_MAX   250
#define BUSIEST    5u
#define ROWS_READ  100000u /* subscribers among which they are looked for */

#define OTHER_SIDE "\033[?1049h\033[?25l" /* screen, without a cursor */
#define BACK       "\033[?1049l\033[?25h"
#define HOME       "\033[H"
#define CLEAR_LINE "\033[K"
#define CLEAR_REST "\033[J"

/**
 * struct line - of an answer: "name value"
 * @now:	the value, if it is a number
 * @before:	that of the time before
 * @rate:	a second
 */
struct line {
	char name[32];
	char value[64];
	uint64_t now;
	uint64_t before;
	uint64_t rate;
};

struct sheet {
	struct line lines[LINES_MAX];
	unsigned int count;
};

/**
 * struct customer - a row of `subscribers`
 */
struct customer {
	char name[48];
	unsigned long bindings;
	unsigned long sessions;
};

/**
 * struct pool - rows of `pools`, added up: UDP, TCP and ICMP have each port
 */
struct pool {
	unsigned long ports;
	unsigned long used[3];
};

/**
 * struct top - the page
 * @health:	"good", or why not
 * @at:		when the counters were read, ns; 0: not yet
 * @left:	lines of the screen that are free
 */
struct top {
	const struct sockaddr_un *to;
	const char *instance;
	struct sheet status;
	struct sheet counters;
	char health[128];
	uint64_t at;
	struct customer busiest[BUSIEST];
	struct pool pool;
	bool terminal;
	unsigned int left;
	int cols;
	struct termios was;
};

static volatile sig_atomic_t leave;

static void on_signal(int number)
{
	/* A resize does not call off what came before it. */
	if (number != SIGWINCH)
		leave = 1;
}

static struct line *find(struct sheet *s, const char *name)
{
	for (unsigned int i = 0; i < s->count; i++)
		if (strcmp(s->lines[i].name, name) == 0)
			return &s->lines[i];
	return NULL;
}

static const char *value_of(struct sheet *s, const char *name)
{
	const struct line *l = find(s, name);

	return l ? l->value : "";
}

static uint64_t number_of(struct sheet *s, const char *name)
{
	const struct line *l = find(s, name);

	return l ? l->now : 0;
}

static void take_line(struct sheet *s, char *text, uint64_t took)
{
	const size_t len = strcspn(text, " ");
	const char *value;
	struct line *l;

	text[len + strcspn(text + len, "\n")] = '\0';
	if (len >= sizeof(l->name) || !text[len])
		return;
	text[len] = '\0';
	text += len + 1;
	l = find(s, text - len - 1);
	if (!l && s->count < LINES_MAX) {
		l = &s->lines[s->count++];
		*l = (struct line){ .name = "" };
		memcpy(l->name, text - len - 1, len + 1);
		took = 0;
	}
	if (!l)
		return;
	value = text + strspn(text, " ");
	snprintf(l->value, sizeof(l->value), "%s", value);
	l->before = l->now;
	l->now = digits_take(&value, 10);
	/* Smaller than before: it was restarted. */
	l->rate = took && l->now > l->before
			  ? (l->now - l->before) * SECOND / took
			  : 0;
}

static FILE *answer(const struct top *t, const char *line, char *first,
		    size_t size)
{
	const int fd = ask(t->to, line, first, size, ASK_PATIENCE);
	FILE *f = fd < 0 ? NULL : fdopen(fd, "r");

	if (f)
		return f;
	snprintf(first, size, "nobody answers: %s", strerror(errno = -fd));
	return NULL;
}

/* Return: 0 or -errno. */
static int read_sheet(const struct top *t, const char *line, struct sheet *s,
		      uint64_t took)
{
	char text[512];
	FILE *f = answer(t, line, text, sizeof(text));

	if (!f)
		return -errno;
	while (fgets(text, sizeof(text), f))
		take_line(s, text, took);
	fclose(f);
	return 0;
}

static void read_health(struct top *t)
{
	char first[160];
	FILE *f = answer(t, "health\n", first, sizeof(first));
	const bool error = !strncmp(first, "error ", 6);

	if (f)
		fclose(f);
	first[strcspn(first, "\n")] = '\0';
	snprintf(t->health, sizeof(t->health), "%.120s",
		 error                      ? first + 6
		 : strcmp(first, "ok") == 0 ? "good"
					    : first);
}

/* Into its place among the busiest, if it has one. */
static void rank(struct top *t, const struct customer *c)
{
	unsigned int i = BUSIEST;

	while (i > 0 && c->sessions > t->busiest[i - 1].sessions) {
		if (i < BUSIEST)
			t->busiest[i] = t->busiest[i - 1];
		i--;
	}
	if (i < BUSIEST)
		t->busiest[i] = *c;
}

/* The next of a row's words, as a number; 0: there is none, or it is none. */
static uint64_t next_number(void)
{
	const char *word = strtok(NULL, " \n");

	return word ? digits_take(&word, 10) : 0;
}

/* "2001:db8::/64 192.0.2.1 BINDINGS SESSIONS"; the heading has none. */
static void take_customer(struct top *t, char *row)
{
	struct customer c = { 0 };

	snprintf(c.name, sizeof(c.name), "%.47s", strtok(row, " \n"));
	(void)strtok(NULL, " ");
	c.bindings = next_number();
	c.sessions = next_number();
	rank(t, &c);
}

/* "192.0.2.1 PORTS UDP TCP ICMP" */
static void take_pool(struct top *t, char *row)
{
	(void)strtok(row, " ");
	t->pool.ports += next_number();
	for (unsigned int i = 0; i < XL_COUNT(t->pool.used); i++)
		t->pool.used[i] += next_number();
}

static void read_rows(struct top *t, const char *line,
		      void (*take)(struct top *t, char *row))
{
	char text[512];
	FILE *f = answer(t, line, text, sizeof(text));

	while (f && fgets(text, sizeof(text), f))
		if (text[0] != '\n')
			take(t, text);
	if (f)
		fclose(f);
}

static void read_tables(struct top *t)
{
	const struct line *count = find(&t->status, "subscribers");

	memset(t->busiest, 0, sizeof(t->busiest));
	t->pool.ports = 0;
	memset(t->pool.used, 0, sizeof(t->pool.used));
	if (!count)
		return;
	read_rows(t, "pools\n", take_pool);
	if (count->now && count->now <= ROWS_READ)
		read_rows(t, "subscribers\n", take_customer);
}

static int read_all(struct top *t)
{
	const uint64_t now = ev_clock();
	int err = read_sheet(t, "status\n", &t->status, 0);

	if (!err)
		err = read_sheet(t, "counters\n", &t->counters,
				 t->at ? now - t->at : 0);
	t->at = now;
	read_health(t);
	if (!err)
		read_tables(t);
	return err;
}

static void put(struct top *t, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* A line of the page, cut off at its edge. */
static void put(struct top *t, const char *format, ...)
{
	char text[COLS_MAX + 1];
	va_list args;

	if (!t->left)
		return;
	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	t->left--;
	printf("%.*s%s%s", t->cols, text, t->terminal ? CLEAR_LINE : "",
	       t->left || !t->terminal ? "\n" : "");
}

/* Three digits and a letter. */
static const char *scaled(char out[16], uint64_t n)
{
	static const char units[] = " kMGTPE";
	unsigned int unit = 0;
	uint64_t tenths = n * 10;

	if (n > UINT64_MAX / 10)
		tenths = UINT64_MAX;
	for (; tenths >= 10000; unit++)
		tenths /= 1000;
	if (!unit)
		snprintf(out, 16, "%llu  ", (unsigned long long)n);
	else
		snprintf(out, 16, "%llu.%llu %c",
			 (unsigned long long)tenths / 10,
			 (unsigned long long)tenths % 10, units[unit]);
	return out;
}

static void put_head(struct top *t)
{
	const uint64_t up = number_of(&t->status, "uptime-seconds");

	put(t, "xlat %s %s  %s  up %llu d %02llu:%02llu:%02llu  health: %s",
	    value_of(&t->status, "applet"), value_of(&t->status, "version"),
	    t->instance, (unsigned long long)up / 86400,
	    (unsigned long long)up / 3600 % 24,
	    (unsigned long long)up / 60 % 60, (unsigned long long)up % 60,
	    t->health);
}

static void put_way(struct top *t, const char *family, const char *way)
{
	char name[2][32];
	char text[4][16];
	const struct line *packets;
	const struct line *bytes;

	snprintf(name[0], sizeof(name[0]), "ipv%s-packets-%s", family, way);
	snprintf(name[1], sizeof(name[1]), "ipv%s-bytes-%s", family, way);
	packets = find(&t->counters, name[0]);
	bytes = find(&t->counters, name[1]);
	if (packets && bytes)
		put(t, "IPv%s %-3s %15s %15s %15s %15s", family, way,
		    scaled(text[0], packets->rate),
		    scaled(text[1], bytes->rate * 8),
		    scaled(text[2], packets->now), scaled(text[3], bytes->now));
}

static void put_ways(struct top *t)
{
	if (!find(&t->counters, "ipv4-packets-in"))
		return;
	put(t, "%-8s %15s %15s %15s %15s", "", "packets/s  ", "bit/s  ",
	    "packets  ", "bytes  ");
	put_way(t, "4", "in");
	put_way(t, "4", "out");
	put_way(t, "6", "in");
	put_way(t, "6", "out");
}

static bool ends_with(const char *name, const char *end)
{
	const size_t len = strlen(name);
	const size_t part = strlen(end);

	return len > part && strcmp(name + len - part, end) == 0;
}

/* Is it in the head already, or the most that another one can be? Or does it
 * tell how plat is configured, or tell apart what there is a sum of? */
static bool is_shown(const struct line *l)
{
	static const char *const names[] = {
		"applet",    "version",        "uptime-seconds", "pid",
		"reloads",   "offload",        "reloads-failed", "health",
		"mapping",   "filtering",      "filtering-tcp",  "pooling",
		"fragments", "pool-addresses", "pool-ports"
	};
	static const char *const ends[] = { "-max", "-used", "-sessions",
					    "-bindings" };

	for (unsigned int i = 0; i < XL_COUNT(names); i++)
		if (strcmp(l->name, names[i]) == 0)
			return true;
	for (unsigned int i = 0; i < XL_COUNT(ends); i++)
		if (ends_with(l->name, ends[i]))
			return true;
	return false;
}

/* "sessions 12 of 100 (12 %)" */
static void describe(struct top *t, const struct line *l, char *out,
		     size_t size)
{
	char max[40];
	uint64_t most;

	snprintf(max, sizeof(max), "%s-max", l->name);
	most = number_of(&t->status, max);
	if (most)
		snprintf(out, size, "%s %s of %s (%llu %%)", l->name, l->value,
			 value_of(&t->status, max),
			 (unsigned long long)(l->now * 100 / most));
	else
		snprintf(out, size, "%s %s", l->name, l->value);
}

/* What the applet says of itself, two in a line. */
static void put_status(struct top *t)
{
	char text[2][128];
	unsigned int n = 0;

	for (unsigned int i = 0; i < t->status.count; i++) {
		if (is_shown(&t->status.lines[i]))
			continue;
		describe(t, &t->status.lines[i], text[n++], sizeof(text[0]));
		if (n == 2)
			put(t, "%-39.39s %s", text[0], text[1]);
		n %= 2;
	}
	if (n)
		put(t, "%s", text[0]);
}

static void put_cache(struct top *t)
{
	const struct line *hits = find(&t->counters, "cached");
	const struct line *all = find(&t->counters, "queries");

	if (hits && all)
		put(t, "cache hits %llu %% of all, %llu %% of this second's",
		    (unsigned long long)(all->now ? hits->now * 100 / all->now
						  : 0),
		    (unsigned long long)(all->rate
						 ? hits->rate * 100 / all->rate
						 : 0));
}

static void put_pool(struct top *t)
{
	const struct pool *p = &t->pool;

	if (p->ports)
		put(t, "pool use udp %lu tcp %lu icmp %lu of %lu (%lu %%)",
		    p->used[0], p->used[1], p->used[2], p->ports,
		    (p->used[0] + p->used[1] + p->used[2]) * 100 /
			    (3 * p->ports));
}

static void put_customers(struct top *t)
{
	if (t->busiest[0].sessions)
		put(t, "%-44s %10s %10s", "busiest subscribers", "bindings",
		    "sessions");
	for (unsigned int i = 0; i < BUSIEST && t->busiest[i].sessions; i++)
		put(t, "  %-42s %10lu %10lu", t->busiest[i].name,
		    t->busiest[i].bindings, t->busiest[i].sessions);
}

static bool is_drop(const struct line *l)
{
	return strncmp(l->name, "drop-", 5) == 0;
}

/* Packets and bytes, of a family or a protocol, or of all drops: the head and
 * the drops tell enough of them. */
static bool is_way(const struct line *l)
{
	return strncmp(l->name, "ipv", 3) == 0 ||
	       strncmp(l->name, "dropped-", 8) == 0 ||
	       ends_with(l->name, "-6to4") || ends_with(l->name, "-4to6");
}

/* The busiest counter of those that come after @after; NULL: there is none. */
static const struct line *next_line(struct sheet *s, bool drops,
				    const struct line *after)
{
	const struct line *best = NULL;

	for (unsigned int i = 0; i < s->count; i++) {
		const struct line *l = &s->lines[i];

		if (!l->now || is_way(l) || is_drop(l) != drops)
			continue;
		if (after && (l->rate > after->rate ||
			      (l->rate == after->rate && l <= after)))
			continue;
		if (!best || l->rate > best->rate)
			best = l;
	}
	return best;
}

static void put_counters(struct top *t, bool drops, unsigned int most)
{
	const struct line *l = next_line(&t->counters, drops, NULL);
	char rate[16];
	char total[16];

	put(t, "%-44s %10s %10s", drops ? "drops by reason" : "counters",
	    "a second  ", l ? "total  " : "none  ");
	for (; l && most; most--) {
		put(t, "  %-42s %10s %10s", l->name + (drops ? 5 : 0),
		    scaled(rate, l->rate), scaled(total, l->now));
		l = next_line(&t->counters, drops, l);
	}
}

static void put_page(struct top *t)
{
	const bool translates = find(&t->counters, "ipv4-packets-in") != NULL;

	if (t->terminal)
		fputs(HOME, stdout);
	put_head(t);
	put_ways(t);
	put_status(t);
	put_pool(t);
	put_cache(t);
	put_customers(t);
	if (translates)
		put_counters(t, true, t->left > 6 ? t->left - 4 : 4);
	put_counters(t, false, LINES_MAX);
	if (t->terminal)
		fputs(CLEAR_REST, stdout);
	(void)fflush(stdout);
}

static void measure(struct top *t)
{
	struct winsize size = { 0 };

	t->left = t->terminal ? 24 : LINES_MAX;
	t->cols = 80;
	if (!t->terminal || ioctl(STDOUT_FILENO, TIOCGWINSZ, &size))
		return;
	if (size.ws_row)
		t->left = size.ws_row;
	if (size.ws_col)
		t->cols = size.ws_col < COLS_MAX ? size.ws_col : COLS_MAX;
}

static void take_terminal(struct top *t)
{
	struct termios raw;

	t->terminal = isatty(STDIN_FILENO) && isatty(STDOUT_FILENO) &&
		      tcgetattr(STDIN_FILENO, &t->was) == 0;
	if (!t->terminal)
		return;
	raw = t->was;
	raw.c_lflag &= ~(tcflag_t)(ICANON | ECHO);
	(void)tcsetattr(STDIN_FILENO, TCSANOW, &raw);
	fputs(OTHER_SIDE, stdout);
}

static void give_back(const struct top *t)
{
	if (!t->terminal)
		return;
	(void)tcsetattr(STDIN_FILENO, TCSANOW, &t->was);
	fputs(BACK, stdout);
	(void)fflush(stdout);
}

/* A second, or until a key is pressed; a larger window is filled at once.
 * Return: false: it is over. */
static bool wait_a_second(const struct top *t)
{
	struct pollfd keys = { .fd = STDIN_FILENO, .events = POLLIN };
	char key = '\0';

	if (poll(&keys, t->terminal, 1000) == 1 &&
	    read(STDIN_FILENO, &key, 1) <= 0)
		return false;
	return !leave && key != 'q' && key != 'Q';
}

static void watch_signals(void)
{
	static const int numbers[] = { SIGINT, SIGTERM, SIGHUP, SIGWINCH };
	const struct sigaction act = { .sa_handler = on_signal };

	for (unsigned int i = 0; i < XL_COUNT(numbers); i++)
		(void)sigaction(numbers[i], &act, NULL);
}

int top_run(const struct sockaddr_un *to, const char *instance)
{
	static struct top t; /* it is large */
	int err;

	t.to = to;
	t.instance = instance;
	err = read_all(&t);
	if (err)
		return err;
	watch_signals();
	take_terminal(&t);
	do {
		if (!t.terminal && wait_a_second(&t))
			(void)!read_all(&t);
		measure(&t);
		put_page(&t);
		if (!t.terminal || !wait_a_second(&t))
			break;
		(void)!read_all(&t);
	} while (!ferror(stdout));
	give_back(&t);
	return 0;
}
