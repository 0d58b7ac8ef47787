/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The universe of the tests of the programs: a (256) and b (257) are closed in both directions, c
 * (258) is open, and all three are on this host. 10.1.0.0/16 is a CIDR of the policy, 10.9.0.1 the
 * host, and everything else the world. So it is with IPv6, where a test wants it.
 */
#ifndef PG_TESTS_UNIT_BACKENDS_EBPF_ABC_H
#define PG_TESTS_UNIT_BACKENDS_EBPF_ABC_H

#include "tests/unit/backends/ebpf_packet.h"

#define A_IP	 "10.0.0.2"
#define B_IP	 "10.0.0.3"
#define C_IP	 "10.0.0.4"
#define CIDR_IP	 "10.1.2.3"
#define HOST_IP	 "10.9.0.1"
#define WORLD_IP "8.8.8.8"

#define A_IP6	  "fd00::2"
#define B_IP6	  "fd00::3"
#define C_IP6	  "fd00::4"
#define CIDR_IP6  "2001:db8:1::7"
#define HOST_IP6  "fd00::1"
#define WORLD_IP6 "2001:db8::8"
#define LINK_IP6  "fe80::2"

enum {
	A_ID = 256,
	B_ID,
	C_ID,
	HOST_ID = 1,
	WORLD_ID = 2,
	ANY_ID = 0,
	CIDR_ID = 1 << 24 | 1,
};

enum abc { A, B, C, ABC };

/* Enters the namespace and makes the interfaces. Call it first in main(). */
void abc_enter(void);
/* The same with the containers' ends in another namespace, as the short way needs it. */
void abc_enter_apart(void);

int abc_setup(void **state);
int abc_teardown(void **state);
#define abc_test(fn) cmocka_unit_test_setup_teardown(fn, abc_setup, abc_teardown)

/* The universe, to which the test adds rules; or the test is skipped. */
struct world *abc_begin(void **state);

/* Gives all of them IPv6 addresses; 2001:db8:1::/48 is the CIDR's. */
void abc_add_ipv6(struct world *world);

uint32_t abc_ifindex(enum abc endpoint);

/* world_finish() and world_apply_ok(). */
void abc_apply(struct world *world);

/* What becomes of a packet that an endpoint sends, or that is on its way to it. */
int sent(enum abc by, struct packet packet);
int received(enum abc by, struct packet packet);
/* Of one that goes from one endpoint to another: both programs, if the first lets it pass. */
int exchanged(enum abc from, enum abc to, struct packet packet);

/* Where headers begin in a frame; TCP's behind IPv4 without options. */
#define IP_AT  ETH_HLEN
#define TCP_AT (ETH_HLEN + 20)

/* What becomes of a packet that A sends with one byte changed; length: of the frame, 0: as it is. */
int sent_changed(const struct packet *packet, size_t at, uint8_t value, size_t length);

/* TCP over IPv4 that A may send passes, and not with headers that can't be. */
void assert_malformed_drops(const struct packet *packet);

#define assert_passes(verdict) assert_int_equal(verdict, PASS)
#define assert_drops(verdict)  assert_int_equal(verdict, DROP)
/* Handed over to the other endpoint, the short way. */
#define assert_hands(verdict) assert_int_equal(verdict, HAND)

/* Every port of TCP. */
#define TCP_ALL IPPROTO_TCP, 0, 65535
#define EVERY	0, 0, 65535

#endif
