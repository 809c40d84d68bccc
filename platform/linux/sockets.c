/* SPDX-License-Identifier: MIT */
#include "sockets.h"

#include <stdio.h>
#include <string.h>

#include "digits.h"

#define WORD      8u /* hexadecimal digits, in the machine's order */
#define TIME_WAIT 6u

/* "   0: 0100007F:0050 00000000:0000 0A": ends and state; an IPv6 address has
 * four words. Is it a socket of @addr, in IPv6 or not, or of any address? */
static bool is_meant(const char *line, const char *addr, uint16_t *port)
{
	const char *text = strchr(line, ':');
	const char *end = text ? strchr(text + 1, ':') : NULL;
	const char *ports;
	const char *state;
	size_t len;

	if (!end)
		return false;
	ports = end + 1;
	text += 2;
	len = (size_t)(end - text);
	*port = (uint16_t)digits_take(&ports, 16);
	state = text + 2 * len + sizeof(":0050 :0000 ") - 1;
	return digits_take(&state, 16) != TIME_WAIT &&
	       (strspn(text, "0") == len ||
		(strspn(text, "0") >= (len - WORD) / 2 &&
		 memcmp(end - WORD, addr, WORD) == 0));
}

static void read_file(const char *name, const char *addr,
		      const struct share_ports *p, struct sockets_found *out)
{
	const enum share_table table = name[0] == 't' ? SHARE_TCP : SHARE_UDP;
	char line[256];
	uint16_t port;
	FILE *f;

	snprintf(line, sizeof(line), "/proc/net/%s", name);
	f = fopen(line, "re");
	while (f && fgets(line, sizeof(line), f)) {
		if (!is_meant(line, addr, &port) || !share_has(p, table, port))
			continue;
		if (out->count++ == 0) {
			out->port = port;
			memcpy(out->proto, name, 3);
		}
	}
	if (f)
		fclose(f);
}

struct sockets_found sockets_find(uint32_t addr, const struct share_ports *p)
{
	static const char names[][5] = { "tcp", "tcp6", "udp", "udp6" };
	struct sockets_found found = { 0 };
	char text[WORD + 1];
	uint32_t word;

	be_put32((uint8_t *)&word, addr);
	snprintf(text, sizeof(text), "%08X", word);
	for (size_t i = 0; i < XL_COUNT(names); i++)
		read_file(names[i], text, p, &found);
	return found;
}
