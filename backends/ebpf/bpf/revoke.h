/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Flows that an earlier policy than the last one with --on-revoke=cut judged: the first packet that finds
 * one has it judged again, as the flow's first packet would be now, on both sides, and the flow is valid
 * for the policy that counts or gone. The key is what the last judge saw: addresses after DNAT, before
 * SNAT.
 *
 * Several processors may do so at once. They come to the same answer, unless one of them still runs by
 * the policy before; then the flow is judged once more, or a new one's first packet is.
 */
#ifndef PG_BACKENDS_EBPF_BPF_REVOKE_H
#define PG_BACKENDS_EBPF_BPF_REVOKE_H

#include "flow_id.h"
#include "policy.h"
#include "routed.h"
#include "way.h"

/* What was asked for: the port, or the type of the query. */
static __always_inline __u16 asked_port(const struct flow_id *id, __u32 initiator)
{
	const struct pg_map_flow_key *key = &id->key;

	if (id->family == 6 && key->proto == IPPROTO_ICMPV6)
		return ICMPV6_INFORMATIONAL | key->query >> 1;
	if (id->family != 6 && key->proto == IPPROTO_ICMP)
		return key->query >> 1;
	return initiator ? key->port[0] : key->port[1];
}

static __always_inline bool is_to_itself(const struct flow_id *id)
{
	const struct pg_map_flow_key *key = &id->key;

	if (id->family != 6)
		return key->addr4[0] == key->addr4[1];
	return key->addr6[0][0] == key->addr6[1][0] && key->addr6[0][1] == key->addr6[1][1];
}

static __always_inline bool allows(__u64 found)
{
	return FOUND_VERDICT(found) == PG_ABI_ALLOW;
}

static __always_inline bool may_go_on(const struct flow_id *id, __u32 initiator,
				      const struct commit *commit)
{
	__u32 generation = commit->generation;
	__u8 proto = named_proto(id->family, id->key.proto);
	__u16 port = asked_port(id, initiator);
	__u64 one, other, src, dst;

	if (is_to_itself(id))
		return true;
	one = find_owner(id, 0, generation);
	other = find_owner(id, 1, generation);
	src = initiator ? other : one;
	dst = initiator ? one : other;
	if (OWNER_FLAGS(src) & PG_ABI_ADDRESS_LOCAL &&
	    !allows(judge_side(OWNER_ID(src), OWNER_ID(dst), ASK(PG_ABI_EGRESS, proto, port),
			       generation)))
		return false;
	if (!(OWNER_FLAGS(dst) & PG_ABI_ADDRESS_LOCAL) || host_passes(commit, OWNER_ID(src)))
		return true;
	return allows(judge_side(OWNER_ID(dst), OWNER_ID(src), ASK(PG_ABI_INGRESS, proto, port),
				 generation));
}

/*
 * A flow of an earlier generation is made valid for the one that counts, or ended: NULL. A program that
 * still runs by an earlier one leaves alone what others have done since. The entry is looked up again
 * rather than held, which the verifier would pay for with a state for each map that it can be in.
 */
static __always_inline struct pg_map_flow *renew_flow(struct flow_id *id, struct pg_map_flow *flow,
						      const struct commit *commit)
{
	__u32 initiator = flow->initiator;
	bool is_revoked = flow->generation < commit->valid_since;

	if (is_revoked && !may_go_on(id, initiator, commit)) {
		forget_flow(id);
		return NULL;
	}
	flow = look_up_flow(id, true);
	if (!flow)
		return NULL;
	if (flow->way == PG_ABI_WAY_UPLINK)
		renew_uplink(id, flow, commit->generation);
	else
		renew_way(id, flow, commit->generation);
	barrier();
	flow->generation = commit->generation;
	return flow;
}

#endif
