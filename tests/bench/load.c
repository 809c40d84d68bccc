/* SPDX-License-Identifier: MIT */
/*
 * load - UDP packets for net_bench.py
 *
 *   load sink ADDR PORT              count packets until SIGTERM, then print
 *                                    how many came, ns from first to last,
 *                                    and the monotonic time of the first
 *   load echo ADDR PORT              send every packet back, until SIGTERM
 *   load send ADDR PORT SECONDS PPS  send packets; 0: as many as one can;
 *                                    print how many
 *   load ping ADDR PORT SECONDS      one packet to and fro; print the median
 *                                    and the 99th percentile in ns
 *
 * Many packets to a system call, so that the load takes little of the two
 * processors that it shares with what it measures; but each is a packet of
 * its own, as they are when they come from a network: no segmentation offload.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#define PAYLOAD   100
#define BATCH     32
#define SECOND    1000000000ull
#define TICK      1000000ull /* a paced sender sends once a millisecond */
#define PINGS_MAX 1000000u

static volatile sig_atomic_t stopped;

static _Noreturn void fail(const char *what)
{
	fprintf(stderr, "load: %s: %s\n", what, strerror(errno));
	exit(1);
}

static uint64_t clock_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * SECOND + (uint64_t)t.tv_nsec;
}

static void on_term(int signo)
{
	(void)signo;
	stopped = 1;
}

static struct sockaddr_in address(const char *addr, const char *port)
{
	struct sockaddr_in a = { .sin_family = AF_INET,
				 .sin_port = htons((uint16_t)atoi(port)) };

	if (inet_pton(AF_INET, addr, &a.sin_addr) != 1)
		fail(addr);
	return a;
}

/* A socket that listens; a blocked read ends with SIGTERM. */
static int open_server(struct sockaddr_in a)
{
	const struct sigaction action = { .sa_handler = on_term };
	const int room = 8 << 20;
	const int s = socket(AF_INET, SOCK_DGRAM, 0);

	sigaction(SIGTERM, &action, NULL);
	if (s < 0 || bind(s, (const struct sockaddr *)&a, sizeof(a)) < 0)
		fail("bind");
	(void)setsockopt(s, SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof(room));
	puts("ready");
	fflush(stdout);
	return s;
}

static int open_client(struct sockaddr_in a)
{
	const int s = socket(AF_INET, SOCK_DGRAM, 0);

	if (s < 0 || connect(s, (const struct sockaddr *)&a, sizeof(a)) < 0)
		fail("connect");
	return s;
}

/* A batch of messages, all with the same payload to send or to overwrite. */
static void fill_batch(struct mmsghdr *batch, struct iovec *piece, char *bytes)
{
	*piece = (struct iovec){ .iov_base = bytes, .iov_len = PAYLOAD };
	for (int i = 0; i < BATCH; i++)
		batch[i] = (struct mmsghdr){ .msg_hdr = { .msg_iov = piece,
							  .msg_iovlen = 1 } };
}

static void sink(int s)
{
	struct mmsghdr batch[BATCH];
	char bytes[PAYLOAD];
	struct iovec piece;
	uint64_t first = 0;
	uint64_t last = 0;
	uint64_t count = 0;
	int n;

	fill_batch(batch, &piece, bytes);
	while (!stopped) {
		n = recvmmsg(s, batch, BATCH, MSG_WAITFORONE, NULL);
		if (n <= 0)
			continue;
		last = clock_ns();
		if (!first)
			first = last;
		count += (uint64_t)n;
	}
	printf("%llu %llu %llu\n", (unsigned long long)count,
	       (unsigned long long)(last - first), (unsigned long long)first);
}

static void echo(int s)
{
	struct sockaddr_in from;
	char bytes[PAYLOAD];
	socklen_t len;
	ssize_t n;

	while (!stopped) {
		len = sizeof(from);
		n = recvfrom(s, bytes, sizeof(bytes), 0,
			     (struct sockaddr *)&from, &len);
		if (n > 0)
			(void)sendto(s, bytes, (size_t)n, 0,
				     (const struct sockaddr *)&from, len);
	}
}

/* Sleep until as many may have been sent as @pps allows by now, plus some. */
static uint64_t wait_for_turn(uint64_t begin, uint64_t sent, uint64_t pps)
{
	const struct timespec tick = { .tv_nsec = TICK };
	uint64_t now = clock_ns();

	while (pps && sent * SECOND > (now - begin) * pps) {
		nanosleep(&tick, NULL);
		now = clock_ns();
	}
	return now;
}

static void send_packets(int s, double seconds, uint64_t pps)
{
	const uint64_t begin = clock_ns();
	const uint64_t until = begin + (uint64_t)(seconds * (double)SECOND);
	struct mmsghdr batch[BATCH];
	char bytes[PAYLOAD] = "x";
	struct iovec piece;
	uint64_t sent = 0;
	int n;

	fill_batch(batch, &piece, bytes);
	while (wait_for_turn(begin, sent, pps) < until) {
		n = sendmmsg(s, batch, BATCH, 0);
		if (n > 0)
			sent += (uint64_t)n;
		else if (errno != ENOBUFS && errno != ECONNREFUSED)
			fail("send");
	}
	printf("%llu\n", (unsigned long long)sent);
}

static int by_value(const void *a, const void *b)
{
	const uint32_t x = *(const uint32_t *)a;
	const uint32_t y = *(const uint32_t *)b;

	return (x > y) - (x < y);
}

static void ping(int s, double seconds)
{
	static uint32_t trips[PINGS_MAX];
	const struct timeval patience = { .tv_sec = 1 };
	const uint64_t until =
		clock_ns() + (uint64_t)(seconds * (double)SECOND);
	char bytes[PAYLOAD] = "x";
	uint64_t begin = clock_ns();
	size_t n = 0;

	(void)setsockopt(s, SOL_SOCKET, SO_RCVTIMEO, &patience,
			 sizeof(patience));
	while (n < PINGS_MAX && begin < until) {
		if (send(s, bytes, PAYLOAD, 0) < 0 ||
		    recv(s, bytes, PAYLOAD, 0) < 0)
			fail("no answer");
		trips[n++] = (uint32_t)(clock_ns() - begin);
		begin = clock_ns();
	}
	qsort(trips, n, sizeof(*trips), by_value);
	printf("%u %u\n", trips[n / 2], trips[n * 99 / 100]);
}

int main(int argc, char **argv)
{
	const char *what = argv[1];
	struct sockaddr_in a;

	if (argc < 4)
		return 2;
	a = address(argv[2], argv[3]);
	if (argc == 4 && strcmp(what, "sink") == 0)
		sink(open_server(a));
	else if (argc == 4 && strcmp(what, "echo") == 0)
		echo(open_server(a));
	else if (argc == 6 && strcmp(what, "send") == 0)
		send_packets(open_client(a), atof(argv[4]),
			     (uint64_t)atoll(argv[5]));
	else if (argc == 5 && strcmp(what, "ping") == 0)
		ping(open_client(a), atof(argv[4]));
	else
		return 2;
	return 0;
}
