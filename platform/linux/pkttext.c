/* SPDX-License-Identifier: MIT */
#include "pkttext.h"

#include <arpa/inet.h>
#include <stdio.h>

static void host(char *out, size_t size, const struct pkt_view *v, bool src)
{
	char addr[INET6_ADDRSTRLEN];
	const bool v4 = v->version == 4;
	const uint16_t port = src ? v->sport : v->dport;
	uint8_t wire[16];

	if (v4)
		be_put32(wire, src ? v->h4.src : v->h4.dst);
	else
		addr6_store(wire, src ? v->h6.src : v->h6.dst);
	inet_ntop(v4 ? AF_INET : AF_INET6, wire, addr, sizeof(addr));
	if (v->ports)
		snprintf(out, size, v4 ? "%s:%u" : "[%s]:%u", addr, port);
	else
		snprintf(out, size, "%s", addr);
}

static void protocol(char out[24], const struct pkt_view *v)
{
	if (v->proto == IP_TCP || v->proto == IP_UDP)
		snprintf(out, 24, v->proto == IP_TCP ? "tcp" : "udp");
	else if ((v->proto == IP_ICMP || v->proto == IP_ICMP6) && v->first)
		snprintf(out, 24,
			 v->version == 4 ? "icmp %u/%u" : "icmp6 %u/%u",
			 v->icmp_type, v->icmp_code);
	else
		snprintf(out, 24, "protocol %u", v->proto);
}

static void flags(char out[10], const struct pkt_view *v)
{
	static const char letters[] = "FSRPAUEC";
	size_t n = 0;

	if (v->proto == IP_TCP && v->first) {
		out[n++] = ' ';
		for (unsigned int i = 0; i < 8; i++)
			if (v->tcp_flags >> i & 1)
				out[n++] = letters[i];
	}
	out[n] = '\0';
}

void pkttext(char *out, const struct pkt_view *v, uint32_t len,
	     uint16_t gso_size)
{
	const bool v4 = v->version == 4;
	char proto[24];
	char from[56];
	char to[56];
	char tcp[10];
	char more[64] = "";
	const uint32_t id = v4 ? v->h4.id : v->h6.id;
	const uint32_t off = v4 ? v->h4.off : v->h6.off;
	const uint32_t hops = v4 ? v->h4.ttl : v->h6.hlim;

	protocol(proto, v);
	host(from, sizeof(from), v, true);
	host(to, sizeof(to), v, false);
	flags(tcp, v);
	if (v->fragment)
		snprintf(more, sizeof(more), ", fragment %u at %u%s", id, off,
			 (v4 ? v->h4.mf : v->h6.mf) ? " and more" : "");
	else if (gso_size)
		snprintf(more, sizeof(more), ", in pieces of %u", gso_size);
	snprintf(out, PKTTEXT_SIZE, "%s %s > %s%s, %u bytes, ttl %u%s", proto,
		 from, to, tcp, len, hops, more);
}
