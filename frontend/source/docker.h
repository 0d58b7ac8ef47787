/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The Docker Engine as a source of endpoints: what its API says of running containers (versions
 * 1.24 to 1.52, the fields are the same in all of them), asked over its socket, put together with
 * the host-side interfaces that the kernel knows.
 *
 *	GET /version, /containers/json, /containers/ID/json ..., /networks
 *	      bytes ──pg_docker_parse_*()──> structs ──pg_docker_endpoints()──> endpoints
 *	                                                kernel ──pg_docker_interfaces()──┘
 *
 * The functions over bytes and structs are pure. An answer is taken as coming from a stranger:
 * labels and names in it are the image's and the container's author's choice.
 */
#ifndef PG_FRONTEND_DOCKER_H
#define PG_FRONTEND_DOCKER_H

#include "frontend/source/source.h"
#include "policy/diag.h"
#include "policy/endpoint.h"

#define PG_DOCKER_HOST_DEFAULT "unix:///var/run/docker.sock"

/* The largest answer that is read. */
#define PG_DOCKER_ANSWER_MAX (64u << 20)

/* Minor numbers of the API's version 1.x: the oldest and the newest that are understood. */
#define PG_DOCKER_API_OLDEST 24u
#define PG_DOCKER_API_NEWEST 52u

/* One network of the Engine's. */
struct pg_docker_network {
	char *id, *name, *driver;
	char *bridge; /* the bridge interface of driver "bridge"; NULL otherwise */
};

/* One container's place on one network. */
struct pg_docker_attachment {
	char *network;	  /* name */
	char *network_id; /* "" where the Engine doesn't say */
	struct pg_addr ipv4, ipv6;
};

struct pg_docker_container {
	char *id;
	char *name;    /* without its '/'; the id where the name isn't one that Docker gives */
	char *mode;    /* "default", "host", "none", "container:ID", or a network's name */
	char *sandbox; /* path of the network namespace; "" where there is none */
	bool running;
	uint32_t pid; /* of its first process, as the Engine's pid namespace counts; 0: none */
	struct pg_labels labels; /* source "container"; without the ignored ones; sorted */
	struct pg_array(struct pg_docker_attachment) attachments; /* sorted by network name */
};

struct pg_docker_state {
	struct pg_array(struct pg_docker_network) networks;
	struct pg_array(struct pg_docker_container) containers;
	struct pg_array(char *) vanished; /* containers that ended between listing and inspection */
};

struct pg_docker_ids {
	struct pg_array(char *) list;
};

void pg_docker_container_done(struct pg_docker_container *container);
void pg_docker_state_done(struct pg_docker_state *state);
void pg_docker_ids_done(struct pg_docker_ids *ids);
#define _cleanup_docker_container_ PG_CLEANUP(pg_docker_container_done)
#define _cleanup_docker_state_	   PG_CLEANUP(pg_docker_state_done)
#define _cleanup_docker_ids_	   PG_CLEANUP(pg_docker_ids_done)

/*
 * From an answer's bytes. -EBADMSG: not what the API says it sends; an error in `diags` tells what.
 * What only one label or name is to blame for is left out with a warning. -ENOMEM.
 */

/* GET /version: the newest version both sides know. -EPROTONOSUPPORT: there is none. */
int pg_docker_parse_version(const char *text, size_t length, struct pg_diags *diags,
			    unsigned int *ret_minor);
/* GET /containers/json */
int pg_docker_parse_list(const char *text, size_t length, struct pg_diags *diags,
			 struct pg_docker_ids *ret_ids);
/* GET /containers/ID/json. `ignored`: patterns of label keys that don't count. */
int pg_docker_parse_container(const char *text, size_t length, const char *const *ignored,
			      struct pg_diags *diags, struct pg_docker_container *ret_container);
/* GET /networks: appends to state->networks. */
int pg_docker_parse_networks(const char *text, size_t length, struct pg_diags *diags,
			     struct pg_docker_state *state);
/* The text of an error's answer, {"message": ...}; NULL: it has none. The caller frees it. */
char *pg_docker_parse_message(const char *text, size_t length);

/*
 * An endpoint for each address of a running container on a network of driver "bridge", named as the
 * container, with "@network" added where the container is on several such networks. What becomes no
 * endpoint is said: as a note where another endpoint or the host is judged in its place or where
 * nothing could be sent, as a warning where traffic goes by unjudged. Appends. -ENOMEM.
 */
int pg_docker_endpoints(const struct pg_docker_state *state, struct pg_diags *diags,
			struct pg_endpoints *endpoints);

/*
 * Looks up interface and ifindex of each endpoint in the calling thread's network namespace: the
 * veth that is a port of the network's bridge and whose other end is in the container's namespace.
 * Both facts are the host's own; nothing that a container can rename or renumber is relied upon.
 * Where there is none, `interface` stays NULL; where there isn't even the namespace, netns becomes
 * NULL. -EACCES, -EPERM: namespaces may not be opened, the rest is not looked up. -ENOMEM, -EIO ...
 */
int pg_docker_interfaces(const struct pg_docker_state *state, struct pg_endpoints *endpoints);

/* Where to ask, and for how long. */
struct pg_docker_options {
	const char *host;	    /* as DOCKER_HOST; NULL or "": PG_DOCKER_HOST_DEFAULT */
	long connect_ms, answer_ms; /* limits of one request; 0: 5 s and 30 s */
	const char *const *ignored; /* patterns of label keys; NULL: none */
	bool kernel;		    /* look up interfaces */
};

/*
 * All of it, into an empty list; endpoints are not finished. -EPROTONOSUPPORT: no scheme or no API version that both
 * know; -ECONNREFUSED, -ENOENT, -EACCES: not reached; -ETIMEDOUT; -EFBIG; -EBADMSG; -EREMOTEIO: the
 * Engine answered with an error. The reason is in `diags`.
 */
int pg_docker_load(const struct pg_docker_options *options, struct pg_diags *diags,
		   struct pg_endpoints *endpoints);

#endif
