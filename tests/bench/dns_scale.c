/* SPDX-License-Identifier: MIT */
/*
 * dns_scale [CSV] - what a second thread of DNS64 is worth, without sockets
 *
 * The workers are those of the binary, with their locks, from the system call
 * that takes datagrams to the one that sends replies. Those two are replaced:
 * questions for 10,000 names that the cache knows, from 1,000 networks, come
 * out of memory, and replies are counted and dropped. So nothing is left that
 * the kernel shares out among sockets, and no load generator takes a
 * processor. The response rate limiter counts, but never limits.
 *
 * Each worker is pinned to a processor of its own. One and two of them take
 * turns; the last row has each worker take all locks after every batch, as if
 * one question of 64 had not been in the cache.
 *
 * "wall" is what both did in the time that went by: right on a machine that
 * does nothing else. For "own" the time is left out that a worker could have
 * run and another program did (run_delay of /proc/PID/schedstat), so that it is
 * right on a busy one, too: waiting for a lock is counted in both.
 *
 * Environment: BENCH_SECONDS=N for all rounds of a row (default 2),
 * BENCH_ROUNDS=N (default 3).
 */
#include <errno.h>
#include <netinet/in.h>
#include <sched.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "dnsio.h"

#define NAMES    10000u
#define NETWORKS 1000u
#define SECOND   1000000000ull
#define ROUNDS   32u

/**
 * struct figures - of one run
 * @wall, @own:	answers a second
 */
struct figures {
	double wall;
	double own;
};

/**
 * struct feed - a worker's questions and replies
 * @batches:	to be taken
 * @own:	time that it took, but for others' turns, ns
 */
struct feed {
	struct dnsio_worker *w;
	uint32_t state;
	uint64_t asked;
	uint64_t replied;
	uint64_t batches;
	uint64_t own;
	bool changes;
	pthread_t thread;
};

static struct dnsio engine;
static struct synth synth;
static struct ev_loop loop;
static uint8_t questions[NAMES][40];
static uint32_t question_len[NAMES];
static pthread_barrier_t barrier;
static _Thread_local struct feed *feed;

static _Noreturn void fail(const char *what)
{
	fprintf(stderr, "dns_scale: %s\n", what);
	exit(1);
}

static uint64_t now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * SECOND + (uint64_t)t.tv_nsec;
}

/* A clock that stands still while this thread would run, but may not. */
static uint64_t own_time(void)
{
	FILE *f = fopen("/proc/thread-self/schedstat", "r");
	unsigned long long delay;

	if (!f || fscanf(f, "%*u %llu", &delay) != 1)
		fail("no /proc/thread-self/schedstat");
	fclose(f);
	return now() - delay;
}

/*
 * In place of the C library's.
 */

static void ask(struct mmsghdr *m)
{
	struct sockaddr_in *from = m->msg_hdr.msg_name;
	uint32_t which;

	feed->state = feed->state * 1664525u + 1013904223u;
	which = feed->state % NAMES;
	memcpy(m->msg_hdr.msg_iov->iov_base, questions[which],
	       question_len[which]);
	m->msg_len = question_len[which];
	m->msg_hdr.msg_flags = 0;
	m->msg_hdr.msg_controllen = 0;
	*from = (struct sockaddr_in){ .sin_family = AF_INET,
				      .sin_port = htons(4242) };
	from->sin_addr.s_addr =
		htonl(0x0a000001 + (feed->state >> 8) % NETWORKS * 256);
}

int recvmmsg(int fd, struct mmsghdr *m, unsigned int n, unsigned int flags,
	     struct timespec *timeout)
{
	(void)fd;
	(void)flags;
	(void)timeout;
	for (unsigned int i = 0; i < n; i++)
		ask(&m[i]);
	feed->asked += n;
	return (int)n;
}

/* A synthetic AAAA record, and no error. */
static void check(const struct iovec *v)
{
	const uint8_t *reply = v->iov_base;

	if (v->iov_len < 50 || reply[3] & 15 || reply[7] != 1)
		fail("a wrong answer");
}

long syscall(long n, ...)
{
	struct mmsghdr *m;
	unsigned int count;
	va_list args;

	if (n != SYS_sendmmsg)
		fail("an unexpected system call");
	va_start(args, n);
	(void)va_arg(args, int);
	m = va_arg(args, struct mmsghdr *);
	count = va_arg(args, unsigned int);
	va_end(args);
	for (unsigned int i = 0; i < count; i++) {
		for (int k = 0; k < m[i].msg_hdr.msg_iovlen; k++)
			check(&m[i].msg_hdr.msg_iov[k]);
		feed->replied += (unsigned int)m[i].msg_hdr.msg_iovlen;
	}
	return (long)count;
}

/*
 * The engine, and what it knows.
 */

static struct msg_question question_of(uint32_t i, uint16_t type)
{
	struct msg_question q = { { 1, { 0 } }, type, MSG_IN };
	char label[16];
	const int n = snprintf(label, sizeof(label), "w%u", i);

	if (!msg_name_append(&q.name, label, (size_t)n) ||
	    !msg_name_append(&q.name, "bench", 5))
		fail("a name is too long");
	return q;
}

/* To AAAA: there is none; to A: an address. */
static uint32_t make_answer(uint8_t *buf, uint32_t ask)
{
	static const uint8_t soa[22] = { [21] = 255, [20] = 14 };
	const struct upstream_ask *a = &engine.query.up.asks[ask];
	const bool v4 = a->q.type == MSG_A;
	struct msg_writer w;
	uint32_t start;

	msg_write(&w, buf, 512, a->id, MSG_QR | MSG_RD | MSG_RA);
	msg_put_question(&w, &a->q);
	start = msg_put_rr(&w, v4 ? MSG_ANSWER : MSG_AUTHORITY, &a->q.name,
			   v4 ? MSG_A : MSG_SOA, 3600);
	msg_put_bytes(&w, v4 ? "\10\10\10\10" : (const char *)soa, v4 ? 4 : 22);
	msg_end_rr(&w, start);
	return w.len;
}

static void learn(uint32_t i)
{
	static const struct query_client client = { .tcp = true };
	struct query_event ev = dnsio_event(engine.workers);
	const struct msg_question q = question_of(i, MSG_AAAA);
	struct query *m = &engine.query;
	struct query_step step;
	struct msg_writer w;
	uint8_t answer[512];
	uint32_t len;

	msg_write(&w, questions[i], sizeof(questions[i]), 7, MSG_RD);
	msg_put_question(&w, &q);
	question_len[i] = w.len;
	step = query_asked(m, &ev, &client, questions[i], w.len);
	while (step.what != QUERY_WAIT) {
		if (step.what != QUERY_ASK) {
			step = query_next(m, &ev);
			continue;
		}
		len = make_answer(answer, step.ask);
		step = query_answered(m, &ev, step.ask, answer, len);
	}
}

static void open_engine(uint32_t threads)
{
	static const struct query_allow all = { .synth = &synth };

	memset(&engine, 0, sizeof(engine));
	synth.prefixes[0] = (struct pref64){ { 0x0064ff9b00000000, 0 }, 96 };
	synth.prefix_count = 1;
	engine.threads = threads;
	engine.listen[0].addr.lo = 0xffff7f000001;
	engine.listen_count = 1;
	engine.query.allow = &all;
	engine.query.allow_count = 1;
	engine.query.cache_size = 64u << 20;
	engine.query.rrl.rate = UINT32_MAX;
	engine.query.up.server_count = 1;
	if (ev_init(&loop) || dnsio_open(&engine, &loop))
		fail("cannot open the engine");
	for (uint32_t i = 0; i < NAMES; i++)
		learn(i);
	if (engine.query.cache.count != 2 * NAMES)
		fail("the cache does not know all names");
}

static void close_engine(void)
{
	dnsio_close(&engine);
	ev_close(&loop);
}

/*
 * Workers.
 */

static void pin(uint32_t cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	if (sched_setaffinity(0, sizeof(set), &set))
		fail("cannot pin a thread");
}

static void *work(void *arg)
{
	struct dnsio_worker *w;
	uint64_t begin;

	feed = arg;
	w = feed->w;
	pin((uint32_t)(w - engine.workers));
	pthread_barrier_wait(&barrier);
	begin = own_time();
	for (uint64_t i = 0; i < feed->batches; i++) {
		w->loop->now = ev_clock();
		dnsio_udp_ready(w->loop, &w->udp[0].ev, EPOLLIN);
		if (feed->changes) {
			dnsio_lock(&engine);
			dnsio_unlock(&engine);
		}
	}
	feed->own = own_time() - begin;
	if (feed->replied != feed->asked)
		fail("questions are without answers");
	return NULL;
}

static struct figures run(uint32_t threads, uint64_t batches, bool changes)
{
	static struct feed feeds[2];
	struct figures f = { 0, 0 };
	uint64_t begin;
	uint64_t took;

	open_engine(threads);
	pthread_barrier_init(&barrier, NULL, threads + 1);
	for (uint32_t i = 0; i < threads; i++) {
		feeds[i] = (struct feed){ .w = &engine.workers[i],
					  .state = i,
					  .batches = batches,
					  .changes = changes };
		if (pthread_create(&feeds[i].thread, NULL, work, &feeds[i]))
			fail("cannot start a thread");
	}
	pthread_barrier_wait(&barrier);
	begin = now();
	for (uint32_t i = 0; i < threads; i++)
		pthread_join(feeds[i].thread, NULL);
	took = now() - begin;
	for (uint32_t i = 0; i < threads; i++) {
		f.wall += 1e9 * (double)feeds[i].asked / (double)took;
		f.own += 1e9 * (double)feeds[i].asked / (double)feeds[i].own;
	}
	close_engine();
	return f;
}

/*
 * The table.
 */

static int by_value(const void *a, const void *b)
{
	const double x = *(const double *)a;
	const double y = *(const double *)b;

	return (x > y) - (x < y);
}

static double median(double *values, uint32_t n)
{
	qsort(values, n, sizeof(*values), by_value);
	return values[n / 2];
}

static void row(FILE *csv, const char *name, double wall, double own)
{
	printf("%-46s %9.2f %9.2f\n", name, wall, own);
	fprintf(csv, "\"%s\",%.3f,%.3f\n", name, wall, own);
}

static void table(FILE *csv, uint64_t batches, uint32_t rounds)
{
	static const char *const names[] = {
		"one worker, million answers a second",
		"two workers, times one",
		"two workers, a change each 64, times one"
	};
	double wall[3][ROUNDS];
	double own[3][ROUNDS];

	for (uint32_t i = 0; i < rounds; i++) {
		for (uint32_t k = 0; k < 3; k++) {
			const struct figures f =
				run(k ? 2 : 1, batches, k == 2);

			wall[k][i] = k ? f.wall / wall[0][i] : f.wall;
			own[k][i] = k ? f.own / own[0][i] : f.own;
		}
	}
	printf("%-46s %9s %9s\n", "DNS64 out of memory", "wall", "own");
	fprintf(csv, "figure,wall,own\n");
	for (uint32_t k = 0; k < 3; k++)
		row(csv, names[k], median(wall[k], rounds) / (k ? 1 : 1e6),
		    median(own[k], rounds) / (k ? 1 : 1e6));
}

static double setting(const char *name, double otherwise)
{
	const char *text = getenv(name);

	return text ? atof(text) : otherwise;
}

int main(int argc, char **argv)
{
	const double seconds = setting("BENCH_SECONDS", 2);
	double rounds = setting("BENCH_ROUNDS", 3);
	FILE *csv = fopen(argc > 1 ? argv[1] : "/dev/null", "w");
	uint64_t batches;

	if (!csv)
		fail(strerror(errno));
	if (sysconf(_SC_NPROCESSORS_ONLN) < 2) {
		printf("DNS64 out of memory: needs two processors\n");
		return 0;
	}
	if (rounds > ROUNDS)
		rounds = ROUNDS;
	/* As many as one worker does in that time, about. */
	batches = 1 + (uint64_t)(run(1, 2000, false).own * seconds / rounds /
				 DNSIO_BURST);
	table(csv, batches, (uint32_t)rounds);
	return fclose(csv) == 0 ? 0 : 1;
}
