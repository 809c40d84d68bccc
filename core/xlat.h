/* SPDX-License-Identifier: MIT */
/*
 * xlat.h - what can become of a packet, and why
 *
 * Every packet that is not forwarded has a reason with a name.  The list
 * below is the only place where a reason is introduced: the enumeration,
 * the counters, `xlat ctl NAME counters`, the manual's table and the tests
 * all come from it.
 */
#ifndef XLAT_XLAT_H
#define XLAT_XLAT_H

#include "base.h"

/*
 * R(identifier, name, what happened, what the operator can do)
 */
#define XLAT_REASONS(R)                                                        \
	R(NONE, "none", "forwarded", "")                                       \
	/* malformed */                                                        \
	R(SHORT, "short", "packet ends before its header does",                \
	  "look at the sender or the link: something truncates packets")       \
	R(VERSION, "version", "neither IPv4 nor IPv6",                         \
	  "look at what else writes to this device")                           \
	R(BAD_LENGTH, "bad-length", "a length field contradicts the packet",   \
	  "look at the sender or the link: something damages packets")         \
	R(BAD_CHECKSUM, "bad-checksum",                                        \
	  "wrong IPv4 header checksum, or ICMP error with a wrong checksum",   \
	  "look at the sender or the link: something damages packets")         \
	R(BAD_OPTION, "bad-option", "IPv4 option list cannot be parsed",       \
	  "find the sender; options are hardly ever legitimate")               \
	R(BAD_CHAIN, "bad-chain",                                              \
	  "IPv6 extension headers run past the packet or are too many",        \
	  "find the sender; long chains are an evasion technique")             \
	R(TINY_FRAGMENT, "tiny-fragment",                                      \
	  "first fragment without a whole transport header",                   \
	  "find the sender; RFC 1858 describes the attack")                    \
	R(BAD_FRAGMENT, "bad-fragment", "fragment ends beyond 65535 bytes",    \
	  "find the sender; this is an attack on reassembly")                  \
	R(BAD_OFFLOAD, "bad-offload",                                          \
	  "the device announced a super-packet or checksum that is none",      \
	  "switch offload off and report the kernel's version")                \
	/* not translatable */                                                 \
	R(ILLEGAL_SOURCE, "illegal-source",                                    \
	  "source is no unicast address of a host",                            \
	  "find the sender; a reverse-path filter upstream helps")             \
	R(ILLEGAL_DESTINATION, "illegal-destination",                          \
	  "destination is no unicast address of a host",                       \
	  "nothing; multicast and broadcast are not translated")               \
	R(NO_MAPPING, "no-mapping",                                            \
	  "address is neither in pool6 nor in the address mapping table",      \
	  "compare the routes into the device with pool6 and eam")             \
	R(NON_GLOBAL, "non-global",                                            \
	  "non-global IPv4 address under the well-known prefix "               \
	  "(RFC 6052, 3.1) or refused as destination",                         \
	  "use a prefix of your own, or name the network with allow4")         \
	R(DENIED, "denied",                                                    \
	  "address on the deny list, or not on the allowed "                   \
	  "list",                                                              \
	  "check allow6, allow4 and denylist4")                                \
	R(UNREACHABLE, "unreachable",                                          \
	  "no way to the provider's translator: its prefix or the IPv6 route " \
	  "is lost",                                                           \
	  "see the state that xlat ctl clat status tells")                     \
	R(OWN_ADDRESS, "own-address",                                          \
	  "under pool6: the translator's own IPv4 address",                    \
	  "name it with allow4 if it is to be reached through the translator") \
	R(SOURCE_ROUTE, "source-route",                                        \
	  "IPv4 source route that is not used up",                             \
	  "nothing; source routing is refused everywhere")                     \
	R(ROUTING_HEADER, "routing-header",                                    \
	  "IPv6 Routing header with segments left",                            \
	  "nothing; source routing is refused everywhere")                     \
	R(UNKNOWN_PROTOCOL, "unknown-protocol",                                \
	  "protocol that cannot be carried to the other family",               \
	  "stateful NAT64 carries TCP, UDP and ICMP only; siit carries all")   \
	R(ICMP_TYPE, "icmp-type", "ICMP message without a counterpart",        \
	  "nothing; RFC 7915 drops these")                                     \
	R(ICMP_FRAGMENT, "icmp-fragment",                                      \
	  "fragment of an ICMP message, by itself",                            \
	  "nothing; it is the whole message that can be translated")           \
	R(ICMP_QUOTE, "icmp-quote",                                            \
	  "ICMP error whose quoted packet cannot be translated",               \
	  "nothing; often a late error about a flow that is gone")             \
	R(EXT_AFTER_FRAGMENT, "ext-after-fragment",                            \
	  "extension header behind the Fragment header",                       \
	  "nothing; RFC 7915 drops these")                                     \
	R(UDP_ZERO_CHECKSUM, "udp-zero-checksum",                              \
	  "IPv4 UDP without checksum that may not or cannot be completed",     \
	  "set udp-zero-checksum to compute or forward")                       \
	R(HOP_LIMIT, "hop-limit", "TTL or hop limit used up",                  \
	  "normal for traceroute; many of them mean a routing loop")           \
	R(TOO_BIG, "too-big", "does not fit the next hop and may not be cut",  \
	  "normal for path MTU discovery; many mean its errors get lost")      \
	/* stateful */                                                         \
	R(NO_BINDING, "no-binding",                                            \
	  "IPv4 packet for a pool address and port that nobody uses",          \
	  "normal on the Internet: scans and late packets")                    \
	R(FILTERED, "filtered", "refused by the filtering rule",               \
	  "see --filtering and --no-ping")                                     \
	R(TCP_STATE, "tcp-state", "TCP segment that may not open a session",   \
	  "normal after a restart: connections that the table has forgotten")  \
	R(FRAGMENT, "fragment",                                                \
	  "fragment that repeats or contradicts another, or that stateful "    \
	  "translation cannot place",                                          \
	  "lower the sender's MTU or datagram size")                           \
	R(FRAGMENT_HELD, "fragment-held",                                      \
	  "fragment that waits for others of its datagram, see --timeout",     \
	  "normal for a large ping, and where packets are reordered")          \
	R(TABLE_FULL, "table-full", "no room for another session",             \
	  "raise max-sessions")                                                \
	R(SUBSCRIBER_LIMIT, "subscriber-limit",                                \
	  "the subscriber has as many sessions as it may",                     \
	  "look at that subscriber; raise max-sessions-per-subscriber")        \
	R(SUBSCRIBER_BINDINGS, "subscriber-bindings",                          \
	  "the subscriber has as many bindings as it may",                     \
	  "raise max-bindings-per-subscriber")                                 \
	R(SUBSCRIBER_RATE, "subscriber-rate",                                  \
	  "the subscriber opens sessions faster than it may",                  \
	  "raise max-rate-per-subscriber")                                     \
	R(BINDING_LIMIT, "binding-limit",                                      \
	  "the binding has as many sessions as it may",                        \
	  "raise max-sessions-per-binding")                                    \
	R(SUBSCRIBER_PORTS, "subscriber-ports",                                \
	  "the ports that the subscriber may have are in use or held down",    \
	  "raise max-blocks-per-subscriber")                                   \
	R(POOL_EXHAUSTED, "pool-exhausted",                                    \
	  "the subscriber's address of pool4 has no free port",                \
	  "add addresses to pool4")                                            \
	R(POOL_ADDRESSES, "pool-addresses",                                    \
	  "no address of pool4 has a free port for another subscriber",        \
	  "add addresses to pool4")                                            \
	R(MANY_SUBSCRIBERS, "too-many-subscribers",                            \
	  "there are as many subscribers as there may be",                     \
	  "raise max-subscribers")                                             \
	R(SYN_HELD, "syn-held", "unsolicited TCP SYN, held for six seconds",   \
	  "normal: RFC 6146 waits for a simultaneous open")                    \
	/* own limits */                                                       \
	R(ERROR_LIMIT, "error-limit",                                          \
	  "an ICMP error was due but the rate limit held it back",             \
	  "find who sends so many packets that cannot be forwarded")           \
	R(WRITE_FAILED, "write-failed", "the kernel refused the packet",       \
	  "see the log; the device may be down")                               \
	R(THREAD_BUSY, "thread-busy",                                          \
	  "the thread that the packet belongs to takes no more",               \
	  "packets come faster than this machine translates them")             \
	R(NO_HEADROOM, "no-headroom", "internal: buffer too small",            \
	  "report this: it is a bug")

enum xlat_why {
#define XLAT_WHY(id, name, what, advice) WHY_##id,
	XLAT_REASONS(XLAT_WHY)
#undef XLAT_WHY
		WHY_COUNT
};

/**
 * enum xlat_verdict - what to do with the packet
 * @XLAT_FORWARD:	send it: it has been translated in place
 * @XLAT_REPLY:		send it: it now is an ICMP error to its own sender
 * @XLAT_DROP:		forget it; its bytes are unspecified
 * @XLAT_ELSEWHERE:	another thread decides: it has to be handed over
 */
enum xlat_verdict { XLAT_FORWARD, XLAT_REPLY, XLAT_DROP, XLAT_ELSEWHERE };

/**
 * struct xlat_result - verdict and, unless it is XLAT_FORWARD, its reason
 */
struct xlat_result {
	enum xlat_verdict verdict;
	enum xlat_why why;
};

XL_INLINE struct xlat_result xlat_forward(void)
{
	return (struct xlat_result){ XLAT_FORWARD, WHY_NONE };
}

XL_INLINE struct xlat_result xlat_drop(enum xlat_why why)
{
	return (struct xlat_result){ XLAT_DROP, why };
}

XL_INLINE struct xlat_result xlat_reply(enum xlat_why why)
{
	return (struct xlat_result){ XLAT_REPLY, why };
}

XL_INLINE struct xlat_result xlat_elsewhere(void)
{
	return (struct xlat_result){ XLAT_ELSEWHERE, WHY_NONE };
}

/**
 * xlat_why_name() - the name of a reason, as in counters and the manual
 * xlat_why_text() - what happened, half a sentence
 * xlat_why_advice() - what the operator can do about it
 */
const char *xlat_why_name(enum xlat_why why);
const char *xlat_why_text(enum xlat_why why);
const char *xlat_why_advice(enum xlat_why why);

#endif
