/* SPDX-License-Identifier: MIT */
#include "fastpath.h"

#include <errno.h>
#include <string.h>

static void lack(struct fastpath *p, struct trans *t, int err)
{
	fast_close(&p->fast);
	t->fast = NULL;
	p->why = strerror(-err);
	if (err == -EPERM)
		p->why = "not permitted: needs CAP_BPF";
	else if (err == -EINVAL || err == -ENOSYS || err == -EACCES)
		p->why = "the kernel does not take it: needs Linux 6.6";
}

void fastpath_open(struct fastpath *p, struct trans *t,
		   const struct fast_kind *kind, bool wanted, bool all)
{
	int err;

	p->wanted = wanted;
	p->why = "off";
	if (!wanted)
		return;
	t->fast = &p->fast;
	err = fast_open(&p->fast, kind, all);
	p->why = NULL;
	if (err)
		lack(p, t, err);
}

void fastpath_start(struct fastpath *p, struct trans *t)
{
	const int err = p->why ? 0 : fast_at_tun(&p->fast, t->tun.ifindex);

	if (err)
		lack(p, t, err);
	if (p->why && p->wanted)
		log_info("fast path: not available: %s; all packets go "
			 "through this process",
			 p->why);
	if (p->why)
		return;
	p->device = (uint32_t)t->tun.ifindex;
	/* One set of counters: no Identification comes twice. */
	p->fast.head->ident = t->ident;
	t->tr.ident = &p->fast.head->ident;
}

void fastpath_tell(struct fastpath *p, const void *config)
{
	if (!p->why)
		fast_tell(&p->fast, config);
}

void fastpath_report(const struct fastpath *p, struct report *r)
{
	report_text(r, "fast-path", 0, p->why ? p->why : "on");
}

void fastpath_close(struct fastpath *p)
{
	if (!p->why)
		fast_close(&p->fast);
}
