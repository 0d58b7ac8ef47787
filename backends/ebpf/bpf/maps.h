/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The maps. Sizes that are 1 here are set by the loader. Hash maps of the policy take memory as they
 * fill; flows and fragments have theirs from the start, since a least-recently-used map must.
 */
#ifndef PG_BACKENDS_EBPF_BPF_MAPS_H
#define PG_BACKENDS_EBPF_BPF_MAPS_H

#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

#include "abi.h"

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct pg_map_meta);
} pg_meta SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct pg_map_endpoint);
} pg_endpoints SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct pg_map_subject);
} pg_subjects SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_LPM_TRIE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, 1);
	__type(key, struct pg_map_address4_key);
	__type(value, struct pg_map_address);
} pg_addresses4 SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_LPM_TRIE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, 1);
	__type(key, struct pg_map_address6_key);
	__type(value, struct pg_map_address);
} pg_addresses6 SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, 1);
	__type(key, struct pg_map_policy_key);
	__type(value, struct pg_map_policy);
} pg_policy SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct pg_map_rule);
} pg_rules SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct pg_map_counter);
} pg_counters SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, PG_OUTCOMES);
	__type(key, __u32);
	__type(value, struct pg_map_counter);
} pg_outcomes SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 1);
	__uint(key_size, PG_ABI_FLOW_KEY4);
	__type(value, struct pg_map_flow);
} pg_flows4 SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 1);
	__uint(key_size, PG_ABI_FLOW_KEY6);
	__type(value, struct pg_map_flow);
} pg_flows6 SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 1);
	__uint(key_size, PG_ABI_FLOW_KEY4);
	__type(value, struct pg_map_flow);
} pg_opening4 SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 1);
	__uint(key_size, PG_ABI_FLOW_KEY6);
	__type(value, struct pg_map_flow);
} pg_opening6 SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 4096);
	__uint(key_size, PG_ABI_FRAG_KEY4);
	__type(value, struct pg_map_frag);
} pg_frags4 SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 4096);
	__uint(key_size, PG_ABI_FRAG_KEY6);
	__type(value, struct pg_map_frag);
} pg_frags6 SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 256 << 10);
} pg_events SEC(".maps");

/*
 * To be called with what one of two look-ups found: the compiler must not make one call of them, since
 * the verifier makes a call inline only if it is always for the same map.
 */
#define keep_apart(found) asm volatile("" : "+r"(found))

#endif
