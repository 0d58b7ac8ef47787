// SPDX-License-Identifier: GPL-2.0-only
/*
 * The two programs on the host side of a container's interface. What the container sends comes in
 * there (from_container: its egress rules), what it receives goes out there (to_container: its ingress
 * rules). They only ever restrict: what they let through goes on to other programs, the bridge and
 * netfilter.
 *
 * A new flow between two endpoints of this host is judged whole by to_container, the source's egress
 * too: between the two programs a commit may change the policy, or NAT the destination, and then
 * neither the old nor the new policy would have judged both sides. from_container judges it all the
 * same, so that what is denied goes no further than it must.
 */
#include <linux/pkt_cls.h>

#include "abi.h"
#include "context.h"
#include "established.h"
#include "flow.h"
#include "maps.h"
#include "policy.h"
#include "read.h"
#include "report.h"
#include "uplink.h"

char _license[] SEC("license") = "GPL";

/* Whether the interface is one of ours, and why not. PG_OUTCOMES: it is. */
static __always_inline __u32 enter(struct context *context)
{
	__u32 zero = 0, ifindex = context->skb->ifindex;
	struct pg_map_meta *meta = bpf_map_lookup_elem(&pg_meta, &zero);
	const struct pg_map_endpoint *endpoint;
	const struct pg_map_meta_half *half;

	if (!meta)
		return PG_OUTCOME_UNKNOWN;
	context->commit.generation = *(volatile __u32 *)&meta->generation;
	if (!context->commit.generation)
		return PG_OUTCOME_PASS;
	half = &meta->half[context->commit.generation & 1];
	context->commit.host_policy = half->host_policy;
	context->commit.valid_since = half->valid_since;
	/* Entries are made before the programs are attached and go after: there always is one. */
	endpoint = bpf_map_lookup_elem(&pg_endpoints, &ifindex);
	if (!endpoint)
		return PG_OUTCOME_UNKNOWN;
	context->endpoint = HALF(context, endpoint);
	return context->endpoint->identity ? PG_OUTCOMES : PG_OUTCOME_PASS;
}

#define VLAN_ID 0x0fff

/*
 * What iptables doesn't see must not be a way around the policy, so an endpoint that is closed or of
 * which a rule speaks gets and sends none. Another may use VLANs, but receivers take VLAN 0 as no tag, however often it stands
 * there: what is sent in such a frame is seen to as if it had none (PG_OUTCOMES).
 */
static __always_inline __u32 judge_tag(struct context *context)
{
	const struct __sk_buff *skb = context->skb;

	if (is_judged(context))
		return PG_OUTCOME_VLAN;
	if (context->program == PG_ABI_INGRESS || !skb->vlan_present || skb->vlan_tci & VLAN_ID)
		return PG_OUTCOME_PASS;
	return is_tag(skb->protocol) ? PG_OUTCOME_VLAN : PG_OUTCOMES;
}

/* Of an established flow: finds out about its way, and takes it. */
static __always_inline void take_way(struct context *context, struct pg_map_flow *flow,
				     const struct flow_id *id)
{
	__u32 target = flow->ifindex[other_side(id->side)];

	if (flow->way == PG_ABI_WAY_UNKNOWN && flow->local == 3)
		prove_way(context, id, flow);
	else if (flow->way == PG_ABI_WAY_UNKNOWN)
		prove_uplink(context, id, flow);
	if (flow->way < PG_ABI_WAY_SHORT || context->program != PG_ABI_EGRESS ||
	    is_tagged(context->skb))
		return;
	/* Routes are asked about an uplink. */
	if (flow->way == PG_ABI_WAY_UPLINK || is_there(context->skb, target))
		context->target = target;
	else
		flow->way = PG_ABI_WAY_STACK;
}

static __always_inline bool judge_egress(struct context *context)
{
	bool allowed;

	find_peer(context, &context->packet->daddr);
	allowed = judge(context, context->endpoint->identity, context->peer, PG_ABI_EGRESS);
	count_rule(context);
	return allowed;
}

static __always_inline bool judge_ingress(struct context *context)
{
	__u32 own = context->endpoint->identity, sender;
	bool allowed;

	find_peer(context, &context->packet->saddr);
	sender = context->peer;
	if (host_passes(&context->commit, sender))
		return true;
	if (context->peer_flags & PG_ABI_ADDRESS_LOCAL) {
		context->peer = own;
		if (!judge(context, sender, own, PG_ABI_EGRESS)) {
			count_rule(context);
			return false;
		}
		context->peer = sender;
	}
	allowed = judge(context, own, sender, PG_ABI_INGRESS);
	count_rule(context);
	return allowed;
}

/* One that the flow answers for. */
static __always_inline __u32 pass_by_flow(struct context *context, const struct flow_id *id,
					  struct pg_map_flow *flow)
{
	note_interface(flow, id, context);
	take_way(context, flow, id);
	if (is_misplaced(id, flow))
		move_flow(id, flow);
	count_established(context, flow->local & (1 << (id->side & 1)));
	return PG_OUTCOME_ESTABLISHED;
}

/* A packet with ports, of a flow or beginning one. */
static __always_inline __u32 judge_packet(struct context *context, __u64 now)
{
	const struct packet *packet = context->packet;
	struct pg_map_flow *flow = NULL;
	struct flow_id id = {};
	bool is_flow = flow_of(packet, &id), begins = is_flow && may_begin(packet), last;

	if (is_flow)
		flow = find_flow(&id, context->may_be_assured, packet, &context->commit, now);
	if (flow) {
		see_packet(flow, &id, packet, now);
		if (is_established(flow, &id))
			return pass_by_flow(context, &id, flow);
		begins = false;
	}
	if (is_icmp_error(packet) && is_error_about_flow(context)) {
		find_peer(context, &packet->saddr);
		count_established(context, context->peer_flags & PG_ABI_ADDRESS_LOCAL);
		return PG_OUTCOME_ESTABLISHED;
	}
	if (context->program == PG_ABI_EGRESS ? !judge_egress(context) : !judge_ingress(context))
		return PG_OUTCOME_POLICY;
	last = context->program == PG_ABI_INGRESS || !(context->peer_flags & PG_ABI_ADDRESS_LOCAL);
	if (last && begins)
		begin_flow(context, &id, now);
	return PG_OUTCOME_PASS;
}

static __always_inline __u32 judge_datagram(struct context *context)
{
	struct packet *packet = context->packet;
	__u64 now = bpf_ktime_get_ns();
	__u32 outcome;

	if (packet->fragment == LATER_FRAGMENT)
		return follows_first_fragment(context, now) || !is_judged(context)
			       ? PG_OUTCOME_PASS
			       : PG_OUTCOME_FRAGMENT;
	outcome = judge_packet(context, now);
	if (packet->fragment == FIRST_FRAGMENT && outcome <= PG_OUTCOME_ESTABLISHED)
		let_fragments_follow(context, now);
	return outcome;
}

static __always_inline bool has_ipv6(const struct pg_map_endpoint_half *endpoint)
{
	const __u32 *words = (const __u32 *)endpoint->ipv6;

	return words[0] | words[1] | words[2] | words[3];
}

/* Whether it is the endpoint's. What it hasn't got no packet is from or to. */
static __always_inline bool is_own(const struct context *context, const union address *addr)
{
	const struct pg_map_endpoint_half *endpoint = context->endpoint;
	const __u32 *words = (const __u32 *)endpoint->ipv6;

	if (context->packet->family == 6)
		return addr->words[0] == words[0] && addr->words[1] == words[1] &&
		       addr->words[2] == words[2] && addr->words[3] == words[3];
	return endpoint->ipv4 && addr->v4 == endpoint->ipv4;
}

/*
 * Anti-spoofing comes before everything else. It drops DHCP as well, whose clients send from 0.0.0.0:
 * a container whose address is known has no use for it. PG_OUTCOMES: the packet is to be judged.
 */
static __always_inline __u32 guard_sent(const struct context *context)
{
	return is_own(context, &context->packet->saddr) ? PG_OUTCOMES : PG_OUTCOME_SPOOFED;
}

/*
 * A bridge floods: not everything that comes along here is meant for the endpoint. To an IPv6 address
 * of the link nothing goes even if it is open: no rule would speak of it.
 */
static __always_inline __u32 guard_received(struct context *context)
{
	const struct packet *packet = context->packet;

	if (is_own(context, &packet->daddr))
		return PG_OUTCOMES;
	if (packet->family == 6 && is_link_local(&packet->daddr))
		return PG_OUTCOME_NOT_OWN;
	return is_enforced(context) ? PG_OUTCOME_NOT_OWN : PG_OUTCOME_PASS;
}

/* An endpoint may have an IPv6 address that nobody knows, which no rule can speak of. */
static __always_inline __u32 judge_ip(struct context *context)
{
	bool is_read = read_packet(context->skb, context->packet);
	__u32 outcome;

	if (is_read && is_neighbourly(context->packet, context->program))
		return PG_OUTCOME_PASS;
	if (is_ipv6(context->skb) && !has_ipv6(context->endpoint))
		return is_enforced(context) ? PG_OUTCOME_IPV6 : PG_OUTCOME_PASS;
	if (!is_read)
		return PG_OUTCOME_MALFORMED;
	outcome = context->program == PG_ABI_EGRESS ? guard_sent(context) : guard_received(context);
	return outcome == PG_OUTCOMES ? judge_datagram(context) : outcome;
}

static __always_inline __u32 judge_frame(struct context *context)
{
	__u32 outcome = is_tagged(context->skb) ? judge_tag(context) : PG_OUTCOMES;

	if (outcome != PG_OUTCOMES)
		return outcome;
	return is_ip(context->skb) ? judge_ip(context) : PG_OUTCOME_PASS;
}

/*
 * From the outcome to what tc does. Passing means "no opinion", so that other programs get to see it, but
 * for the short way, which is taken only where there are none.
 */
static __always_inline int leave(struct context *context, __u32 outcome)
{
	if (outcome <= PG_OUTCOME_ESTABLISHED)
		return context->target ? take_target(context->skb, context->target,
						     context->commit.generation)
				       : TC_ACT_UNSPEC;
	if (outcome != PG_OUTCOME_POLICY)
		count_outcome(context, outcome);
	tell(context, outcome);
	return TC_ACT_SHOT;
}

static __always_inline int run(struct __sk_buff *skb, __u32 program)
{
	struct context context = {
		.skb = skb,
		.program = program,
		.direction = program,
	};
	int action = pass_established(skb, program);
	__u32 zero = 0, outcome;

	if (action < LONG_WAY)
		return action;
	context.may_be_assured = action != LONG_WAY_UNASSURED;
	context.packet = bpf_map_lookup_elem(&pg_packet, &zero);
	if (!context.packet)
		return TC_ACT_SHOT;
	__builtin_memset(context.packet, 0, sizeof(*context.packet));
	outcome = enter(&context);
	if (outcome == PG_OUTCOMES)
		outcome = judge_frame(&context);
	return leave(&context, outcome);
}

SEC("tc")
int from_container(struct __sk_buff *skb)
{
	return run(skb, PG_ABI_EGRESS);
}

SEC("tc")
int to_container(struct __sk_buff *skb)
{
	return run(skb, PG_ABI_INGRESS);
}

SEC("tc")
int from_uplink(struct __sk_buff *skb)
{
	return come_by_uplink(skb);
}

SEC("tc")
int to_uplink(struct __sk_buff *skb)
{
	if (skb->tc_index == SENT_OUT)
		skb->tc_index = 0;
	else
		leave_by_uplink(skb);
	return TC_ACT_UNSPEC;
}
