/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the tests of the eBPF backend need: a network namespace with a bpffs of its own, interfaces,
 * and intents made by hand.
 */
#ifndef PG_TESTS_UNIT_BACKENDS_EBPF_WORLD_H
#define PG_TESTS_UNIT_BACKENDS_EBPF_WORLD_H

#include "tests/unit/unit.h"

#include "backends/ebpf/pins.h"

/* Where the tests' bpffs is; seen by this process and its children alone. */
#define WORLD_BPFFS "/sys/fs/bpf"

/*
 * Moves into new network and mount namespaces, for good, and mounts the bpffs. False, and says why,
 * where that can't be had; then tests are to be skipped.
 */
bool world_enter(void);

/* A veth pair; yields the index of the end that an endpoint would be behind. 0: any index. */
uint32_t world_veth(const char *name, uint32_t index);
/* The same with its other end in another network namespace, which has to be held. */
uint32_t world_veth_to(const char *name, uint32_t index, int netns);
void world_delete_link(uint32_t index);

/* An intent, and the parts that it borrows. */
struct world {
	struct pg_endpoints endpoints;
	struct pg_identities identities;
	struct pg_verdict_table table;
	struct pg_intent intent;
};

void world_init(struct world *world);
void world_done(struct world *world);
#define _cleanup_world_ PG_CLEANUP(world_done)

/* An endpoint of an identity; `interface` may be NULL. Its address becomes an entry too. */
void world_endpoint(struct world *world, const char *name, const char *interface, const char *ipv4,
		    uint32_t identity);
/* Gives the endpoint at `index` an IPv6 address; the same with it. */
void world_ipv6(struct world *world, size_t index, const char *ipv6);
void world_address(struct world *world, const char *prefix, uint32_t identity);
/* Each identity of endpoints needs one, in order of numbers. */
void world_subject(struct world *world, uint32_t identity, bool egress, bool ingress);
/* What one rule says. `rule` is its number, from 1: its name is "rule-N". */
void world_rule(struct world *world, uint32_t subject, enum pg_direction direction, uint32_t peer,
		uint8_t proto, uint16_t first, uint16_t last, enum pg_verdict verdict,
		uint32_t rule);
/* Sorts what has to be sorted. Call it once all is added. */
void world_finish(struct world *world);

/* For how many flows maps are made from here on; 0: as many as ever. */
void world_set_flows(uint32_t count);

/* A handle of this network namespace. */
struct pg_backend_handle *world_open(const char *attach);

/* plan, live, diff and commit, as the front end does it. What commit() returned. */
int world_apply(struct pg_backend_handle *handle, const struct world *world,
		struct pg_diags *diags);
/* The same; it must succeed, and then nothing is left to change. */
void world_apply_ok(const struct world *world);
/* By a way of attaching (NULL: the default), warnings aside. */
void world_apply_by(const struct world *world, const char *attach);
void world_clear(void);

/* How many changes an apply would make. */
size_t world_changes(struct pg_backend_handle *handle, const struct world *world);
/* The same, with a handle of its own. */
size_t world_left(const struct world *world);

struct pg_backend_status world_status(void);

/* The first diagnostic of any kind that has the text; else the test fails. */
void world_says(const struct pg_diags *diags, const char *text);

/* The pinned state, for looking at it. */
void world_pins(struct pg_pins *ret_pins);

/* Whether the kernel has TCX. */
bool world_has_tcx(void);

/* How many programs are on an interface: by TCX, and ours by either way, of both directions. */
size_t world_links(uint32_t ifindex);
bool world_is_attached(uint32_t ifindex, enum pg_direction direction);

/* From now on the kernel knows no batches for this process, as before Linux 5.6. */
bool world_lose_batches(void);

/* Packets that a counter holds; 0 where there is none. */
uint64_t world_counter(const char *rule, enum pg_direction direction, enum pg_verdict verdict);

#endif
