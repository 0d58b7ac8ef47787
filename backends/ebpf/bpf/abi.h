/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the programs and the loader must agree on: keys and values of every map. Both include this
 * header and nothing else of each other. Whatever changes here, and whatever changes what the
 * programs make of it, changes PG_ABI_VERSION: pinned state of another version is refused.
 *
 * Generations. A policy is committed for all endpoints at once, at a cost that grows with the change
 * only. Each value of the maps `endpoints`, `subjects`, `addresses4`, `addresses6` and `policy` has two
 * halves:
 *
 *	{ generation, new, old }
 *
 * `new` counts once the generation in the meta map has reached the value's, before that `old` does.
 * A program reads the meta map's generation G once a packet. A commit
 *
 *	1. writes meta.pending = G+1, then every value that changes with generation G+1, the old half
 *	   being what counts now: nothing changes for any packet;
 *	2. attaches the programs to interfaces that are new: their endpoint counts from G+1 on;
 *	3. on processors that let one load pass another, waits until no program runs that began
 *	   before: it could read an entry early and then G+1. Elsewhere a program that reads G+1 finds
 *	   all that was written before it, and to one that reads G it is all the same;
 *	4. stores G+1 in meta.generation, one aligned word of a page that it has mapped: from here on
 *	   every packet is judged by the new policy;
 *	5. waits again, until no program runs that has read G, and takes away what counts no more:
 *	   programs of interfaces that left, then entries whose new half says "absent";
 *	6. writes meta.pending = 0.
 *
 * Killed before 4, the values hold generation G+1, the old half counts, and the next commit undoes
 * them first; killed after 4, it does 5 and 6. Both are one procedure, which waits first, since "the
 * half that counts" is all that it looks at: a value whose counting half says "absent" is deleted, and
 * one with a generation to come is written anew with its counting half.
 *
 * An address trie yields the longest prefix and knows no second best. So an entry that is absent in
 * one of the two halves holds there what the prefix around it gives, and is marked absent.
 *
 * Generation 0: nothing was committed yet, everything passes.
 */
#ifndef PG_BACKENDS_EBPF_BPF_ABI_H
#define PG_BACKENDS_EBPF_BPF_ABI_H

#include <linux/types.h>

#define PG_ABI_VERSION	3
#define PG_ABI_NAME_MAX 96 /* a rule's name, with its NUL */
#define PG_ABI_IFNAME	16 /* IFNAMSIZ */
#define PG_ABI_DIGEST	32

#define PG_ABI_SIZE(type, size) _Static_assert(sizeof(type) == (size), #type)
#define PG_ABI_AT(type, member, where) \
	_Static_assert(__builtin_offsetof(type, member) == (where), #type "." #member)

/* In both, the numbers are those of policy/types.h. */
enum {
	PG_ABI_EGRESS,
	PG_ABI_INGRESS,
	PG_ABI_FROM_UPLINK, /* of a fragment only */
};

enum {
	PG_ABI_NONE, /* no entry: absent in this half */
	PG_ABI_ALLOW,
	PG_ABI_REDIRECT,
	PG_ABI_DENY,
};

enum {
	PG_ABI_HOST_POLICY_ALLOW,
	PG_ABI_HOST_POLICY_ENFORCE,
};

enum {
	PG_ABI_ON_REVOKE_CUT,
	PG_ABI_ON_REVOKE_KEEP,
};

enum {
	PG_ABI_SAME_HOST_REDIRECT,
	PG_ABI_SAME_HOST_STACK,
};

enum {
	PG_ABI_ANY = 0, /* peer of a policy key: every identity */
	PG_ABI_HOST = 1,
	PG_ABI_WORLD = 2, /* whoever the address map knows nothing of */
	/* identities of endpoints, of this host and of others */
	PG_ABI_FIRST_ENDPOINT = 256,
	PG_ABI_LAST_ENDPOINT = 65535,
};

/* meta: one entry, mapped by the loader. The first three members are the same in every version. */
struct pg_map_meta_half {
	__u8 digest[PG_ABI_DIGEST]; /* of the intent */
	__u32 objects;		    /* how many the commit had */
	__u8 host_policy;	    /* enum pg_host_policy */
	__u8 on_revoke;		    /* enum pg_on_revoke */
	__u8 same_host;		    /* PG_ABI_SAME_HOST_...: what the endpoints' flags come of */
	__u8 pad;
	__u32 valid_since; /* flows that an earlier generation's policy judged are judged again */
	__u32 uplink;	   /* index of the interface with from_uplink and to_uplink; 0: none */
	__u32 uplink_mtu;
	char uplink_name[PG_ABI_IFNAME];
};

struct pg_map_meta {
	__u32 abi;	  /* PG_ABI_VERSION */
	__u32 generation; /* the policy that counts */
	__u32 pending;	  /* generation of a commit that has begun and not ended; 0: none */
	__u32 pad;
	__u64 netns_cookie; /* which network namespace this is of; 0: the kernel can't tell */
	struct pg_map_meta_half half[2]; /* by generation & 1 */
};

PG_ABI_SIZE(struct pg_map_meta_half, 68);
PG_ABI_SIZE(struct pg_map_meta, 160);
PG_ABI_AT(struct pg_map_meta, abi, 0);
PG_ABI_AT(struct pg_map_meta, generation, 4);
PG_ABI_AT(struct pg_map_meta, netns_cookie, 16);
PG_ABI_AT(struct pg_map_meta, half, 24);

/* endpoints: interface index -> who is behind it. */
enum {
	/* its flows may take the short way: packets can be handed over to its interface's peer */
	PG_ABI_ENDPOINT_SHORT = 1 << 0,
};

struct pg_map_endpoint_half {
	__u32 identity; /* 0: absent */
	__u32 ipv4;	/* network order; 0: it has none */
	__u8 ipv6[16];
	char interface[PG_ABI_IFNAME];
	__u16 flags; /* PG_ABI_ENDPOINT_... */
	__u16 mtu;   /* of the interface; the short way needs the same of both ends */
};

struct pg_map_endpoint {
	__u32 generation;
	struct pg_map_endpoint_half new, old;
};

PG_ABI_SIZE(struct pg_map_endpoint_half, 44);
PG_ABI_SIZE(struct pg_map_endpoint, 92);

/* subjects: identity of endpoints -> what holds for all who have it. */
#define PG_ABI_USE_EVERY (1u << 31) /* has entries of every protocol */

struct pg_map_subject_half {
	__u32 use[2];  /* by direction; bit n: has entries with port_bits n; PG_ABI_USE_EVERY */
	__u8 enforced; /* bit of a direction: what no entry speaks of is dropped */
	__u8 present;  /* 0: absent */
	__u8 pad[2];
};

struct pg_map_subject {
	__u32 generation;
	struct pg_map_subject_half new, old;
};

PG_ABI_SIZE(struct pg_map_subject_half, 12);
PG_ABI_SIZE(struct pg_map_subject, 28);

/* addresses4, addresses6: longest prefix -> identity. */
struct pg_map_address4_key {
	__u32 length; /* 0..32 */
	__u32 addr;   /* network order */
};

struct pg_map_address6_key {
	__u32 length; /* 0..128 */
	__u8 addr[16];
};

enum {
	PG_ABI_ADDRESS_LOCAL = 1 << 0,	/* of an endpoint with the programs on its interface */
	PG_ABI_ADDRESS_ABSENT = 1 << 1, /* absent; the rest is the covering prefix's */
};

struct pg_map_address_half {
	__u32 identity; /* 0: none; then it is PG_ABI_WORLD */
	__u32 flags;
};

struct pg_map_address {
	__u32 generation;
	struct pg_map_address_half new, old;
};

PG_ABI_SIZE(struct pg_map_address4_key, 8);
PG_ABI_SIZE(struct pg_map_address6_key, 20);
PG_ABI_SIZE(struct pg_map_address_half, 8);
PG_ABI_SIZE(struct pg_map_address, 20);

/* policy: looked up in the order that policy/classify.h states. */
struct pg_map_policy_key {
	__u32 subject, peer;
	__u16 port;	/* host order; bits past port_bits are 0; ICMP: the type */
	__u8 port_bits; /* 0..16 */
	__u8 proto;	/* 0: every */
	__u8 direction;
	__u8 pad[3];
};

struct pg_map_policy_half {
	__u32 slot;   /* of the maps `rules` and `counters` */
	__u8 verdict; /* PG_ABI_NONE: absent */
	__u8 pad[3];
};

struct pg_map_policy {
	__u32 generation;
	struct pg_map_policy_half new, old;
};

PG_ABI_SIZE(struct pg_map_policy_key, 16);
PG_ABI_AT(struct pg_map_policy_key, direction, 12);
PG_ABI_SIZE(struct pg_map_policy_half, 8);
PG_ABI_SIZE(struct pg_map_policy, 20);

/*
 * rules: slot -> the rule, direction and verdict that a policy entry came from, so that a dump of
 * the maps explains itself; counters: slot -> what it did, from its first packet on. A slot keeps its number
 * while the rule is in the policy.
 */
#define PG_ABI_SLOT_NOBODY 0xffffffff /* passed since the subject is open: not counted */
/* Slots 0 and 1 are the default deny of either direction. */
#define PG_ABI_SLOTS_FIXED 2

struct pg_map_rule {
	char name[PG_ABI_NAME_MAX];
	__u8 direction;
	__u8 verdict;
	__u8 pad[2];
};

struct pg_map_counter {
	__u64 packets;
	__u64 bytes; /* of IP, as iptables counts them */
};

PG_ABI_SIZE(struct pg_map_rule, 100);
PG_ABI_SIZE(struct pg_map_counter, 16);

/* What became of a packet. Also the index into the map `outcomes`, which counts them. */
enum pg_outcome {
	PG_OUTCOME_PASS,	/* not counted */
	PG_OUTCOME_ESTABLISHED, /* passed: of a flow that goes both ways, or an error about one */
	/* dropped */
	PG_OUTCOME_POLICY,    /* counted with the rule, not here */
	PG_OUTCOME_SPOOFED,   /* not from the endpoint's own address */
	PG_OUTCOME_NOT_OWN,   /* not to the endpoint's own address, and that is closed */
	PG_OUTCOME_MALFORMED, /* headers that can't be judged */
	PG_OUTCOME_FRAGMENT,  /* a fragment whose first one was not seen, or not let through */
	PG_OUTCOME_IPV6,      /* IPv6 of an endpoint that is closed, whose address isn't known */
	PG_OUTCOME_VLAN,      /* a tagged frame of an endpoint that is closed */
	PG_OUTCOME_UNKNOWN,   /* of an interface that the maps know nothing of */
	/* no outcome */
	PG_OUTCOME_EVENT_LOST, /* drop events for which there was no room */
	PG_OUTCOMES,
};

/*
 * flows4, flows6: both directions of a flow share one entry, whose key has the smaller address (and
 * port) first. An entry is there only when the last program that judges the flow has let it through:
 * that on the destination's interface, or that on the source's if the destination is elsewhere.
 *
 * opening4, opening6: those that aren't assured yet, or have ended. A flow is assured when its initiator
 * goes on after an answer. So whoever opens flows that nobody answers, or ends one after the other, makes
 * these maps forget, and not the flows that run. An assured flow's entry here stays where it is and ages;
 * it counts only where the other one is gone.
 *
 * One struct for both families: keys of IPv4 end after its addresses, since the time that it takes to
 * find a flow grows with its key.
 */
struct pg_map_flow_key {
	__u16 port[2]; /* host order; ICMP queries: the identifier, twice */
	__u8 proto;
	/*
	 * ICMP: type of the request << 1 | who asks: two who ping each other. ICMPv6's begin at 128: the
	 * bit that is lost.
	 */
	__u8 query;
	__u8 pad[2];
	union {
		__u32 addr4[2];	   /* network order; as numbers, addr4[0] <= addr4[1] */
		__u64 addr6[2][2]; /* likewise, the first half of an address first */
	};
};

/*
 * How the packets of a flow between two endpoints of this host get from one to the other: through the
 * stack, or the short way, by which the sender's program hands them to the receiver's interface. A flow
 * begins through the stack. Once a packet of each direction has come out there just as it had left, with
 * nothing changed and nothing dropped, nothing in the stack has a say over the flow, and from then on
 * it takes the short way, for as long as it lives and both endpoints may.
 */
enum {
	PG_ABI_WAY_UNKNOWN,
	PG_ABI_WAY_STACK,
	PG_ABI_WAY_SHORT,
	PG_ABI_WAY_UPLINK, /* the same between an endpoint here and one elsewhere: past routing */
};

/* What is proven, by the side that sent the packet. */
#define PG_ABI_PROOF_LEFT(side) (1 << (side))
#define PG_ABI_PROOF_CAME(side) (4 << (side))

/* How a TCP connection has ended. */
#define PG_ABI_ENDED_FIN(side) (1 << (side))
#define PG_ABI_ENDED_FINS      3
#define PG_ABI_ENDED_RESET     4

struct pg_map_flow {
	__u64 seen;	  /* nanoseconds of CLOCK_MONOTONIC; may lag a second behind */
	__u32 generation; /* by whose policy it was judged last */
	/*
	 * By side: the interface on which the guards have passed a packet of the flow, from or to that
	 * side's own address, under `generation`. 0: on none.
	 */
	__u32 ifindex[2];
	__u8 mac[2][6]; /* by side: as the packets have them that are to prove the way */
	__u8 way;	/* PG_ABI_WAY_... */
	__u8 proof;	/* PG_ABI_PROOF_... */
	__u8 tries;	/* how many packets have left that proved nothing */
	__u8 initiator; /* 0 or 1: whose first packet it was */
	__u8 local;	/* bit of a side: an endpoint with programs on its interface */
	__u8 replied;	/* the other side has answered */
	__u8 ended;	/* PG_ABI_ENDED_... */
	__u8 pad;
	__u32 tick; /* low half of the kernel's jiffies when `seen` was written */
};

#define PG_ABI_FLOW_KEY4 16
#define PG_ABI_FLOW_KEY6 40
PG_ABI_AT(struct pg_map_flow_key, addr4[2], PG_ABI_FLOW_KEY4);
PG_ABI_SIZE(struct pg_map_flow_key, PG_ABI_FLOW_KEY6);
PG_ABI_SIZE(struct pg_map_flow, 48);

/* How many extension headers of IPv6 are walked; packets that have more are malformed. */
#define PG_ABI_IPV6_HEADERS 6

/* Idle limits in seconds, conntrack's defaults. */
#define PG_ABI_IDLE_TCP_OPENING	    120
#define PG_ABI_IDLE_TCP_ESTABLISHED 432000
#define PG_ABI_IDLE_TCP_CLOSING	    120
#define PG_ABI_IDLE_TCP_RESET	    10
#define PG_ABI_IDLE_UDP_OPENING	    30
#define PG_ABI_IDLE_UDP		    120
#define PG_ABI_IDLE_ICMP	    30
#define PG_ABI_IDLE_OTHER	    600
#define PG_ABI_IDLE_FRAGMENT	    30

/* frags4, frags6: datagrams whose first fragment was let through, by the program that did. */
struct pg_map_frag_key {
	__u32 id;   /* network order */
	__u8 proto; /* IPv6: 0, later fragments may have another one */
	__u8 direction;
	__u8 pad[2];
	union {
		__u32 addr4[2]; /* source, destination; network order */
		__u64 addr6[2][2];
	};
};

struct pg_map_frag {
	__u64 seen;	  /* nanoseconds of CLOCK_MONOTONIC */
	__u32 generation; /* under which the first one was let through */
	__u32 ifindex;	  /* the interface to whose other end it was handed; 0: the stack's way */
	__u8 macs[12];	  /* from the uplink: what the frame's header was made to begin with */
	__u32 pad;
};

#define PG_ABI_FRAG_KEY4 16
#define PG_ABI_FRAG_KEY6 40
PG_ABI_AT(struct pg_map_frag_key, addr4[2], PG_ABI_FRAG_KEY4);
PG_ABI_SIZE(struct pg_map_frag_key, PG_ABI_FRAG_KEY6);
PG_ABI_SIZE(struct pg_map_frag, 32);

/* events: a packet was dropped. */
struct pg_map_event {
	__u64 time;	    /* nanoseconds of CLOCK_MONOTONIC */
	__u32 ifindex;	    /* on whose interface */
	__u32 slot;	    /* POLICY: the rule that decided */
	__u32 subject;	    /* identity of the endpoint that was judged; 0: not known */
	__u32 peer;	    /* identity of the other end; 0: not looked up */
	__u32 length;	    /* bytes of IP */
	__u16 sport, dport; /* host order; 0: none known; ICMP: dport is the type */
	__u8 outcome;	    /* enum pg_outcome */
	__u8 direction;	    /* whose rule: the source's egress or the destination's ingress */
	__u8 family;	    /* 4, 6, or 0: not read; then there are no addresses */
	__u8 proto;
	__u8 saddr[16], daddr[16]; /* IPv4: the first 4 bytes */
	__u8 pad[4];
};

PG_ABI_SIZE(struct pg_map_event, 72);
PG_ABI_AT(struct pg_map_event, sport, 28);
PG_ABI_AT(struct pg_map_event, saddr, 36);

#endif
