// SPDX-License-Identifier: GPL-2.0-only
/* From a case's flows to probes, and back to outcomes. */
#include "frontend/lab/casetest_internal.h"

/* Where a party is. */
struct place {
	enum { PLACE_ENDPOINT, PLACE_HOST, PLACE_WORLD } kind;
	size_t endpoint;
	struct pg_addr addr;
};

/* An address that is written out may be an endpoint's or the host's nevertheless. */
static struct place place_addr(const struct pg_case *test, const struct pg_addr *addr)
{
	for (size_t i = 0; i < test->endpoints.list.count; i++) {
		if (!pg_addr_compare(&test->endpoints.list.items[i].ipv4, addr))
			return (struct place){ PLACE_ENDPOINT, i, *addr };
	}
	pg_array_foreach(host, &test->endpoints.host_addrs) {
		if (!pg_addr_compare(host, addr))
			return (struct place){ PLACE_HOST, 0, *addr };
	}
	return (struct place){ PLACE_WORLD, 0, *addr };
}

static struct place find_place(const struct pg_case *test, const struct pg_case_party *party)
{
	switch (party->kind) {
	case PG_PARTY_ENDPOINT:
		return (struct place){ PLACE_ENDPOINT, party->endpoint,
				       test->endpoints.list.items[party->endpoint].ipv4 };
	case PG_PARTY_HOST:
		return (struct place){ PLACE_HOST, 0, test->endpoints.host_addrs.items[0] };
	default:
		return place_addr(test, &party->addr);
	}
}

static int netns_of(const struct pg_case_places *places, const struct place *place)
{
	switch (place->kind) {
	case PLACE_ENDPOINT:
		return places->endpoints[place->endpoint];
	case PLACE_HOST:
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

static int add_world(const struct pg_case *test, const struct pg_case_party *party,
		     struct pg_case_addrs *addrs)
{
	struct place place = find_place(test, party);
	struct pg_addr *added;

	if (place.kind != PLACE_WORLD || place.addr.family != 4)
		return 0;
	added = pg_array_add(&addrs->list);
	if (!added)
		return -ENOMEM;
	*added = place.addr;
	return 0;
}

int pg_case_world(const struct pg_case *test, struct pg_case_addrs *ret_addrs)
{
	_cleanup_case_addrs_ struct pg_case_addrs addrs = { 0 };

	pg_array_foreach(flow, &test->flows) {
		int err = add_world(test, &flow->src, &addrs);

		if (!err)
			err = add_world(test, &flow->dst, &addrs);
		if (err)
			return err;
	}
	*ret_addrs = addrs;
	addrs = (struct pg_case_addrs){ 0 };
	return 0;
}

static bool is_ipv6(const struct pg_case_party *party)
{
	return party->kind == PG_PARTY_ADDRESS && party->addr.family == 6;
}

enum pg_case_skip pg_case_skipped(const struct pg_case_flow *flow)
{
	if (flow->has_http)
		return PG_CASE_SKIP_HTTP;
	if (is_ipv6(&flow->src) || is_ipv6(&flow->dst) || flow->proto.n == PG_PROTO_ICMPV6.n)
		return PG_CASE_SKIP_IPV6;
	return PG_CASE_SKIP_NONE;
}

struct pg_probe pg_case_probe(const struct pg_case *test, const struct pg_case_flow *flow,
			      const struct pg_case_places *places)
{
	struct place src = find_place(test, &flow->src), dst = find_place(test, &flow->dst);

	return (struct pg_probe){
		.src_netns = netns_of(places, &src),
		.dst_netns = netns_of(places, &dst),
		.src = src.addr,
		.dst = dst.addr,
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
