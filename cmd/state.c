/* SPDX-License-Identifier: MIT */
#include "state.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "pages.h"
#include "trans.h"

#define SECOND   1000000000ull

/* Bytes of the largest file that can be one of ours. */
#define FILE_MAX (SNAPSHOT_HEAD + SNAPSHOT_RECORD * (NAT64_SESSIONS_MAX + 1ull))

/* What names the machine's start; where nothing does, each is another. */
static void read_boot(uint8_t boot[SNAPSHOT_BOOT])
{
	const int fd =
		open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);

	memset(boot, 0, SNAPSHOT_BOOT);
	if (fd < 0 || read(fd, boot, SNAPSHOT_BOOT) <= 0)
		trans_random(boot, SNAPSHOT_BOOT);
	if (fd >= 0)
		close(fd);
}

static void set_time(struct snapshot_origin *o)
{
	o->up = ev_clock() / SECOND;
	o->wall = (uint64_t)time(NULL);
}

/* Whoever it belongs to takes it. */
static bool restore_one(const struct state *s, const uint8_t *record,
			uint32_t away)
{
	for (uint32_t i = 0; i < s->count; i++)
		if (snapshot_restore(s->nat64[i], record, away, s->loop->now))
			return true;
	return false;
}

static void restore(struct state *s, const uint8_t *file, size_t len)
{
	const uint32_t threads = snapshot_threads(file);
	const size_t count = snapshot_count(len);
	const uint8_t *at = snapshot_first(file);
	const uint32_t away = snapshot_away(file, &s->origin);
	size_t sessions = 0;
	size_t good = 0;

	for (size_t i = 0; i < count; i++, at += SNAPSHOT_RECORD) {
		sessions += snapshot_is_session(at);
		good += restore_one(s, at, away);
	}
	if (threads != s->count && s->count > 1)
		log_warn("state %s: was written with --threads %u; sessions "
			 "whose port is another thread's now are left out",
			 s->path, threads);
	log_info("state %s: %zu of %zu sessions restored after %u s", s->path,
		 good, sessions, away);
}

static bool read_whole(int fd, uint8_t *to, size_t len)
{
	while (len) {
		const ssize_t n = read(fd, to, len);

		if (n <= 0)
			return false;
		to += n;
		len -= (size_t)n;
	}
	return true;
}

/* A file that is not ours would be overwritten: that is refused. */
static enum exit_status judge(struct state *s, uint8_t *file, size_t len)
{
	const char *wrong = snapshot_check(s->nat64[0], file, len);

	if (!wrong) {
		restore(s, file, len);
		return EXIT_OK;
	}
	log_error("state %s: %s%s", s->path, wrong,
		  snapshot_is_ours(file, len) ? "; beginning without" : "");
	return snapshot_is_ours(file, len) ? EXIT_OK : EXIT_USAGE;
}

static enum exit_status load_from(struct state *s, int fd)
{
	enum exit_status status = EXIT_RUN;
	struct stat st;
	size_t len;
	void *file;

	if (fstat(fd, &st) || !S_ISREG(st.st_mode)) {
		log_error("state %s: is no file", s->path);
		return EXIT_USAGE;
	}
	if ((uint64_t)st.st_size > FILE_MAX) {
		log_error("state %s: is no state of xlat plat: it is too large",
			  s->path);
		return EXIT_USAGE;
	}
	len = (size_t)st.st_size;
	file = pages_take(len + 1, false);
	if (file && read_whole(fd, file, len))
		status = judge(s, file, len);
	else
		log_error("state %s: %s", s->path, strerror(errno));
	if (file)
		munmap(file, len + 1);
	return status;
}

static enum exit_status load(struct state *s)
{
	const int fd = open(s->path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	enum exit_status status;

	if (fd < 0 && errno == ENOENT)
		return EXIT_OK;
	if (fd < 0) {
		log_error("state %s: %s", s->path, strerror(errno));
		return app_status(-errno);
	}
	status = load_from(s, fd);
	close(fd);
	return status;
}

static void watch(struct state *s, uint32_t events)
{
	if (ev_mod(s->loop, &s->keeper.ev, events))
		log_error("state %s: cannot be watched", s->path);
}

/* The keeper said what came of a file; or there is none any more. */
static void note(struct state *s, int err)
{
	s->phase = STATE_IDLE;
	if (err) {
		s->failures++;
	} else {
		s->saves++;
		s->saved = ev_clock();
	}
	if (err && err != s->err)
		log_error("state %s: cannot be written: %s; what was there "
			  "stays",
			  s->path,
			  err == -EPIPE ? "the process for it has ended"
					: strerror(-err));
	if (!err && s->err)
		log_info("state %s: is written again", s->path);
	s->err = err;
}

static void lose(struct state *s, int err)
{
	note(s, err);
	ev_del(s->loop, &s->keeper.ev);
	ev_timer_set(s->loop, &s->timer, UINT64_MAX);
	keeper_stop(&s->keeper);
}

static void begin_shot(struct state *s)
{
	set_time(&s->origin);
	s->shot = (struct snapshot){ .origin = s->origin, .now = ev_clock() };
	s->len = 0;
	s->part = 0;
}

/* The next bytes of the file; none: it is whole. */
static void fill(struct state *s)
{
	crew_stop(s->crew);
	for (;;) {
		s->shot.more = s->part + 1 < s->count;
		s->len = snapshot_fill(&s->shot, s->nat64[s->part], s->buf,
				       sizeof(s->buf));
		if (s->len || !s->shot.more)
			return;
		s->part++;
		snapshot_next(&s->shot);
	}
}

static void begin(struct state *s)
{
	const int err = keeper_begin(&s->keeper, false);

	ev_timer_set(s->loop, &s->timer, s->loop->now + s->interval * SECOND);
	if (err) {
		lose(s, err);
		return;
	}
	begin_shot(s);
	s->phase = STATE_FILLING;
	watch(s, EPOLLIN | EPOLLOUT);
}

/* The keeper takes more. */
static void pour(struct state *s)
{
	int err;

	if (!s->len)
		fill(s);
	err = s->len ? keeper_put(&s->keeper, s->buf, s->len, false)
		     : keeper_end(&s->keeper, false);
	if (err == -EAGAIN)
		return;
	if (err) {
		lose(s, err);
	} else if (s->len) {
		s->len = 0;
	} else {
		s->phase = STATE_WRITING;
		watch(s, EPOLLIN);
	}
}

static void ready(struct ev_loop *loop, struct ev *ev, uint32_t events)
{
	struct state *s = (void *)((char *)ev - offsetof(struct state, keeper));
	int err;

	(void)loop;
	if (events == EPOLLOUT) {
		pour(s);
		return;
	}
	err = keeper_result(&s->keeper, false);
	if (err == -EPIPE)
		lose(s, err);
	else if (err != -EAGAIN)
		note(s, err);
}

static void due(struct ev_loop *loop, struct ev_timer *t)
{
	struct state *s = (void *)((char *)t - offsetof(struct state, timer));

	if (s->phase == STATE_IDLE)
		begin(s);
	else /* the disk is slow */
		ev_timer_set(loop, t, loop->now + s->interval * SECOND);
}

enum exit_status state_open(struct state *s, struct app *a)
{
	const bool off = a->opt->no_sandbox;
	enum exit_status status;
	int err;

	s->keeper.ev = (struct ev){ .fd = -1, .ready = ready };
	if (!s->path)
		return EXIT_OK;
	s->loop = &a->loop;
	s->loop->now = ev_clock();
	read_boot(s->origin.boot);
	set_time(&s->origin);
	status = load(s);
	if (status)
		return status;
	err = keeper_start(&s->keeper, s->path, a->opt->user,
			   off ? SECCOMP_OFF : SECCOMP_KEEPER);
	if (!err)
		err = ev_add(s->loop, &s->keeper.ev, EPOLLIN);
	if (err) {
		log_error("state %s: cannot be written: %s", s->path,
			  strerror(-err));
		return app_status(err);
	}
	s->timer = (struct ev_timer){ .at = UINT64_MAX, .due = due };
	ev_timer_set(s->loop, &s->timer, s->loop->now + s->interval * SECOND);
	return EXIT_OK;
}

const char *state_save(struct state *s)
{
	if (!s->path)
		return "plat was started without --state";
	if (s->keeper.ev.fd < 0)
		return "the process that writes the state has ended";
	if (s->phase == STATE_IDLE)
		begin(s);
	return NULL;
}

void state_follow(struct state *s)
{
	if (s->phase == STATE_FILLING)
		begin(s);
}

/* From the beginning to the disk. */
static int save_now(struct state *s)
{
	const struct keeper *k = &s->keeper;
	int err;

	if (s->phase == STATE_WRITING && keeper_result(k, true) == -EPIPE)
		return -EPIPE;
	err = keeper_begin(k, true);
	begin_shot(s);
	for (fill(s); !err && s->len; fill(s))
		err = keeper_put(k, s->buf, s->len, true);
	if (!err)
		err = keeper_end(k, true);
	return err ? err : keeper_result(k, true);
}

void state_close(struct state *s)
{
	if (!s->path || s->keeper.ev.fd < 0)
		return;
	note(s, save_now(s));
	if (!s->err)
		log_info("state %s: %llu sessions written", s->path,
			 (unsigned long long)s->shot.count);
	ev_del(s->loop, &s->keeper.ev);
	keeper_stop(&s->keeper);
}

void state_report(const struct state *s, struct report *r)
{
	if (!s->path)
		return;
	report_text(r, "state", 0, s->path);
	report_text(r, "state-last", 0,
		    s->err     ? strerror(-s->err)
		    : s->saved ? "written"
			       : "not yet");
	if (s->saved)
		report_number(r, "state-age-seconds", 0,
			      (ev_clock() - s->saved) / SECOND);
}

void state_counters(const struct state *s, struct report *r)
{
	report_counter(r, "state-saves", "State files written", s->saves);
	report_counter(r, "state-failures", "State files not written",
		       s->failures);
}
