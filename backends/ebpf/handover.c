// SPDX-License-Identifier: GPL-2.0-only
#include "backends/ebpf/handover.h"

#include <netinet/in.h>
#include <time.h>

#include "backends/ebpf/batch.h"
#include "compat/conntrack.h"
#include "compat/errtext.h"

#define SECOND 1000000000ull

void pg_handover_done(struct pg_handover *handover)
{
	pg_nfnl_done(&handover->nfnl);
}

/* The clock of pg_map_flow.seen. */
static uint64_t now(void)
{
	struct timespec time = { 0 };

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (uint64_t)time.tv_sec * SECOND + (uint64_t)time.tv_nsec;
}

int pg_handover_begin(const struct pg_pins *pins, struct pg_handover *ret_handover)
{
	_cleanup_handover_ struct pg_handover handover = { 0 };
	int err = pg_lookup_init(pins, &handover.lookup);

	if (!err)
		err = pg_nfnl_open(&handover.nfnl);
	if (!err)
		err = pg_ct_probe(&handover.nfnl);
	handover.idle = err == -EOPNOTSUPP || err == -EPROTONOSUPPORT;
	if (err && !handover.idle)
		return err;
	handover.seconds[0] = pg_ct_lifetime(IPPROTO_TCP);
	handover.seconds[1] = pg_ct_lifetime(IPPROTO_UDP);
	handover.seconds[2] = pg_ct_lifetime(0);
	*ret_handover = handover;
	handover.nfnl = (struct pg_nfnl){ 0 };
	return 0;
}

static uint64_t idle_limit(uint8_t proto)
{
	switch (proto) {
	case IPPROTO_TCP:
		return PG_ABI_IDLE_TCP_ESTABLISHED * SECOND;
	case IPPROTO_UDP:
		return PG_ABI_IDLE_UDP * SECOND;
	default:
		return PG_ABI_IDLE_OTHER * SECOND;
	}
}

/*
 * Of ICMP a query and its answer are all. An SCTP association can't be put in without what its ends said to
 * each other when it began.
 */
static bool can_be_known(uint8_t proto)
{
	return proto != IPPROTO_ICMP && proto != IPPROTO_ICMPV6 && proto != IPPROTO_SCTP;
}

static bool is_running(const struct pg_handover *handover, uint8_t proto,
		       const struct pg_map_flow *flow)
{
	if (flow->ended & PG_ABI_ENDED_RESET ||
	    (flow->ended & PG_ABI_ENDED_FINS) == PG_ABI_ENDED_FINS)
		return false;
	return flow->seen > handover->now || handover->now - flow->seen <= idle_limit(proto);
}

static bool allows(const struct pg_lookup *lookup, const struct pg_lookup_question *asked)
{
	struct pg_lookup_question question = *asked;
	struct pg_map_subject_half subject;
	struct pg_map_policy_half half;
	struct pg_map_policy_key key;
	int found;

	if (pg_lookup_subject(lookup, question.subject, &subject) != 1)
		return false;
	question.use = subject.use[question.direction];
	found = pg_lookup_policy(lookup, &question, &key, &half);
	if (found)
		return found == 1 && half.verdict == PG_ABI_ALLOW;
	return !(subject.enforced & (1 << question.direction));
}

static uint32_t identity_of(const struct pg_lookup *lookup, const struct pg_ct_flow *flow,
			    const uint8_t bytes[16])
{
	struct pg_addr addr = { .family = flow->family };
	struct pg_map_address_half half = { 0 };

	memcpy(addr.bytes, bytes, sizeof(addr.bytes));
	if (pg_lookup_address(lookup, &addr, &half) != 1 || !half.identity)
		return PG_ABI_WORLD;
	return half.identity;
}

/* As bpf/revoke.h does when the next packet of a flow comes that an earlier policy judged. */
static bool may_go_on(const struct pg_lookup *lookup, const struct pg_ct_flow *flow)
{
	uint32_t src = identity_of(lookup, flow, flow->original.src);
	uint32_t dst = identity_of(lookup, flow, flow->original.dst);
	struct pg_lookup_question out = {
		src, dst, PG_EGRESS, flow->proto, flow->original.dport, 0
	};
	struct pg_lookup_question in = {
		dst, src, PG_INGRESS, flow->proto, flow->original.dport, 0
	};

	return allows(lookup, &out) && allows(lookup, &in);
}

static bool is_valid(const struct pg_lookup *lookup, const struct pg_map_flow *flow,
		     const struct pg_ct_flow *known)
{
	const struct pg_map_meta_half *half = &lookup->pins->meta->half[lookup->generation & 1];

	return flow->generation >= half->valid_since || may_go_on(lookup, known);
}

static void turn(const struct pg_ct_tuple *tuple, struct pg_ct_tuple *ret_tuple)
{
	memcpy(ret_tuple->src, tuple->dst, sizeof(ret_tuple->src));
	memcpy(ret_tuple->dst, tuple->src, sizeof(ret_tuple->dst));
	ret_tuple->sport = tuple->dport;
	ret_tuple->dport = tuple->sport;
}

static void copy_address(uint8_t family, const struct pg_map_flow_key *key, int side,
			 uint8_t bytes[16])
{
	if (family == 6)
		memcpy(bytes, key->addr6[side], sizeof(key->addr6[side]));
	else
		memcpy(bytes, &key->addr4[side], sizeof(key->addr4[side]));
}

static struct pg_ct_flow convert(uint8_t family, const struct pg_map_flow_key *key, int initiator)
{
	struct pg_ct_flow flow = { .family = family, .proto = key->proto };

	copy_address(family, key, initiator, flow.original.src);
	copy_address(family, key, !initiator, flow.original.dst);
	flow.original.sport = key->port[initiator];
	flow.original.dport = key->port[!initiator];
	turn(&flow.original, &flow.reply);
	return flow;
}

static uint32_t lifetime(const struct pg_handover *handover, uint8_t proto)
{
	return handover->seconds[proto == IPPROTO_TCP ? 0 : proto == IPPROTO_UDP ? 1 : 2];
}

static void hand_over(struct pg_handover *handover, uint8_t family,
		      const struct pg_map_flow_key *key, const struct pg_map_flow *value)
{
	struct pg_ct_flow flow = convert(family, key, value->initiator & 1);
	int err;

	if (value->way < PG_ABI_WAY_SHORT || !can_be_known(key->proto) ||
	    !is_running(handover, key->proto, value) || !is_valid(&handover->lookup, value, &flow))
		return;
	err = pg_ct_establish(&handover->nfnl, &flow, lifetime(handover, key->proto));
	if (err) {
		handover->failed++;
		handover->err = handover->err ? handover->err : err;
	}
}

static int visit4(void *context, const void *key, void *value)
{
	struct pg_map_flow_key whole = { 0 };

	memcpy(&whole, key, PG_ABI_FLOW_KEY4);
	hand_over(context, 4, &whole, value);
	return 0;
}

static int visit6(void *context, const void *key, void *value)
{
	hand_over(context, 6, key, value);
	return 0;
}

void pg_handover_pass(struct pg_handover *handover)
{
	static const enum pg_map maps4[] = { PG_MAP_FLOWS4, PG_MAP_OPENING4 };
	static const enum pg_map maps6[] = { PG_MAP_FLOWS6, PG_MAP_OPENING6 };
	struct pg_map_flow value;
	const int *fds;
	int err = 0;

	if (handover->idle)
		return;
	fds = handover->lookup.pins->maps;
	handover->now = now();
	for (size_t i = 0; i < PG_COUNT(maps4) && !err; i++)
		err = pg_batch_each(fds[maps4[i]], &value, visit4, handover)
			      ?: pg_batch_each(fds[maps6[i]], &value, visit6, handover);
	handover->err = handover->err ? handover->err : err;
}

void pg_handover_report(const struct pg_handover *handover, struct pg_diags *diags)
{
	if (handover->err)
		pg_warning(diags, PG_LOC_NONE,
			   "running flows between containers may be taken for new ones: connection "
			   "tracking can't be told of them: %s",
			   PG_ERRTEXT(handover->err));
}
