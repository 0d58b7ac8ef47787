/* SPDX-License-Identifier: GPL-2.0-only */
/* What the programs tell: counters, and an event for each packet that they drop. */
#ifndef PG_BACKENDS_EBPF_BPF_REPORT_H
#define PG_BACKENDS_EBPF_BPF_REPORT_H

#include "context.h"

static __always_inline void add(struct pg_map_counter *counter, __u32 bytes)
{
	if (!counter)
		return;
	counter->packets++;
	counter->bytes += bytes;
}

/* iptables counts what is in the frame, not the frame. */
static __always_inline __u32 ip_bytes(const struct context *context)
{
	return context->skb->len - ETH_HLEN;
}

static __always_inline void count_outcome(struct context *context, __u32 outcome)
{
	add(bpf_map_lookup_elem(&pg_outcomes, &outcome), ip_bytes(context));
}

/*
 * A rule's first packet makes its counter: of many rules most never see one, and a counter takes memory
 * for each processor and longer to make than all the rest of what a commit writes for a rule. Where
 * there is no memory at the moment, a packet isn't counted.
 */
__noinline __u64 count_slot(__u32 slot, __u32 bytes)
{
	struct pg_map_counter first = { .packets = 1, .bytes = bytes };
	struct pg_map_counter *counter = bpf_map_lookup_elem(&pg_counters, &slot);

	if (!counter && !bpf_map_update_elem(&pg_counters, &slot, &first, BPF_NOEXIST))
		return 0;
	/* Another processor's packet may have been the first. */
	add(counter ?: bpf_map_lookup_elem(&pg_counters, &slot), bytes);
	return 0;
}

/* The rule that decided. */
static __always_inline void count_rule(struct context *context)
{
	if (context->slot != PG_ABI_SLOT_NOBODY)
		count_slot(context->slot, ip_bytes(context));
}

/*
 * An established packet between two endpoints of this host passes both programs and counts once, as
 * it does in a chain.
 */
static __always_inline void count_established(struct context *context, bool sender_is_local)
{
	if (context->program == PG_ABI_EGRESS || !sender_is_local)
		count_outcome(context, PG_OUTCOME_ESTABLISHED);
}

static __always_inline void add_packet(const struct packet *packet, struct pg_map_event *event)
{
	event->family = packet->family;
	event->proto = packet->proto;
	event->sport = packet->sport;
	event->dport = packet->dport;
	__builtin_memcpy(event->saddr, &packet->saddr, sizeof(event->saddr));
	__builtin_memcpy(event->daddr, &packet->daddr, sizeof(event->daddr));
}

/* Never waits: where nobody reads and the buffer is full, the event is lost and counted. */
static __always_inline void tell(struct context *context, __u32 outcome)
{
	struct pg_map_event *event = bpf_ringbuf_reserve(&pg_events, sizeof(*event), 0);

	if (!event) {
		count_outcome(context, PG_OUTCOME_EVENT_LOST);
		return;
	}
	__builtin_memset(event, 0, sizeof(*event));
	event->time = bpf_ktime_get_ns();
	event->ifindex = context->skb->ifindex;
	event->slot = context->slot;
	event->subject = context->subject;
	event->peer = context->peer;
	event->length = ip_bytes(context);
	event->outcome = outcome;
	event->direction = context->direction;
	add_packet(context->packet, event);
	bpf_ringbuf_submit(event, 0);
}

#endif
