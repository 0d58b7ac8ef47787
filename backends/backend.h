/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The seam between the policy and whatever enforces it. A backend is one struct of functions; it
 * sees the verdict table and addresses, never a selector. Whoever is above sees objects and
 * counters, never a chain or a map.
 *
 *	intent ──plan──> desired objects ─┐
 *	                                  ├─ pg_diff ──> commit: one transaction
 *	kernel ──live──> live objects ────┘
 */
#ifndef PG_BACKENDS_BACKEND_H
#define PG_BACKENDS_BACKEND_H

#include "backends/trace.h"
#include "policy/diag.h"
#include "policy/resolve.h"

/* The largest table of rules or entries that a plan may have. */
#define PG_PLAN_MAX 4000000

/* What is to be enforced. Everything is borrowed and outlives the plan. */
struct pg_intent {
	const struct pg_endpoints *endpoints;
	const struct pg_identities *identities;
	const struct pg_verdict_table *table; /* without REDIRECT: apply resolves L7 before */
	enum pg_host_policy host_policy;
	enum pg_on_revoke on_revoke;
	enum pg_same_host same_host;
	/* ebpf: the interface by which flows to endpoints of other nodes leave the host; NULL: none */
	const char *uplink;
	uint8_t digest
		[32]; /* SHA-256 over all of the above in canonical form: the same for every backend */
	/*
	 * The name of an origin for people, printable ASCII without quotes or backslashes, e.g.
	 * "shop.json:12:7"; PG_ORIGIN_NONE has one too ("default-deny"). Writes at most
	 * PG_RULE_NAME_MAX bytes with the NUL.
	 */
	void (*rule_name)(const void *context, struct pg_origin origin,
			  char name[PG_RULE_NAME_MAX]);
	/* Where that is in the operator's file, for errors of the kernel's. */
	struct pg_loc (*rule_loc)(const void *context, struct pg_origin origin);
	const void *context;
};

/* Whether there is any IPv6 to judge: an endpoint's, or what closed ones may not use. */
bool pg_intent_judges_ipv6(const struct pg_intent *intent);

/*
 * One thing that the kernel holds or shall hold. The key says which (canonical, compared as bytes),
 * the value what it is. Both belong to the list.
 */
struct pg_object {
	const void *key, *value;
	uint32_t key_length, value_length;
	struct pg_origin origin; /* PG_ORIGIN_NONE when read back from the kernel */
};

/* Objects sorted by key, no two alike. Bytes live in blocks that the list owns. */
struct pg_objects {
	struct pg_array(struct pg_object) list;
	struct pg_array(char *) blocks;
	size_t block_used, block_size;
};

void pg_objects_done(struct pg_objects *objects);
#define _cleanup_objects_ PG_CLEANUP(pg_objects_done)

/* Appends a copy of key and value. -ENOMEM. */
int pg_objects_add(struct pg_objects *objects, const void *key, size_t key_length,
		   const void *value, size_t value_length, struct pg_origin origin);
/* Sorts. -EEXIST: two objects have one key. -ENOMEM. */
int pg_objects_sort(struct pg_objects *objects);
const struct pg_object *pg_objects_find(const struct pg_objects *objects, const void *key,
					size_t key_length);

enum pg_change_kind {
	PG_CHANGE_ADD,	   /* only desired */
	PG_CHANGE_REPLACE, /* in both, with other values */
	PG_CHANGE_DELETE,  /* only live */
};

struct pg_change {
	enum pg_change_kind kind;
	const struct pg_object *desired, *live; /* NULL where it isn't there */
};

struct pg_diff {
	struct pg_array(struct pg_change) changes; /* by key */
	size_t kept;
};

void pg_diff_done(struct pg_diff *diff);
#define _cleanup_diff_ PG_CLEANUP(pg_diff_done)

/* One walk over two sorted lists. -ENOMEM. */
int pg_diff_make(const struct pg_objects *desired, const struct pg_objects *live,
		 struct pg_diff *ret_diff);

/* What one rule did so far. `rule` is pg_intent.rule_name's text, or one of the PG_COUNT_ names. */
struct pg_counter {
	char rule[PG_RULE_NAME_MAX];
	enum pg_direction
		direction; /* whose rule: the source's egress or the destination's ingress */
	enum pg_verdict verdict;
	uint64_t packets, bytes;
};

/* Packets that no rule judged; both directions are counted under PG_EGRESS. */
#define PG_COUNT_ESTABLISHED "established" /* of a flow that was allowed, or a reply, or related */
#define PG_COUNT_SPOOFED     "spoofed"	   /* not from the container's own address: dropped */
#define PG_COUNT_NOT_OWN \
	"not-own-address"	       /* broadcast and the like, to a closed endpoint: dropped */
#define PG_COUNT_IPV6	   "ipv6"      /* of a closed endpoint whose address isn't known: dropped */
#define PG_COUNT_VLAN	   "vlan"      /* a tagged frame of a closed endpoint: dropped */
#define PG_COUNT_MALFORMED "malformed" /* headers that can't be judged: dropped */

struct pg_counters {
	struct pg_array(struct pg_counter) list; /* sorted by rule, direction, verdict; summed */
};

/* What a backend enforces at the moment. */
struct pg_backend_status {
	bool enforcing;
	char flavour[32];   /* "legacy", "nft", "tcx", "clsact" */
	char layout[32];    /* "linear", "tree", "set", "identity-maps" */
	char attached[128]; /* where: "DOCKER-USER", "12 interfaces" */
	/* "redirect, 11 of 12 interfaces (...)"; empty where the backend has no choice */
	char same_host[160];
	char uplink[16];    /* as in the intent; empty: none */
	uint8_t digest[32]; /* of the intent */
	enum pg_on_revoke on_revoke;
	size_t objects;	     /* as live() yields */
	uint64_t generation; /* commits so far, where the backend counts them; else 0 */
};

struct pg_backend_options {
	/* iptables: flavour to use, and the chain of the host that jumps to ours; NULL: by probing */
	const char *flavour;	  /* "legacy", "nft" */
	const char *parent_chain; /* "DOCKER-USER", "FORWARD" */
	const char
		*layout; /* "linear", "tree", "set"; NULL: set, or tree where there is no ipset */
	/* ebpf: the bpffs to pin in (NULL: /sys/fs/bpf), and how to attach (NULL: by probing) */
	const char *bpffs;
	const char *attach; /* "tcx", "clsact" */
	/* ebpf: how many flows of each family are kept in mind, PG_FLOWS_MIN to PG_FLOWS_MAX; 0: as ever */
	uint32_t flows;
};

#define PG_FLOWS_MIN 4096
#define PG_FLOWS_MAX 16777216

enum pg_render_form {
	PG_RENDER_NATIVE, /* what the kernel's own tools read: iptables-restore input, map dump text */
	PG_RENDER_JSON,
};

struct pg_backend_handle; /* each backend's own */

struct pg_backend {
	const char *name; /* "iptables", "ebpf", "nftables" */

	/*
	 * Makes a handle for the calling thread's network namespace. `kernel` false: for plan() and
	 * render() only; nothing is probed, no privilege is needed. All functions but close() report
	 * to `diags` what they return as -errno: -EOPNOTSUPP (the kernel lacks something), -EPERM,
	 * -EINVAL (options), -E2BIG (a limit, named), or what the kernel said.
	 */
	int (*open)(const struct pg_backend_options *options, bool kernel, struct pg_diags *diags,
		    struct pg_backend_handle **ret_handle);
	void (*close)(struct pg_backend_handle *handle); /* accepts NULL */

	/* The objects that enforce an intent. Pure. */
	int (*plan)(struct pg_backend_handle *handle, const struct pg_intent *intent,
		    struct pg_diags *diags, struct pg_objects *ret_desired);

	/* What the kernel holds of ours; empty when there is nothing. */
	int (*live)(struct pg_backend_handle *handle, struct pg_diags *diags,
		    struct pg_objects *ret_live);

	/*
	 * Whether enforcement could be claimed here, before anything is changed: br_netfilter on,
	 * interfaces there, maps large enough ... 0 or an error as above.
	 */
	int (*check)(struct pg_backend_handle *handle, const struct pg_intent *intent,
		     struct pg_diags *diags);

	/*
	 * Makes the kernel hold `desired`. One transaction: on an error, and when killed at any point,
	 * what was enforced before is enforced still. `diff` is from live() under the same lock.
	 */
	int (*commit)(struct pg_backend_handle *handle, const struct pg_intent *intent,
		      const struct pg_objects *desired, const struct pg_diff *diff,
		      struct pg_diags *diags);

	/*
	 * Makes running flows end that the intent denies, if its on_revoke says so: called when all is
	 * as desired, whether or not there was something to commit, so that it comes to pass though an
	 * earlier apply was killed before. Yields how many. On an error the policy is enforced and such
	 * flows may go on. NULL: what commit() made the kernel hold sees to it.
	 */
	int (*revoke)(struct pg_backend_handle *handle, const struct pg_intent *intent,
		      struct pg_diags *diags, size_t *ret_flows);

	int (*render)(struct pg_backend_handle *handle, const struct pg_objects *objects,
		      enum pg_render_form form, struct pg_strbuf *buf);

	/* Takes everything of ours down; also half-built leftovers. 0 when there is nothing. */
	int (*clear)(struct pg_backend_handle *handle, struct pg_diags *diags);

	int (*status)(struct pg_backend_handle *handle, struct pg_diags *diags,
		      struct pg_backend_status *ret_status);
	int (*counters)(struct pg_backend_handle *handle, struct pg_diags *diags,
			struct pg_counters *ret_counters);

	/*
	 * What becomes of a packet, asked of the live objects and not of a plan: they are walked, or
	 * looked up, in the order in which the kernel does. No steps where nothing is enforced.
	 */
	int (*trace)(struct pg_backend_handle *handle, const struct pg_trace_query *query,
		     struct pg_diags *diags, struct pg_trace *ret_trace);
};

extern const struct pg_backend pg_backend_iptables;
extern const struct pg_backend pg_backend_ebpf;
extern const struct pg_backend pg_backend_nftables;

void pg_counters_done(struct pg_counters *counters);
#define _cleanup_counters_ PG_CLEANUP(pg_counters_done)
/* Appends; pg_counters_sort() then adds up those of one rule, direction and verdict. -ENOMEM. */
int pg_counters_add(struct pg_counters *counters, const char *rule, enum pg_direction direction,
		    enum pg_verdict verdict, uint64_t packets, uint64_t bytes);
void pg_counters_sort(struct pg_counters *counters);

#endif
