/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * rtnetlink(7): links, addresses, routes and neighbours of one network namespace.
 *
 * Changes are queued and sent many at a time; they fail as a group: write as many as you like, then
 * ask pg_rtnl_commit() once. Addresses are in network order, 4 bytes for AF_INET, 16 for AF_INET6.
 */
#ifndef PG_COMPAT_RTNL_H
#define PG_COMPAT_RTNL_H

#include <net/if.h>

#include "compat/util.h"

struct pg_rtnl;

/* Opens a socket in the calling thread's network namespace, where it stays. */
int pg_rtnl_new(struct pg_rtnl **ret_rtnl);
void pg_rtnl_free(struct pg_rtnl *rtnl); /* accepts NULL; what is queued is lost */
void pg_rtnl_free_cleanup(struct pg_rtnl **rtnl);
#define _cleanup_rtnl_ PG_CLEANUP(pg_rtnl_free_cleanup)

/* One end of a veth pair, or another link that is to be made. */
struct pg_rtnl_end {
	const char *name;
	uint32_t index;	 /* 0: the kernel chooses */
	uint8_t mac[6];	 /* all 0: the kernel chooses */
	uint32_t master; /* index of the bridge that it becomes a port of; 0: none */
	int netns;	 /* descriptor of the namespace that it is made in; -1: the socket's */
};

/*
 * New links are up at once, but for a veth's far end: the kernel makes that one first, and it can't
 * be up before the other one is there (-ENOTCONN).
 */
void pg_rtnl_add_bridge(struct pg_rtnl *rtnl, const struct pg_rtnl_end *bridge);
void pg_rtnl_add_veth(struct pg_rtnl *rtnl, const struct pg_rtnl_end *near,
		      const struct pg_rtnl_end *far);
void pg_rtnl_set_up(struct pg_rtnl *rtnl, uint32_t index);
void pg_rtnl_delete_link(struct pg_rtnl *rtnl, uint32_t index);

void pg_rtnl_add_addr(struct pg_rtnl *rtnl, uint32_t index, int family, const void *addr,
		      uint8_t length);

struct pg_rtnl_route {
	int family;
	const void *dst; /* NULL with length 0: the default route */
	uint8_t length;	 /* of the prefix */
	const void *
		gateway; /* NULL: on the link. Taken as on the link whether or not a route says so */
	const void *source; /* preferred source address; NULL: the kernel's choice */
	uint32_t index;	    /* of the link */
};

void pg_rtnl_add_route(struct pg_rtnl *rtnl, const struct pg_rtnl_route *route);
/* A permanent one, which neither expires nor counts for the limits of the neighbour table. */
void pg_rtnl_add_neighbour(struct pg_rtnl *rtnl, uint32_t index, int family, const void *addr,
			   const uint8_t mac[6]);

/*
 * Forgets the neighbours that the kernel found by itself, whatever is known of them; it will ask
 * again. Queued, but for the list of them, which is read at once: 0 or -errno.
 */
int pg_rtnl_forget_neighbours(struct pg_rtnl *rtnl, int family);

/* Sends what is queued. 0, or the first error since the last commit: -errno, and pg_rtnl_error(). */
int pg_rtnl_commit(struct pg_rtnl *rtnl);
/* What the failed request was and what the kernel said of it: "add route: Nexthop has ..." */
const char *pg_rtnl_error(const struct pg_rtnl *rtnl);

struct pg_rtnl_link {
	uint32_t index;
	uint32_t peer;	 /* index of a veth's other end (in its own namespace); 0: none */
	int32_t peer_ns; /* that namespace's id as this one knows it (NETNSA_NSID); -1: this one */
	uint32_t master; /* 0: none */
	uint32_t flags;	 /* IFF_... */
	uint32_t mtu;
	char name[IFNAMSIZ];
	char kind[16]; /* "veth", "bridge", ...; "" for hardware and loopback */
	char qdisc[16];
	uint8_t mac[6];
};

struct pg_rtnl_links {
	struct pg_array(struct pg_rtnl_link) list;
};

struct pg_rtnl_addr {
	uint32_t index; /* of its link */
	int family;	/* AF_INET or AF_INET6 */
	uint8_t bytes[16];
	uint8_t length; /* of the prefix */
};

struct pg_rtnl_addrs {
	struct pg_array(struct pg_rtnl_addr) list;
};

/* What there is, by index. -errno; -EINTR when the kernel's list changed while it was read. */
int pg_rtnl_links(struct pg_rtnl *rtnl, struct pg_rtnl_links *ret_links);
int pg_rtnl_addrs(struct pg_rtnl *rtnl, struct pg_rtnl_addrs *ret_addrs);
/* One of them. -ENODEV: there is none of this index. */
int pg_rtnl_link(struct pg_rtnl *rtnl, uint32_t index, struct pg_rtnl_link *ret_link);
void pg_rtnl_links_done(struct pg_rtnl_links *links);
void pg_rtnl_addrs_done(struct pg_rtnl_addrs *addrs);
#define _cleanup_rtnl_links_ PG_CLEANUP(pg_rtnl_links_done)
#define _cleanup_rtnl_addrs_ PG_CLEANUP(pg_rtnl_addrs_done)

/*
 * The id (as in peer_ns) by which the socket's namespace knows another one; -1: by none yet. A
 * namespace that a link of pg_rtnl_links() has its peer in has one, since listing gives it.
 */
int pg_rtnl_netns_id(struct pg_rtnl *rtnl, int netns, int32_t *ret_id);

/*
 * How often the kernel found no room for another neighbour of a family (net.ipv4.neigh.default.
 * gc_thresh3). All namespaces of a machine share that table.
 */
int pg_rtnl_neighbour_overflows(struct pg_rtnl *rtnl, int family, uint64_t *ret_count);

/* NULL: none. */
const struct pg_rtnl_link *pg_rtnl_links_by_name(const struct pg_rtnl_links *links,
						 const char *name);
const struct pg_rtnl_link *pg_rtnl_links_by_index(const struct pg_rtnl_links *links,
						  uint32_t index);

#endif
