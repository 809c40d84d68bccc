/* SPDX-License-Identifier: MIT */
/*
 * dnsio.h - the sockets of a DNS server that asks others
 *
 * Carries out the steps of core's query machine: UDP and TCP towards clients,
 * and towards servers one connected socket per question, so that the kernel
 * picks a random source port and discards what comes from elsewhere
 * (RFC 5452, 9.2). All memory is taken by dnsio_open().
 *
 * Several threads may take clients' datagrams, each over sockets of its own
 * that share the addresses (SO_REUSEPORT). There is one query machine for all
 * of them, with one cache. Each thread has a lock. With its own it may answer
 * out of the cache, beside the others, and shares no memory with them that is
 * written each time; who wants to change anything has to have all of them.
 * Everything else is the first thread's, whose loop is the daemon's: servers'
 * answers, TCP, timers; and it is the only one that closes sockets.
 */
#ifndef XLAT_LINUX_DNSIO_H
#define XLAT_LINUX_DNSIO_H

#include <pthread.h>

#include "dns/query.h"
#include "ev.h"

#define DNSIO_LISTENERS   16u
#define DNSIO_CONNS       64u /* TCP connections of clients */
#define DNSIO_CONNS_EACH  8u  /* of one address */
#define DNSIO_PIPELINE    16u /* questions under way on one connection */
#define DNSIO_TCP_ASKS    16u /* TCP questions to servers */
#define DNSIO_REQUEST_MAX 2048u
#define DNSIO_SLOTS       4096u /* clients' questions under way */
#define DNSIO_ASKS        4096u /* questions to servers; a power of two */
#define DNSIO_BURST       64u   /* datagrams taken or sent at once */
#define DNSIO_THREADS     16u
#define DNSIO_LINE        64u /* bytes that processors take from each other */

/**
 * struct dnsio_address - where a socket is bound, or connects to
 * @addr:	address, IPv4 as ::ffff:0:0/96
 * @scope:	interface index of a link-local address, or 0
 * @port:	port
 */
struct dnsio_address {
	struct addr6 addr;
	uint32_t scope;
	uint16_t port;
};

struct dnsio;
struct dnsio_worker;

/**
 * struct dnsio_listener - an address that clients ask
 * @worker:	whose socket it is
 * @any:	it stands for all addresses of the machine: a reply has to be
 *		told which it leaves from
 */
struct dnsio_listener {
	struct ev ev; /* first member */
	struct dnsio_worker *worker;
	uint32_t index;
	bool v6;
	bool any;
};

struct dnsio_batch;

/**
 * struct dnsio_lock - a thread's, on its own line of memory
 */
struct dnsio_lock {
	_Alignas(DNSIO_LINE) pthread_mutex_t mutex;
};

/**
 * struct dnsio_worker - a thread that takes clients' datagrams; what it writes
 * is on lines of its own
 * @lock:	of @io's; NULL: there is but one thread
 * @loop:	what drives it; of the first the daemon's, else @own
 * @kick:	tells it to do what it cannot know of: the first to look at the
 *		deadline, the others to end
 * @reply:	MSG_MAX bytes
 * @time:	seconds since 1970, read at @time_at of @loop's clock
 * @random:	numbers that were not used yet; @random_left
 * @count:	what its clients did; whoever wants to read it needs all locks
 */
struct dnsio_worker {
	_Alignas(DNSIO_LINE) struct dnsio *io;
	pthread_mutex_t *lock;
	struct ev_loop *loop;
	struct ev_loop own;
	struct dnsio_listener udp[DNSIO_LISTENERS];
	struct dnsio_batch *batch;
	struct ev kick;
	pthread_t thread;
	bool running;
	uint8_t *reply;
	uint64_t time_at;
	uint32_t time;
	uint64_t random[32];
	uint32_t random_left;
	uint64_t count[COUNT_COUNT];
};

/**
 * struct dnsio_conn - a client's TCP connection
 * @serial:	tells it from earlier ones in the same place; 0: none
 * @pending:	questions that have no reply yet
 * @have:	bytes in @in
 * @eof:	the client will send no more
 * @reading:	its messages are being dealt with right now
 * @in:		a message with its length in front, while it arrives
 */
struct dnsio_conn {
	struct ev ev; /* first member */
	struct dnsio *io;
	struct ev_timer idle;
	struct query_client client;
	uint32_t serial;
	uint32_t pending;
	uint32_t have;
	bool eof;
	bool reading;
	uint8_t in[2 + DNSIO_REQUEST_MAX];
};

/**
 * struct dnsio_ask - the socket of a question to a server
 * @open:	@ev.fd is one
 * @sent:	TCP: connected, and the question is on its way
 * @got:	TCP: bytes in @buf
 * @buf:	TCP: a message with its length in front, while it arrives; NULL
 *		for UDP
 */
struct dnsio_ask {
	struct ev ev; /* first member */
	struct dnsio *io;
	bool open;
	bool sent;
	uint32_t got;
	uint8_t *buf;
};

/**
 * struct dnsio - all of it
 * @locks:	one for each thread: all to be held by whoever changes @query or
 *		@asks, one by whoever looks at @query
 * @query:	the machine; the caller sets what query.h says, but for the
 *		numbers of slots and asks
 * @listen:	where to listen; @listen_count
 * @forward:	servers, as many as @query.up.server_count
 * @source:	address that questions to servers leave from, by family: [0]
 *		IPv4, [1] IPv6; zero: the kernel's choice
 * @device:	interface that they leave by; empty: what the routes say
 * @threads:	1 to DNSIO_THREADS
 * @failed:	set by dnsio_open() when an address cannot be listened at
 * @clock:	time as the query machine knows it, ns: threads look at their
 *		clocks one after the other, but it must not go back
 * @armed:	what @expiry is set to; @kicked: the first thread will look
 */
struct dnsio {
	struct dnsio_lock locks[DNSIO_THREADS];
	struct dnsio_worker workers[DNSIO_THREADS];
	struct query query;
	struct dnsio_address listen[DNSIO_LISTENERS];
	struct dnsio_address forward[UPSTREAM_SERVERS];
	struct dnsio_address source[2];
	char device[16];
	uint32_t listen_count;
	uint32_t threads;
	const struct dnsio_address *failed;

	uint64_t clock;
	uint64_t armed;
	bool kicked;
	struct ev_loop *loop;
	struct ev_timer expiry;
	struct ev_timer start;
	struct dnsio_listener tcp[DNSIO_LISTENERS];
	struct dnsio_conn *conns;
	struct dnsio_ask *asks; /* one for each of the query machine's */
	uint8_t *free_bufs[DNSIO_TCP_ASKS];
	uint32_t free_buf_count;
	uint32_t serial;
	uint8_t *heard; /* MSG_MAX bytes */
};

/**
 * dnsio_open() - take memory and listen
 * @loop:	what will drive it
 *
 * The limit of open files is raised as far as it may be, and the number of
 * questions under way kept below it.
 *
 * Return: 0 or -errno, with @io->failed set if it is an address's
 */
XL_MUST_USE int dnsio_open(struct dnsio *io, struct ev_loop *loop);

/* Close all sockets; nothing where dnsio_open() was not called. */
void dnsio_close(struct dnsio *io);

/* Nobody else uses the query machine until dnsio_unlock(). */
void dnsio_lock(const struct dnsio *io);
void dnsio_unlock(const struct dnsio *io);

/* A counter, of all threads and of the machine; wants the lock to be held. */
uint64_t dnsio_count(const struct dnsio *io, enum count c);

/**
 * dnsio_networks() - what the machine is directly connected to
 * @nets:	set: loopback, and the network of each address
 * @max:	room there
 *
 * Return: how many, or -errno
 */
XL_MUST_USE int dnsio_networks(struct synth_net6 *nets, uint32_t max);

/* Is @addr an address of this machine? */
bool dnsio_is_own(struct addr6 addr);

/*
 * Between the files of this unit. What has to do with the query machine wants
 * the lock to be held.
 */

/* Nobody else changes the query machine until dnsio_release(); not to be held
 * by one who takes dnsio_lock(). */
void dnsio_hold(const struct dnsio_worker *w);
void dnsio_release(const struct dnsio_worker *w);

/* What an event of the query machine comes with, now. */
struct query_event dnsio_event(struct dnsio_worker *w);

/* Carry out a step, and those that follow from it at once. */
void dnsio_carry_out(struct dnsio_worker *w, struct query_step step);

/* When to look at the machine's deadline has changed, perhaps. */
void dnsio_arm(struct dnsio_worker *w);

/* Open a socket that clients ask at. */
XL_MUST_USE int dnsio_listen(struct dnsio_worker *w, struct dnsio_listener *l,
			     struct dnsio_address a, int type);
void dnsio_close_listener(struct ev_loop *loop, struct dnsio_listener *l);

/* dnsworker.c: let the other threads begin, soon; end them. */
XL_MUST_USE int dnsio_workers_open(struct dnsio *io);
void dnsio_workers_close(struct dnsio *io);

/* Put @a into @ss; returns its length. */
unsigned int dnsio_sockaddr(void *ss, struct dnsio_address a);

/* Take an address out of a struct sockaddr_in or _in6. */
struct dnsio_address dnsio_from_sockaddr(const void *ss);

/* dnsudp.c: memory for datagrams; prepare a socket; read what is there; send
 * what is in the buffer for replies, in a while or now. */
size_t dnsio_udp_memory(void);
void dnsio_udp_init(struct dnsio_worker *w, void *mem);
XL_MUST_USE int dnsio_udp_prepare(struct dnsio_listener *l);
void dnsio_udp_ready(struct ev_loop *loop, struct ev *ev, uint32_t events);
void dnsio_udp_reply(struct dnsio_worker *w, const struct query_client *client,
		     uint32_t len);
void dnsio_udp_flush(struct dnsio_worker *w);

/* dnsask.c: prepare a socket for questions; send an ask's question over a new
 * socket, or again, or close. */
XL_MUST_USE int dnsio_ask_prepare(const struct dnsio *io, int fd, int family);
XL_MUST_USE int dnsio_ask(struct dnsio *io, uint32_t ask);
void dnsio_ask_again(struct dnsio *io, uint32_t ask);
void dnsio_ask_close(struct dnsio *io, uint32_t ask);

/* dnsconn.c: accept; send a reply if the connection is still there. */
void dnsio_conn_accept(struct ev_loop *loop, struct ev *ev, uint32_t events);
void dnsio_conn_reply(struct dnsio *io, const struct query_client *client,
		      const uint8_t *msg, uint32_t len);
void dnsio_conn_close_all(struct dnsio *io);

#endif
