// SPDX-License-Identifier: GPL-2.0-only
#include "tests/unit/unit.h"

#include <netinet/in.h>

#include "frontend/lab/probe_wire.h"

#define IP4_HEADER 20
#define IP6_HEADER 40

/* A header before bytes that are there already, from 10.0.0.1 to 10.0.0.2, or fd00::1 to fd00::2. */
static size_t put_ip(uint8_t *data, uint8_t family, uint8_t proto)
{
	static const uint8_t addrs4[8] = { 10, 0, 0, 1, 10, 0, 0, 2 };
	static const uint8_t addrs6[32] = { 0xfd, [15] = 1, [16] = 0xfd, [31] = 2 };

	memset(data, 0, family == 4 ? IP4_HEADER : IP6_HEADER);
	data[0] = family == 4 ? 0x45 : 0x60;
	data[family == 4 ? 9 : 6] = proto;
	if (family == 4)
		memcpy(data + 12, addrs4, sizeof(addrs4));
	else
		memcpy(data + 8, addrs6, sizeof(addrs6));
	return family == 4 ? IP4_HEADER : IP6_HEADER;
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
	size_t length = pg_wire_echo(packet, 4, 0x8123, 0x1122334455667788);
	uint32_t sum = 0;

	(void)state;
	for (size_t i = 0; i < length; i += 2)
		sum += (uint32_t)packet[i] << 8 | packet[i + 1];
	sum = (sum & 0xffff) + (sum >> 16);
	assert_int_equal((sum & 0xffff) + (sum >> 16), 0xffff);
	assert_int_equal(packet[0], 8);
	pg_wire_echo(packet, 6, 0x8123, 0x1122334455667788);
	assert_int_equal(packet[0], 128);
	assert_int_equal(packet[2] | packet[3], 0); /* the kernel's to fill in */
}

static void test_headers_of_packets(void **state)
{
	uint8_t data[IP4_HEADER + 4] = { 0x45 };

	(void)state;
	assert_int_equal(pg_wire_header(data, sizeof(data), 4), IP4_HEADER);
	assert_int_equal(pg_wire_header(data, sizeof(data), 6), 0);
	for (size_t cut = 0; cut < IP4_HEADER; cut++)
		assert_int_equal(pg_wire_header(data, cut, 4), SIZE_MAX);
	data[0] = 0x46;
	assert_int_equal(pg_wire_header(data, sizeof(data), 4), IP4_HEADER + 4);
	data[0] = 0x47; /* longer than what is there */
	assert_int_equal(pg_wire_header(data, sizeof(data), 4), SIZE_MAX);
	data[0] = 0x44;
	assert_int_equal(pg_wire_header(data, sizeof(data), 4), SIZE_MAX);
	data[0] = 0x65;
	assert_int_equal(pg_wire_header(data, sizeof(data), 4), SIZE_MAX);
}

static const struct {
	uint8_t family, proto, reply, unreachable;
	const char *to;
} families[] = {
	{ 4, IPPROTO_ICMP, 0, 3, "10.0.0.2" },
	{ 6, IPPROTO_ICMPV6, 129, 1, "fd00::2" },
};

static void test_reply_comes_back_as_it_was_sent(void **state)
{
	(void)state;
	for (size_t i = 0; i < PG_COUNT(families); i++) {
		uint8_t family = families[i].family, other = families[1 - i].family;
		uint8_t data[PG_WIRE_MAX];
		size_t length = pg_wire_echo(data, family, 0x8123, 0x1122334455667788);
		struct pg_wire_icmp icmp = pg_wire_icmp_parse(data, length, family);

		assert_int_equal(icmp.kind, PG_WIRE_ICMP_OTHER); /* a request */
		data[0] = families[i].reply;
		icmp = pg_wire_icmp_parse(data, length, family);
		assert_int_equal(icmp.kind, PG_WIRE_ICMP_REPLY);
		assert_int_equal(icmp.id, 0x8123);
		assert_true(icmp.token == 0x1122334455667788);
		assert_int_equal(pg_wire_icmp_parse(data, length, other).kind, PG_WIRE_ICMP_OTHER);
		for (size_t cut = 0; cut < length; cut++)
			assert_int_equal(pg_wire_icmp_parse(data, cut, family).kind,
					 PG_WIRE_ICMP_OTHER);
	}
}

static void assert_unreachable(const uint8_t *data, size_t length, uint8_t family, uint8_t proto,
			       uint16_t port, const char *to)
{
	struct pg_wire_icmp icmp = pg_wire_icmp_parse(data, length, family);
	char text[PG_ADDR_TEXT_MAX];

	assert_int_equal(icmp.kind, PG_WIRE_ICMP_UNREACHABLE);
	assert_int_equal(icmp.code, 13);
	assert_int_equal(icmp.proto, proto);
	assert_int_equal(icmp.port, port);
	assert_string_equal(pg_addr_format(&icmp.to, text), to);
	for (size_t cut = 0; cut < length; cut++)
		assert_int_equal(pg_wire_icmp_parse(data, cut, family).kind, PG_WIRE_ICMP_OTHER);
}

static void test_unreachable_names_the_flow(void **state)
{
	struct pg_wire_sctp init = { .sport = 40000, .dport = 80, .chunk = PG_WIRE_SCTP_INIT };

	(void)state;
	for (size_t i = 0; i < PG_COUNT(families); i++) {
		uint8_t data[8 + IP6_HEADER + PG_WIRE_MAX] = { families[i].unreachable, 13 };
		uint8_t family = families[i].family, *inner = data + 8;
		size_t header = put_ip(inner, family, IPPROTO_SCTP), length = 8 + header + 8;

		pg_wire_sctp_make(inner + header, &init);
		assert_unreachable(data, length, family, IPPROTO_SCTP, 40000, families[i].to);
		put_ip(inner, family, families[i].proto);
		pg_wire_echo(inner + header, family, 0x9001, 1);
		assert_unreachable(data, length, family, families[i].proto, 0x9001, families[i].to);
		inner[0] = 0x5f; /* of no family */
		assert_int_equal(pg_wire_icmp_parse(data, length, family).kind, PG_WIRE_ICMP_OTHER);
	}
}

static void assert_sctp(const struct pg_wire_sctp *made)
{
	uint8_t packet[PG_WIRE_MAX];
	size_t length = pg_wire_sctp_make(packet, made);
	struct pg_wire_sctp parsed = { 0 };
	uint8_t crc[4];
	uint32_t wanted;

	memcpy(crc, packet + 8, sizeof(crc));
	memset(packet + 8, 0, sizeof(crc));
	wanted = pg_wire_crc32c(packet, length);
	for (int i = 0; i < 4; i++)
		assert_int_equal(crc[i], wanted >> 8 * i & 0xff);
	assert_true(pg_wire_sctp_parse(packet, length, &parsed));
	assert_int_equal(parsed.sport, made->sport);
	assert_int_equal(parsed.dport, made->dport);
	assert_int_equal(parsed.tag, made->tag);
	assert_int_equal(parsed.chunk, made->chunk);
	assert_int_equal(parsed.init_tag, made->init_tag);
	for (size_t cut = 0; cut < 12 + 20; cut++)
		assert_false(pg_wire_sctp_parse(packet, cut, &parsed));
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
		cmocka_unit_test(test_headers_of_packets),
		cmocka_unit_test(test_reply_comes_back_as_it_was_sent),
		cmocka_unit_test(test_unreachable_names_the_flow),
		cmocka_unit_test(test_sctp_reads_what_it_makes),
	};

	return cmocka_run_group_tests_name("probe_wire", tests, NULL, NULL);
}
