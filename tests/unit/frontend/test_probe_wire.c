// SPDX-License-Identifier: GPL-2.0-only
#include "tests/unit/unit.h"

#include <netinet/in.h>

#include "frontend/lab/probe_wire.h"

#define IP_HEADER 20

/* An IPv4 header before `length` bytes that are there already; from 10.0.0.1 to 10.0.0.2. */
static size_t put_ip(uint8_t *data, uint8_t proto, size_t length)
{
	static const uint8_t addrs[8] = { 10, 0, 0, 1, 10, 0, 0, 2 };

	memset(data, 0, IP_HEADER);
	data[0] = 0x45;
	data[9] = proto;
	memcpy(data + 12, addrs, sizeof(addrs));
	return IP_HEADER + length;
}

/* RFC 3720, appendix B.4, and the check value that every table of CRCs has. */
static void test_crc32c(void **state)
{
	uint8_t bytes[32];

	(void)state;
	assert_int_equal(pg_wire_crc32c((const uint8_t *)"123456789", 9), 0xe3069283);
	memset(bytes, 0, sizeof(bytes));
	assert_int_equal(pg_wire_crc32c(bytes, sizeof(bytes)), 0x8a9136aa);
	memset(bytes, 0xff, sizeof(bytes));
	assert_int_equal(pg_wire_crc32c(bytes, sizeof(bytes)), 0x62a8ab43);
}

static void test_echo_has_a_checksum(void **state)
{
	uint8_t packet[PG_WIRE_MAX];
	size_t length = pg_wire_echo(packet, 0x8123, 0x1122334455667788);
	uint32_t sum = 0;

	(void)state;
	for (size_t i = 0; i < length; i += 2)
		sum += (uint32_t)packet[i] << 8 | packet[i + 1];
	sum = (sum & 0xffff) + (sum >> 16);
	assert_int_equal((sum & 0xffff) + (sum >> 16), 0xffff);
	assert_int_equal(packet[0], 8);
}

static void test_reply_comes_back_as_it_was_sent(void **state)
{
	uint8_t data[IP_HEADER + PG_WIRE_MAX];
	size_t length = pg_wire_echo(data + IP_HEADER, 0x8123, 0x1122334455667788);
	struct pg_wire_icmp icmp;

	(void)state;
	length = put_ip(data, IPPROTO_ICMP, length);
	icmp = pg_wire_icmp_parse(data, length);
	assert_int_equal(icmp.kind, PG_WIRE_ICMP_OTHER); /* a request */
	data[IP_HEADER] = 0;
	icmp = pg_wire_icmp_parse(data, length);
	assert_int_equal(icmp.kind, PG_WIRE_ICMP_REPLY);
	assert_int_equal(icmp.id, 0x8123);
	assert_true(icmp.token == 0x1122334455667788);
	assert_memory_equal(icmp.from, "\x0a\0\0\x01", 4);
	for (size_t cut = 0; cut < length; cut++)
		assert_int_equal(pg_wire_icmp_parse(data, cut).kind, PG_WIRE_ICMP_OTHER);
}

static void test_unreachable_names_the_flow(void **state)
{
	uint8_t data[IP_HEADER + 8 + IP_HEADER + PG_WIRE_MAX];
	uint8_t *message = data + IP_HEADER, *inner = message + 8;
	struct pg_wire_sctp init = { .sport = 40000, .dport = 80, .chunk = PG_WIRE_SCTP_INIT };
	size_t length = put_ip(data, IPPROTO_ICMP, 8 + IP_HEADER + 8);
	struct pg_wire_icmp icmp;

	(void)state;
	memset(message, 0, 8);
	message[0] = 3;
	message[1] = 13;
	pg_wire_sctp_make(inner + IP_HEADER, &init);
	put_ip(inner, IPPROTO_SCTP, 8);
	icmp = pg_wire_icmp_parse(data, length);
	assert_int_equal(icmp.kind, PG_WIRE_ICMP_UNREACHABLE);
	assert_int_equal(icmp.code, 13);
	assert_int_equal(icmp.proto, IPPROTO_SCTP);
	assert_int_equal(icmp.port, 40000);
	assert_memory_equal(icmp.to, "\x0a\0\0\x02", 4);
	for (size_t cut = 0; cut < length; cut++)
		assert_int_equal(pg_wire_icmp_parse(data, cut).kind, PG_WIRE_ICMP_OTHER);

	pg_wire_echo(inner + IP_HEADER, 0x9001, 1);
	put_ip(inner, IPPROTO_ICMP, 8);
	assert_int_equal(pg_wire_icmp_parse(data, length).port, 0x9001);
	inner[0] = 0x4f; /* a header longer than what is there */
	assert_int_equal(pg_wire_icmp_parse(data, length).kind, PG_WIRE_ICMP_OTHER);
}

static void assert_sctp(const struct pg_wire_sctp *made)
{
	uint8_t data[IP_HEADER + PG_WIRE_MAX], *packet = data + IP_HEADER, from[4];
	size_t length = pg_wire_sctp_make(packet, made);
	struct pg_wire_sctp parsed = { 0 };
	uint8_t crc[4];
	uint32_t wanted;

	memcpy(crc, packet + 8, sizeof(crc));
	memset(packet + 8, 0, sizeof(crc));
	wanted = pg_wire_crc32c(packet, length);
	for (int i = 0; i < 4; i++)
		assert_int_equal(crc[i], wanted >> 8 * i & 0xff);
	length = put_ip(data, IPPROTO_SCTP, length);
	assert_true(pg_wire_sctp_parse(data, length, &parsed, from));
	assert_memory_equal(from, "\x0a\0\0\x01", 4);
	assert_int_equal(parsed.sport, made->sport);
	assert_int_equal(parsed.dport, made->dport);
	assert_int_equal(parsed.tag, made->tag);
	assert_int_equal(parsed.chunk, made->chunk);
	assert_int_equal(parsed.init_tag, made->init_tag);
	for (size_t cut = 0; cut < IP_HEADER + 12 + 20; cut++)
		assert_false(pg_wire_sctp_parse(data, cut, &parsed, from));
}

static void test_sctp_reads_what_it_makes(void **state)
{
	const struct pg_wire_sctp init = {
		.sport = 40000,
		.dport = 3868,
		.chunk = PG_WIRE_SCTP_INIT,
		.init_tag = 0xdeadbeef,
	};
	const struct pg_wire_sctp answer = {
		.sport = 3868,
		.dport = 40000,
		.tag = 0xdeadbeef,
		.chunk = PG_WIRE_SCTP_INIT_ACK,
		.init_tag = 7,
	};

	(void)state;
	assert_sctp(&init);
	assert_sctp(&answer);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_crc32c),
		cmocka_unit_test(test_echo_has_a_checksum),
		cmocka_unit_test(test_reply_comes_back_as_it_was_sent),
		cmocka_unit_test(test_unreachable_names_the_flow),
		cmocka_unit_test(test_sctp_reads_what_it_makes),
	};

	return cmocka_run_group_tests_name("probe_wire", tests, NULL, NULL);
}
