// SPDX-License-Identifier: GPL-2.0-only
/* Packets that come back to the prober, from an endpoint that nobody trusts. */
#include "frontend/lab/probe_wire.h"
#include "tests/fuzz/fuzz.h"

/* The copies are of their own, so that a byte read behind the end is found. */
static uint8_t *copy(const uint8_t *data, size_t size)
{
	uint8_t *bytes = malloc(size ? size : 1);

	FUZZ_CHECK(bytes);
	if (size)
		memcpy(bytes, data, size);
	return bytes;
}

static void check_icmp(const uint8_t *message, size_t size, uint8_t family)
{
	_cleanup_free_ uint8_t *bytes = copy(message, size);
	struct pg_wire_icmp icmp = pg_wire_icmp_parse(bytes, size, family);

	FUZZ_CHECK(icmp.kind == PG_WIRE_ICMP_OTHER || icmp.kind == PG_WIRE_ICMP_REPLY ||
		   icmp.kind == PG_WIRE_ICMP_UNREACHABLE);
	FUZZ_CHECK(icmp.kind != PG_WIRE_ICMP_UNREACHABLE || icmp.to.family == family);
}

/* What was read can be made again, and is the same then. */
static void check_sctp(const uint8_t *packet, size_t size)
{
	_cleanup_free_ uint8_t *bytes = copy(packet, size);
	struct pg_wire_sctp sctp, again;
	uint8_t made[PG_WIRE_MAX];
	size_t length;

	if (!pg_wire_sctp_parse(bytes, size, &sctp))
		return;
	if (sctp.chunk != PG_WIRE_SCTP_INIT && sctp.chunk != PG_WIRE_SCTP_INIT_ACK)
		return;
	length = pg_wire_sctp_make(made, &sctp);
	FUZZ_CHECK(length <= sizeof(made));
	FUZZ_CHECK(pg_wire_sctp_parse(made, length, &again));
	FUZZ_CHECK(again.sport == sctp.sport && again.dport == sctp.dport);
	FUZZ_CHECK(again.tag == sctp.tag && again.init_tag == sctp.init_tag);
	FUZZ_CHECK(again.chunk == sctp.chunk);
}

/* As an IPv4 packet, and as what follows an IPv6 header. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const uint8_t families[] = { 4, 6 };

	for (size_t i = 0; i < PG_COUNT(families); i++) {
		_cleanup_free_ uint8_t *bytes = copy(data, size);
		size_t header = pg_wire_header(bytes, size, families[i]);

		if (header == SIZE_MAX)
			continue;
		FUZZ_CHECK(header <= size);
		check_icmp(data + header, size - header, families[i]);
		check_sctp(data + header, size - header);
	}
	return 0;
}
