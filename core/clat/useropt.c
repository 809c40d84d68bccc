/* SPDX-License-Identifier: MIT */
#include "clat/useropt.h"

/* Where things are: struct nlmsghdr, then struct nduseroptmsg. */
#define AT_LEN       0u
#define AT_TYPE      4u
#define AT_FAMILY    16u
#define AT_OPTS_LEN  18u
#define AT_IFINDEX   20u
#define AT_ICMP_TYPE 24u
#define AT_ICMP_CODE 25u
#define AT_OPTIONS   32u

#define FAMILY_INET6 10u
#define ATTR_SRCADDR 1u /* NDUSEROPT_SRCADDR */
#define ATTR_HDR_LEN 4u

/* Numbers in the machine's own order. */
static uint16_t host16(const uint8_t *p)
{
	uint16_t v;

	mem_copy(&v, p, sizeof(v));
	return v;
}

static uint32_t host32(const uint8_t *p)
{
	uint32_t v;

	mem_copy(&v, p, sizeof(v));
	return v;
}

static bool find_router(struct addr6 *router, const uint8_t *p, size_t len)
{
	size_t n;

	for (; len >= ATTR_HDR_LEN; p += n, len -= n) {
		n = host16(p);
		if (n < ATTR_HDR_LEN || n > len)
			return false;
		if (host16(p + 2) == ATTR_SRCADDR && n == ATTR_HDR_LEN + 16) {
			*router = addr6_load(p + ATTR_HDR_LEN);
			return true;
		}
		n = (n + 3) & ~(size_t)3;
		if (n > len)
			return false;
	}
	return false;
}

bool useropt_parse(struct ra *ra, struct addr6 *router, int *ifindex,
		   const void *msg, size_t len)
{
	const uint8_t *m = msg;
	size_t options;

	if (len < AT_OPTIONS || host32(m + AT_LEN) > len ||
	    host32(m + AT_LEN) < AT_OPTIONS ||
	    host16(m + AT_TYPE) != USEROPT_TYPE ||
	    m[AT_FAMILY] != FAMILY_INET6 || m[AT_ICMP_TYPE] != RA_TYPE ||
	    m[AT_ICMP_CODE])
		return false;
	len = host32(m + AT_LEN) - AT_OPTIONS;
	options = host16(m + AT_OPTS_LEN);
	mem_zero(ra, sizeof(*ra));
	ra->lifetime = UINT16_MAX;
	ra->preference = RA_MEDIUM;
	*ifindex = (int)host32(m + AT_IFINDEX);
	return options <= len && ra_options(ra, m + AT_OPTIONS, options) &&
	       find_router(router, m + AT_OPTIONS + options, len - options);
}
