/* SPDX-License-Identifier: MIT */
/*
 * model.h - what the customers of the synthetic day do
 *
 * Nobody's traffic: a distribution that is written down here, so that it can
 * be argued with. Only flows to hosts that have no IPv6 are meant, as others
 * do not meet a NAT64.
 *
 * Subscribers, each a /64 with four devices:
 *
 *	share  flows a day  flows at a time, mean
 *	50 %           500   6    a phone, a couple
 *	40 %         2,000   6    a family
 *	 9 %         8,000   6    many devices
 *	 1 %        40,000  30    file sharing, something that is infected
 *
 * Hours: what happens in one, in per cent of the mean, is in model.c; it is
 * least at 4 o'clock (18) and most at 20 o'clock (190).
 *
 * Flows: TCP to port 443 50 %, QUIC 35 %, UDP between peers 12 % (all from
 * one port of the device, the others' addresses and ports at random), ping
 * 3 %. Servers are 20,000, the n-th of which is chosen in proportion to
 * n^(-2/3).
 *
 * Lifetimes: exponential, with a mean of 5 s (70 %), 60 s (25 %) or 900 s
 * (5 %); while a flow lives it sends and gets a packet every 60 s at least.
 * TCP ends with a FIN from both sides (85 %), a RST (10 %), or silently.
 */
#ifndef XLAT_BENCH_MODEL_H
#define XLAT_BENCH_MODEL_H

#include "base.h"

#define MODEL_DEVICES   4u
#define MODEL_DAY       86400u /* seconds */
#define MODEL_KEEPALIVE 60u    /* seconds */

enum model_kind { MODEL_TCP, MODEL_QUIC, MODEL_PEER, MODEL_PING };
enum model_end { MODEL_FIN, MODEL_RST, MODEL_SILENT };

/**
 * struct model_burst - flows that one subscriber opens in one second
 */
struct model_burst {
	uint32_t subscriber;
	uint32_t device;
	uint32_t flows;
};

/**
 * struct model_flow - one of them
 * @life:	seconds
 */
struct model_flow {
	enum model_kind kind;
	enum model_end end;
	uint32_t remote;
	uint16_t remote_port;
	uint32_t life;
};

/* How many bursts begin in this second of the day, of all subscribers. */
uint32_t model_bursts(uint32_t second, uint32_t subscribers);

struct model_burst model_burst(uint32_t subscribers);

struct model_flow model_flow(void);

/* Begin the same day again. */
void model_reset(void);

#endif
