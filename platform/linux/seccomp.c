/* SPDX-License-Identifier: MIT */
/*
 * seccomp.c - a list of system calls as a BPF program
 *
 * The lists are what musl makes of the calls in this program, seen with
 * strace while the tests in namespaces ran; another C library may make others.
 * The kernel remembers for each number that it is always allowed, so the order
 * costs nothing; a call whose arguments are looked at runs the program.
 */
#include "seccomp.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/bpf.h>
#include <linux/filter.h>
#include <linux/if_tun.h>
#include <linux/sched.h>
#include <linux/seccomp.h>
#include <linux/sockios.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#if defined(__x86_64__)
#define ARCH AUDIT_ARCH_X86_64
#elif defined(__i386__)
#define ARCH AUDIT_ARCH_I386
#elif defined(__aarch64__)
#define ARCH AUDIT_ARCH_AARCH64
#elif defined(__arm__)
#define ARCH AUDIT_ARCH_ARM
#elif defined(__mips64) && defined(__MIPSEL__)
#define ARCH AUDIT_ARCH_MIPSEL64
#elif defined(__mips__) && defined(__MIPSEL__)
#define ARCH AUDIT_ARCH_MIPSEL
#elif defined(__mips__)
#define ARCH AUDIT_ARCH_MIPS
#elif defined(__powerpc64__)
#define ARCH AUDIT_ARCH_PPC64LE
#elif defined(__riscv)
#define ARCH AUDIT_ARCH_RISCV64
#elif defined(__s390x__)
#define ARCH AUDIT_ARCH_S390X
#endif /* on another machine ARCH is missing, and nothing is built */

/* Numbers from here on are x32's, under the same architecture. */
#define X32_BIT     0x40000000u

#define NO_ARGUMENT 0xffu

/**
 * struct rule - a call that is allowed
 * @arg:	which argument is looked at; NO_ARGUMENT: none
 * @mask:	these bits of it
 * @value:	have to be this
 */
struct rule {
	uint32_t nr;
	uint32_t arg;
	uint32_t mask;
	uint32_t value;
};

#define ALLOW(name)                                                            \
	{                                                                      \
		__NR_##name, NO_ARGUMENT, 0, 0                                 \
	}
#define ALLOW_IF(name, arg, mask, value)                                       \
	{                                                                      \
		__NR_##name, arg, mask, value                                  \
	}

/* With 64-bit offsets and times, where a machine has another call for it. */
#ifdef __NR_fcntl64
#define ALLOW_FCNTL ALLOW(fcntl64)
#else
#define ALLOW_FCNTL ALLOW(fcntl)
#endif

#ifdef __NR_ftruncate64
#define ALLOW_FTRUNCATE ALLOW(ftruncate64)
#else
#define ALLOW_FTRUNCATE ALLOW(ftruncate)
#endif

/* Only to read, and only what is there. */
#define WRITING (O_ACCMODE | O_CREAT)

/* For every job: memory, the end, and what a signal leads to. */
static const struct rule common[] = {
	ALLOW(read),
	ALLOW(write),
	ALLOW(close),
	ALLOW(sendto),
	ALLOW(recvfrom),
#ifdef __NR_clock_gettime64
	ALLOW(clock_gettime64),
	ALLOW(clock_gettime32), /* before Linux 5.1 */
#else
	ALLOW(clock_gettime),
#endif
	ALLOW(brk),
#ifdef __NR_mmap2
	ALLOW_IF(mmap2, 2, PROT_EXEC, 0),
#else
	ALLOW_IF(mmap, 2, PROT_EXEC, 0),
#endif
	ALLOW_IF(mprotect, 2, PROT_EXEC, 0),
	ALLOW(mremap),
	ALLOW(munmap),
	ALLOW(madvise),
	ALLOW(rt_sigreturn),
	ALLOW(restart_syscall),
	ALLOW(exit_group),
};

/* Both daemons: events, clients, and the config file. */
static const struct rule serving[] = {
	ALLOW(epoll_pwait),
	ALLOW(epoll_ctl),
	ALLOW(accept4),
	ALLOW(readv),
	ALLOW(getpid),
	ALLOW(getrandom),
	ALLOW_IF(openat, 2, WRITING, O_RDONLY),
#ifdef __NR__llseek
	ALLOW(_llseek),
#else
	ALLOW(lseek),
#endif
	ALLOW(unlinkat),
#ifdef __NR_unlink
	ALLOW(unlink),
#endif
};

static const struct rule engine[] = {
	ALLOW(writev),
	ALLOW(sched_yield),
	ALLOW_IF(ioctl, 1, ~0u, TUNSETOFFLOAD),
	ALLOW_IF(ioctl, 1, ~0u, SIOCGIFFLAGS),
	ALLOW(wait4), /* for the helper */
};

/* Sockets that need no right, and files that say how the network is; raw
 * sockets and netlink are open already. */
static const struct rule follower[] = {
	ALLOW(recvmsg),
	ALLOW_FCNTL,
#ifdef __NR_open
	ALLOW_IF(open, 1, WRITING, O_RDONLY),
#endif
	ALLOW_IF(socket, 0, ~0u, AF_INET),
	ALLOW_IF(socket, 0, ~0u, AF_INET6),
	ALLOW_IF(socket, 0, ~0u, AF_UNIX), /* if_nametoindex() */
	ALLOW_IF(ioctl, 1, ~0u, SIOCGIFINDEX),
	ALLOW_IF(ioctl, 1, ~0u, SIOCGIFNAME),
	ALLOW(connect),
	ALLOW(bind),
	ALLOW(setsockopt),
};

/* Web servers are tried, too; stdio asks whether it writes to a terminal. */
static const struct rule doctor[] = {
	ALLOW(getsockopt),
	ALLOW_IF(ioctl, 1, ~0u, TIOCGWINSZ),
};

/* The flags of a new thread, where the machine has them. */
#ifdef __s390x__
#define CLONE_FLAGS 1
#else
#define CLONE_FLAGS 0
#endif

static const struct rule threads[] = {
	ALLOW_IF(clone, CLONE_FLAGS, CLONE_THREAD, CLONE_THREAD),
#ifdef __NR_futex_time64
	ALLOW(futex_time64),
#endif
	ALLOW(futex),
	ALLOW(rt_sigprocmask),
	ALLOW(exit),
};

static const struct rule resolver[] = {
#ifdef __NR_recvmmsg_time64
	ALLOW(recvmmsg_time64),
#endif
	ALLOW(recvmmsg),
	ALLOW(sendmmsg),
	ALLOW(recvmsg),
	ALLOW(sendmsg),
	ALLOW_IF(socket, 0, ~0u, AF_INET),
	ALLOW_IF(socket, 0, ~0u, AF_INET6),
	ALLOW_IF(socket, 0, ~0u, AF_NETLINK), /* dnsio_networks() */
	ALLOW(connect),
	ALLOW(bind),
	ALLOW(setsockopt),
	ALLOW(getsockopt),
	ALLOW(getsockname),
};

static const struct rule helper[] = {
	ALLOW(pread64),
	ALLOW(pwrite64),
	ALLOW_FTRUNCATE,
#ifdef __NR_unlink
	ALLOW(unlink),
#else
	ALLOW(unlinkat),
#endif
	ALLOW(recvmsg),
	ALLOW(sendmsg),
	ALLOW_IF(openat, 2, O_CREAT, 0),
#ifdef __NR_open
	ALLOW_IF(open, 1, O_CREAT, 0),
#endif
	ALLOW(getdents64),
	ALLOW_FCNTL,
	ALLOW_IF(socket, 0, ~0u, AF_UNIX), /* if_indextoname() */
	ALLOW_IF(ioctl, 1, ~0u, SIOCGIFNAME),
	ALLOW_IF(bpf, 0, ~0u, BPF_LINK_CREATE), /* of a program it was given */
};

/* One file in one directory, again and again. */
static const struct rule keeper[] = {
	ALLOW_IF(openat, 2, O_CREAT, O_CREAT),
	ALLOW(fsync),
	ALLOW(unlinkat),
#ifdef __NR_renameat
	ALLOW(renameat),
#else
	ALLOW(renameat2),
#endif
};

/* Six instructions a rule at most, and what is around them. */
#define PROGRAM_MAX                                                            \
	(8 + 6 * (XL_COUNT(common) + XL_COUNT(serving) + XL_COUNT(engine) +    \
		  XL_COUNT(follower) + XL_COUNT(doctor) + XL_COUNT(threads) +  \
		  XL_COUNT(resolver) + XL_COUNT(helper) + XL_COUNT(keeper)))

struct program {
	struct sock_filter code[PROGRAM_MAX];
	uint32_t len;
};

static void add(struct program *p, struct sock_filter f)
{
	p->code[p->len++] = f;
}

static void load(struct program *p, size_t offset)
{
	add(p, (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
					    (uint32_t)offset));
}

static void load_number(struct program *p)
{
	load(p, offsetof(struct seccomp_data, nr));
}

static void end(struct program *p, uint32_t action)
{
	add(p, (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, action));
}

/* Where the low half of an argument is: all that we compare are ints. */
static size_t argument(uint32_t i)
{
	const size_t low = __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__ ? 4 : 0;

	return offsetof(struct seccomp_data, args) + i * sizeof(uint64_t) + low;
}

static void jump(struct program *p, uint16_t test, uint32_t k, uint8_t yes,
		 uint8_t no)
{
	add(p, (struct sock_filter)BPF_JUMP((uint16_t)(BPF_JMP | test | BPF_K),
					    k, yes, no));
}

/* The number is loaded before and after. */
static void add_rule(struct program *p, const struct rule *r)
{
	const bool looks = r->arg != NO_ARGUMENT;

	jump(p, BPF_JEQ, r->nr, 0, looks ? 5 : 1);
	if (looks) {
		load(p, argument(r->arg));
		add(p, (struct sock_filter)BPF_STMT(BPF_ALU | BPF_AND | BPF_K,
						    r->mask));
		jump(p, BPF_JEQ, r->value, 0, 1);
	}
	end(p, SECCOMP_RET_ALLOW);
	if (looks)
		load_number(p);
}

static void add_rules(struct program *p, const struct rule *r, size_t count)
{
	for (size_t i = 0; i < count; i++)
		add_rule(p, &r[i]);
}

static void begin(struct program *p)
{
	load(p, offsetof(struct seccomp_data, arch));
	jump(p, BPF_JEQ, ARCH, 1, 0);
	end(p, SECCOMP_RET_KILL_PROCESS);
	load_number(p);
#ifdef __x86_64__
	jump(p, BPF_JGE, X32_BIT, 0, 1);
	end(p, SECCOMP_RET_KILL_PROCESS);
#endif
}

static void add_job(struct program *p, enum seccomp_job job)
{
	add_rules(p, common, XL_COUNT(common));
	if (job == SECCOMP_HELPER)
		add_rules(p, helper, XL_COUNT(helper));
	else if (job == SECCOMP_KEEPER)
		add_rules(p, keeper, XL_COUNT(keeper));
	else
		add_rules(p, serving, XL_COUNT(serving));
	if (job >= SECCOMP_ENGINE && job <= SECCOMP_DOCTOR)
		add_rules(p, engine, XL_COUNT(engine));
	if (job == SECCOMP_FOLLOWER || job == SECCOMP_DOCTOR)
		add_rules(p, follower, XL_COUNT(follower));
	if (job == SECCOMP_DOCTOR)
		add_rules(p, doctor, XL_COUNT(doctor));
	if (job == SECCOMP_CREW || job == SECCOMP_RESOLVER)
		add_rules(p, threads, XL_COUNT(threads));
	if (job == SECCOMP_RESOLVER)
		add_rules(p, resolver, XL_COUNT(resolver));
}

int seccomp_enter(enum seccomp_job job)
{
	struct program p = { .len = 0 };
	struct sock_fprog prog = { .filter = p.code };

	if (job == SECCOMP_OFF)
		return 0;
	begin(&p);
	add_job(&p, job);
	end(&p, SECCOMP_RET_KILL_PROCESS);
	prog.len = (unsigned short)p.len;
	/* All threads, should there be any. */
	return syscall(__NR_seccomp, SECCOMP_SET_MODE_FILTER,
		       SECCOMP_FILTER_FLAG_TSYNC, &prog)
		       ? -errno
		       : 0;
}
