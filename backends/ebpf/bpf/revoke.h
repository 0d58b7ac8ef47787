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

/* By the sides of the key. */
static __always_inline void find_owners(const struct flow_id *id, __u32 generation,
					struct pg_map_address_half owners[2])
{
	if (id->family == 6) {
		owners[0] = find_owner6(id->key.addr6[0], generation);
		owners[1] = find_owner6(id->key.addr6[1], generation);
	} else {
		owners[0] = find_owner4(id->key.addr4[0], generation);
		owners[1] = find_owner4(id->key.addr4[1], generation);
	}
}

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

static __noinline bool may_go_on(const struct context *context, const struct flow_id *id,
				 __u32 initiator)
{
	__u8 proto = named_proto(id->family, id->key.proto);
	__u16 port = asked_port(id, initiator);
	struct pg_map_address_half owners[2], src, dst;

	if (is_to_itself(id))
		return true;
	find_owners(id, context->generation, owners);
	src = initiator ? owners[1] : owners[0];
	dst = initiator ? owners[0] : owners[1];
	if (src.flags & PG_ABI_ADDRESS_LOCAL &&
	    !allows(judge_side(src.identity, dst.identity, ASK(PG_ABI_EGRESS, proto, port),
			       context->generation)))
		return false;
	if (!(dst.flags & PG_ABI_ADDRESS_LOCAL) || host_passes(context, src.identity))
		return true;
	return allows(judge_side(dst.identity, src.identity, ASK(PG_ABI_INGRESS, proto, port),
				 context->generation));
}

/* Makes the flow valid for the policy that counts, or ends it. */
static __always_inline bool renew(const struct context *context, const struct flow_id *id,
				  struct pg_map_flow *flow)
{
	if (may_go_on(context, id, flow->initiator)) {
		flow->generation = context->generation;
		return true;
	}
	forget_flow(id);
	return false;
}

#endif
