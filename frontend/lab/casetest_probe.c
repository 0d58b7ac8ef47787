// SPDX-License-Identifier: GPL-2.0-only
/* From a case's flows to probes, and back to outcomes. */
#include "frontend/lab/casetest_internal.h"

static int netns_of(const struct pg_case_places *places, const struct pg_case_party *party)
{
	switch (party->kind) {
	case PG_PARTY_ENDPOINT:
		return places->endpoints[party->endpoint];
	case PG_PARTY_HOST:
		return places->host;
	default:
		return places->world;
	}
}

void pg_case_addrs_done(struct pg_case_addrs *addrs)
{
	free(addrs->list.items);
	*addrs = (struct pg_case_addrs){ 0 };
}

static int add_world(const struct pg_case_party *party, struct pg_case_addrs *addrs)
{
	struct pg_addr *added;

	if (party->kind != PG_PARTY_ADDRESS)
		return 0;
	added = pg_array_add(&addrs->list);
	if (!added)
		return -ENOMEM;
	*added = party->addr;
	return 0;
}

int pg_case_world(const struct pg_case *test, struct pg_case_addrs *ret_addrs)
{
	_cleanup_case_addrs_ struct pg_case_addrs addrs = { 0 };

	pg_array_foreach(flow, &test->flows) {
		int err = add_world(&flow->src, &addrs);

		if (!err)
			err = add_world(&flow->dst, &addrs);
		if (err)
			return err;
	}
	*ret_addrs = addrs;
	addrs = (struct pg_case_addrs){ 0 };
	return 0;
}

enum pg_case_skip pg_case_skipped(const struct pg_case_flow *flow)
{
	bool socket = flow->proto.n == PG_PROTO_TCP.n || flow->proto.n == PG_PROTO_UDP.n;

	if (flow->has_http)
		return PG_CASE_SKIP_HTTP;
	return socket && !flow->dport ? PG_CASE_SKIP_PORT_0 : PG_CASE_SKIP_NONE;
}

struct pg_probe pg_case_probe(const struct pg_case *test, const struct pg_case_flow *flow,
			      const struct pg_case_places *places)
{
	return (struct pg_probe){
		.src_netns = netns_of(places, &flow->src),
		.dst_netns = netns_of(places, &flow->dst),
		.src = pg_case_party_addr(test, &flow->src, flow->family),
		.dst = pg_case_party_addr(test, &flow->dst, flow->family),
		.proto = flow->proto,
		.dport = flow->dport,
		.expect_open = flow->expect != PG_EXPECT_DENY,
	};
}

struct pg_case_outcome pg_case_found(const struct pg_probe *probe)
{
	if (probe->result == PG_PROBE_UNKNOWN)
		return (struct pg_case_outcome){ .kind = PG_OUTCOME_ERROR, .error = probe->error };
	return (struct pg_case_outcome){
		.kind = PG_OUTCOME_JUDGED,
		.probed = probe->result,
		.verdict = probe->result == PG_PROBE_OPEN ? PG_EXPECT_ALLOW : PG_EXPECT_DENY,
	};
}
