/* SPDX-License-Identifier: GPL-2.0-only */
/* The verdict on a packet that no flow answers for. */
#ifndef PG_BACKENDS_EBPF_BPF_POLICY_H
#define PG_BACKENDS_EBPF_BPF_POLICY_H

#include "context.h"

static __always_inline const struct pg_map_address *look_up_address4(const union address *addr)
{
	struct pg_map_address4_key key = { .length = 32, .addr = addr->v4 };

	return bpf_map_lookup_elem(&pg_addresses4, &key);
}

static __always_inline const struct pg_map_address *look_up_address6(const union address *addr)
{
	struct pg_map_address6_key key = { .length = 128 };
	const struct pg_map_address *value;

	__builtin_memcpy(key.addr, addr, sizeof(key.addr));
	value = bpf_map_lookup_elem(&pg_addresses6, &key);
	keep_apart(value);
	return value;
}

/* Identity and flags of the other end. */
static __always_inline void find_peer(struct context *context, const union address *addr)
{
	const struct pg_map_address *value =
		context->packet.family == 6 ? look_up_address6(addr) : look_up_address4(addr);
	const struct pg_map_address_half *half;

	context->peer = PG_ABI_WORLD;
	context->peer_flags = 0;
	if (!value)
		return;
	half = HALF(context, value);
	if (half->identity)
		context->peer = half->identity;
	context->peer_flags = half->flags;
}

static __always_inline const struct pg_map_subject_half *find_subject(struct context *context,
								      __u32 identity)
{
	const struct pg_map_subject *value = bpf_map_lookup_elem(&pg_subjects, &identity);
	const struct pg_map_subject_half *half;

	if (!value)
		return NULL;
	half = HALF(context, value);
	return half->present ? half : NULL;
}

/* Whether there is anything to judge for the endpoint itself; an unknown identity is closed. */
static __always_inline bool is_judged(struct context *context)
{
	const struct pg_map_subject_half *subject =
		find_subject(context, context->endpoint->identity);
	__u8 direction = context->program & 1;

	return !subject || subject->enforced & (1 << direction) || subject->use[direction];
}

static __always_inline bool is_enforced(struct context *context)
{
	const struct pg_map_subject_half *subject =
		find_subject(context, context->endpoint->identity);

	return !subject || subject->enforced & (1 << context->program);
}

/*
 * Verdict and slot as one number, since a global function can return no more. Global, since the
 * verifier then looks at it once and not again for every state that its callers can be in: the loop
 * has a branch at each of 17 steps.
 */
#define FOUND(verdict, slot) ((__u64)(verdict) << 32 | (slot))
#define FOUND_VERDICT(found) ((__u32)((found) >> 32))
#define FOUND_SLOT(found)    ((__u32)(found))

/* Direction, protocol and port as one number, since a global function takes no more than five. */
#define ASK(direction, proto, port) ((__u32)(direction) << 24 | (__u32)(proto) << 16 | (port))

/* What one key says; 0: nothing. */
static __always_inline __u64 look_up(const struct pg_map_policy_key *key, __u32 generation)
{
	const struct pg_map_policy *value = bpf_map_lookup_elem(&pg_policy, key);
	const struct pg_map_policy_half *half;

	if (!value)
		return 0;
	half = generation >= value->generation ? &value->new : &value->old;
	return half->verdict == PG_ABI_NONE ? 0 : FOUND(half->verdict, half->slot);
}

/* The first hit for one peer: blocks of ports from the smallest to all, then every protocol. */
__noinline __u64 look_up_peer(__u32 subject, __u32 peer, __u32 ask, __u32 use, __u32 generation)
{
	struct pg_map_policy_key key = {
		.subject = subject,
		.peer = peer,
		.proto = ask >> 16,
		.direction = ask >> 24,
	};
	__u64 found;

	for (int bits = 16; bits >= 0; bits--) {
		if (!(use & (1u << bits)))
			continue;
		key.port = ask & 0xffff & (0xffff0000u >> bits);
		key.port_bits = bits;
		found = look_up(&key, generation);
		if (found)
			return found;
	}
	if (!(use & PG_ABI_USE_EVERY))
		return 0;
	key.port = 0;
	key.port_bits = 0;
	key.proto = 0;
	return look_up(&key, generation);
}

/*
 * What the policy knows the packet's protocol as. The ICMP of one family in the other is none that a
 * rule names, so only those for every protocol speak of it.
 */
static __always_inline __u8 named_proto(const struct packet *packet)
{
	return packet->proto == (packet->family == 6 ? IPPROTO_ICMP : IPPROTO_ICMPV6)
		       ? 0
		       : packet->proto;
}

/*
 * The policy's answer for one subject and direction: true, or false with the rule in `context`. What
 * passes since the subject is open has PG_ABI_SLOT_NOBODY.
 */
static __always_inline bool judge(struct context *context, __u32 identity, __u32 peer,
				  __u32 direction)
{
	const struct pg_map_subject_half *subject = find_subject(context, identity);
	__u32 use, ask = ASK(direction, named_proto(&context->packet), context->packet.dport);
	__u64 found = 0;

	context->subject = identity;
	context->direction = direction;
	context->slot = direction;
	if (!subject)
		return false;
	use = subject->use[direction];
	if (use)
		found = look_up_peer(identity, peer, ask, use, context->generation);
	if (use && !found)
		found = look_up_peer(identity, PG_ABI_ANY, ask, use, context->generation);
	if (found) {
		context->slot = FOUND_SLOT(found);
		return FOUND_VERDICT(found) == PG_ABI_ALLOW;
	}
	if (subject->enforced & (1 << direction))
		return false;
	context->slot = PG_ABI_SLOT_NOBODY;
	return true;
}

#endif
