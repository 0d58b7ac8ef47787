/* SPDX-License-Identifier: GPL-2.0-only */
/* The verdict on a packet that no flow answers for. */
#ifndef PG_BACKENDS_EBPF_BPF_POLICY_H
#define PG_BACKENDS_EBPF_BPF_POLICY_H

#include "context.h"

/*
 * Functions that are asked from several places are global: the verifier then looks at each once, and
 * not again for every state that a caller can be in, of which headers alone make hundreds. They take no
 * more than five numbers and return one.
 */

/* Identity and flags as one number. */
#define OWNER(half)	   ((__u64)(half)->flags << 32 | (half)->identity)
#define OWNER_ID(owner)	   ((__u32)(owner))
#define OWNER_FLAGS(owner) ((__u32)((owner) >> 32))

/* Whoever isn't there is the world's. */
static __always_inline __u64 owner_of(const struct pg_map_address *value, __u32 generation)
{
	const struct pg_map_address_half *half;

	if (!value)
		return PG_ABI_WORLD;
	half = generation >= value->generation ? &value->new : &value->old;
	return half->identity ? OWNER(half) : OWNER(half) | PG_ABI_WORLD;
}

__noinline __u64 find_owner4(__u32 addr, __u32 generation)
{
	struct pg_map_address4_key key = { .length = 32, .addr = addr };

	return owner_of(bpf_map_lookup_elem(&pg_addresses4, &key), generation);
}

/* The address in two halves. */
__noinline __u64 find_owner6(__u64 first, __u64 second, __u32 generation)
{
	struct pg_map_address6_key key = { .length = 128 };

	__builtin_memcpy(key.addr, &first, sizeof(first));
	__builtin_memcpy(key.addr + sizeof(first), &second, sizeof(second));
	return owner_of(bpf_map_lookup_elem(&pg_addresses6, &key), generation);
}

static __always_inline void find_peer(struct context *context, const union address *addr)
{
	__u64 owner =
		context->packet->family == 6
			? find_owner6(addr->halves[0], addr->halves[1], context->commit.generation)
			: find_owner4(addr->v4, context->commit.generation);

	context->peer = OWNER_ID(owner);
	context->peer_flags = OWNER_FLAGS(owner);
}

static __always_inline const struct pg_map_subject_half *find_subject(__u32 identity,
								      __u32 generation)
{
	const struct pg_map_subject *value = bpf_map_lookup_elem(&pg_subjects, &identity);
	const struct pg_map_subject_half *half;

	if (!value)
		return NULL;
	half = generation >= value->generation ? &value->new : &value->old;
	return half->present ? half : NULL;
}

static __always_inline const struct pg_map_subject_half *find_own(const struct context *context)
{
	return find_subject(context->endpoint->identity, context->commit.generation);
}

/* Whether there is anything to judge for the endpoint itself; an unknown identity is closed. */
static __always_inline bool is_judged(const struct context *context)
{
	const struct pg_map_subject_half *subject = find_own(context);
	__u8 direction = context->program & 1;

	return !subject || subject->enforced & (1 << direction) || subject->use[direction];
}

static __always_inline bool is_enforced(const struct context *context)
{
	const struct pg_map_subject_half *subject = find_own(context);

	return !subject || subject->enforced & (1 << context->program);
}

/* Verdict and slot as one number. */
#define FOUND(verdict, slot) ((__u64)(verdict) << 32 | (slot))
#define FOUND_VERDICT(found) ((__u32)((found) >> 32))
#define FOUND_SLOT(found)    ((__u32)(found))

/* Direction, protocol and port as one number. */
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
 * What a policy knows a protocol as. The ICMP of one family in the other is none that a rule names, so
 * only those for every protocol speak of it.
 */
static __always_inline __u8 named_proto(__u8 family, __u8 proto)
{
	return proto == (family == 6 ? IPPROTO_ICMP : IPPROTO_ICMPV6) ? 0 : proto;
}

/*
 * The policy's answer for one subject and direction. What passes since the subject is open has
 * PG_ABI_SLOT_NOBODY.
 */
__noinline __u64 judge_side(__u32 subject, __u32 peer, __u32 ask, __u32 generation)
{
	const struct pg_map_subject_half *half = find_subject(subject, generation);
	__u32 direction = ask >> 24 & 1, use;
	__u64 found = 0;

	if (!half)
		return FOUND(PG_ABI_DENY, direction);
	use = half->use[direction];
	if (use)
		found = look_up_peer(subject, peer, ask, use, generation);
	if (use && !found)
		found = look_up_peer(subject, PG_ABI_ANY, ask, use, generation);
	if (found)
		return found;
	if (half->enforced & (1 << direction))
		return FOUND(PG_ABI_DENY, direction);
	return FOUND(PG_ABI_ALLOW, PG_ABI_SLOT_NOBODY);
}

static __always_inline bool host_passes(const struct commit *commit, __u32 sender)
{
	return sender == PG_ABI_HOST && commit->host_policy == PG_ABI_HOST_POLICY_ALLOW;
}

/* The same of the packet at hand: true, or false with the rule in `context`. */
static __always_inline bool judge(struct context *context, __u32 identity, __u32 peer,
				  __u32 direction)
{
	const struct packet *packet = context->packet;
	__u8 proto = named_proto(packet->family, packet->proto);
	__u64 found = judge_side(identity, peer, ASK(direction, proto, packet->dport),
				 context->commit.generation);

	context->subject = identity;
	context->direction = direction;
	context->slot = FOUND_SLOT(found);
	return FOUND_VERDICT(found) == PG_ABI_ALLOW;
}

#endif
