/* SPDX-License-Identifier: MIT */
#include "model.h"

#include <math.h>

/**
 * struct class - a kind of subscriber
 * @share:	of all subscribers, per cent
 * @flows:	a day
 * @burst:	flows at a time, mean
 */
struct class
{
	uint32_t share;
	double flows;
	double burst;
};

static const struct class classes[] = {
	{ 50, 500, 6 },
	{ 40, 2000, 6 },
	{ 9, 8000, 6 },
	{ 1, 40000, 30 },
};

static const double hours[24] = {
	60, 40,  25,  20,  18,  22,  40,  65,  80,  85,  90,  95,
	95, 100, 100, 105, 115, 125, 145, 175, 190, 185, 150, 100,
};

static uint64_t state;

void model_reset(void)
{
	state = 0x9e3779b97f4a7c15;
}

/* From 0 up to, but not, 1. */
static double uniform(void)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return (double)(state >> 11) / 9007199254740992.0;
}

static uint32_t below(uint32_t n)
{
	return (uint32_t)(uniform() * n);
}

static double exponential(double mean)
{
	return -mean * log(1 - uniform());
}

static uint32_t poisson(double mean)
{
	const double limit = exp(-mean);
	double product = uniform();
	uint32_t n = 0;

	while (product > limit) {
		product *= uniform();
		n++;
	}
	return n;
}

/* Bursts a day that a hundred subscribers of each class have. */
static double bursts_of(const struct class *c)
{
	return c->share * c->flows / c->burst;
}

static double bursts_of_all(void)
{
	double sum = 0;

	for (uint32_t i = 0; i < XL_COUNT(classes); i++)
		sum += bursts_of(&classes[i]);
	return sum;
}

static double mean_hour(void)
{
	double sum = 0;

	for (uint32_t i = 0; i < XL_COUNT(hours); i++)
		sum += hours[i];
	return sum / XL_COUNT(hours);
}

uint32_t model_bursts(uint32_t second, uint32_t subscribers)
{
	const double now = hours[second / 3600 % 24] / mean_hour();

	return poisson(now * bursts_of_all() * subscribers / 100 / MODEL_DAY);
}

/* Those of a class do not live next door. */
static uint32_t scatter(uint32_t subscriber, uint32_t subscribers)
{
	return (uint32_t)(7919ull * subscriber % subscribers);
}

struct model_burst model_burst(uint32_t subscribers)
{
	double at = uniform() * bursts_of_all();
	uint32_t first = 0; /* subscriber of the class, per cent */
	uint32_t i = 0;

	for (; i + 1 < XL_COUNT(classes) && at >= bursts_of(&classes[i]); i++) {
		at -= bursts_of(&classes[i]);
		first += classes[i].share;
	}
	return (struct model_burst){
		.subscriber = scatter(
			first * subscribers / 100 +
				below(classes[i].share * subscribers / 100),
			subscribers),
		.device = below(MODEL_DEVICES),
		/* Geometric, from 1 on: the exponential's floor. */
		.flows = 1 + (uint32_t)exponential(
				     -1 / log(1 - 1 / classes[i].burst)),
	};
}

static uint32_t life(void)
{
	const double u = uniform();

	return (uint32_t)exponential(u < 0.70 ? 5 : u < 0.95 ? 60 : 900);
}

static enum model_end end(void)
{
	const double u = uniform();

	return u < 0.85 ? MODEL_FIN : u < 0.95 ? MODEL_RST : MODEL_SILENT;
}

struct model_flow model_flow(void)
{
	const double u = uniform();
	struct model_flow f = { .kind = u < 0.50   ? MODEL_TCP
					: u < 0.85 ? MODEL_QUIC
					: u < 0.97 ? MODEL_PEER
						   : MODEL_PING,
				.remote_port = 443,
				.end = end(),
				.life = life() };

	if (f.kind == MODEL_PEER) {
		f.remote = 0x52000000 + below(1u << 24);
		f.remote_port = (uint16_t)(1024 + below(64512));
	} else {
		f.remote = 0x08080000 + (uint32_t)(20000 * pow(uniform(), 3));
	}
	return f;
}
