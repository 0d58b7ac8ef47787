/* SPDX-License-Identifier: GPL-2.0-only */
/* What the programs know of the packet at hand besides its bytes. */
#ifndef PG_BACKENDS_EBPF_BPF_CONTEXT_H
#define PG_BACKENDS_EBPF_BPF_CONTEXT_H

#include "maps.h"
#include "read.h"

/* Of the commit that counts, read once: the whole packet is judged by one policy. */
struct commit {
	__u32 generation;
	__u32 valid_since; /* as in the meta map */
	__u32 host_policy; /* enum pg_host_policy */
};

struct context {
	struct __sk_buff *skb;
	const struct pg_map_endpoint_half *endpoint;
	struct commit commit;
	__u32 slot;	/* the rule that decided */
	__u32 subject;	/* who it was judged for */
	__u32 peer;	/* 0: not looked up */
	__u32 target;	/* the interface to whose other end the packet is handed; 0: none */
	__u8 program;	/* PG_ABI_EGRESS: from_container; PG_ABI_INGRESS: to_container */
	__u8 direction; /* whose rule decided */
	__u8 peer_flags;
	bool may_be_assured; /* the packet's flow; false: it was looked for */
	struct packet *packet;
};

/*
 * The packet at hand. A map's value and not on the stack: what the verifier knows of the stack after the
 * headers were read differs by each of their forms, and all that follows would be looked at for each.
 */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct packet);
} pg_packet SEC(".maps");

/* The half of a value that counts. */
#define HALF(context, value) \
	((context)->commit.generation >= (value)->generation ? &(value)->new : &(value)->old)

#endif
