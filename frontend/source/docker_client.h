/* SPDX-License-Identifier: GPL-2.0-only */
/* Asking the Docker Engine over its socket. One question at a time, on one connection. */
#ifndef PG_FRONTEND_DOCKER_CLIENT_H
#define PG_FRONTEND_DOCKER_CLIENT_H

#include "compat/strbuf.h"
#include "frontend/source/docker.h"

struct pg_docker_client;

/* Connects to nobody yet. -EPROTONOSUPPORT: a host that can't be asked, with the reason in `diags`. */
int pg_docker_client_new(const struct pg_docker_options *options, struct pg_diags *diags,
			 struct pg_docker_client **ret_client);
void pg_docker_client_free(struct pg_docker_client *client); /* accepts NULL */
void pg_docker_client_cleanup(struct pg_docker_client **client);
#define _cleanup_docker_client_ PG_CLEANUP(pg_docker_client_cleanup)

/* From now on all paths are of version 1.`minor` of the API. */
void pg_docker_client_set_version(struct pg_docker_client *client, unsigned int minor);

/*
 * GET of "/containers/json" and the like; `answer` gets the body. -ESRCH with nothing in `diags`:
 * the Engine doesn't know what the path names. Others as in pg_docker_load(), with the reason.
 */
int pg_docker_client_get(struct pg_docker_client *client, const char *path, struct pg_diags *diags,
			 struct pg_strbuf *answer);

#endif
