/* SPDX-License-Identifier: MIT */
/*
 * icmpext.h - the extension structure behind the quote of an ICMP error,
 * RFC 4884, and the object that tells where an error came from, RFC 6791
 *
 * Internal to siit/.
 */
#ifndef XLAT_SIIT_ICMPEXT_H
#define XLAT_SIIT_ICMPEXT_H

#include "siit/translate.h"

#define ICMPEXT_OBJECT_MAX 24u

/**
 * struct icmpext_object - an object to be appended
 * @len:	its bytes; 0: none
 */
struct icmpext_object {
	uint8_t wire[ICMPEXT_OBJECT_MAX];
	uint32_t len;
};

/**
 * struct icmpext_message - an ICMP error while it is rebuilt
 * @body:	start of what follows the ICMP header: the quote
 * @len:	its bytes; once an extension is placed, of both
 * @ext:	extension structure as received
 * @ext_len:	its bytes; 0: none
 * @end:	end of the buffer
 */
struct icmpext_message {
	uint8_t *body;
	uint32_t len;
	const uint8_t *ext;
	uint32_t ext_len;
	const uint8_t *end;
};

/**
 * icmpext_node6() - object with the IPv6 source that has no IPv4 form
 * icmpext_node4() - the other way round
 */
struct icmpext_object icmpext_node6(enum node_extension kind,
				    struct addr6 node);
struct icmpext_object icmpext_node4(enum node_extension kind, uint32_t node);

/**
 * icmpext_place6() - pad the quote of an ICMPv6 message anew and put the
 * extension behind it, with @o appended
 * icmpext_place4() - the same for ICMPv4
 *
 * ICMPv6 stays within 1280 bytes: the quote gives way down to 128, then the
 * extension. ICMPv4 with an object of ours stays within 576, if the quote can
 * give way for it.
 *
 * Return: the length attribute, 0 without extension
 */
uint32_t icmpext_place6(struct icmpext_message *m,
			const struct icmpext_object *o);
uint32_t icmpext_place4(struct icmpext_message *m,
			const struct icmpext_object *o);

#endif
