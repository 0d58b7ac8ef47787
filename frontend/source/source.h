/* SPDX-License-Identifier: GPL-2.0-only */
/* Where endpoints come from: the Docker Engine, or a file. */
#ifndef PG_FRONTEND_SOURCE_H
#define PG_FRONTEND_SOURCE_H

#include "policy/diag.h"
#include "policy/endpoint.h"

struct pg_source_options {
	bool lenient; /* of the file's decoder */
	/*
	 * Patterns (fnmatch, where '*' takes '/' too) of label keys that don't count for identity; NULL:
	 * the default list. NULL-terminated. Only for labels from Docker: a file says what it means.
	 */
	const char *const *ignored_labels;
	/*
	 * Ask the kernel for what the source doesn't say: the host's own addresses, unless a file has
	 * a `host` section, and the interfaces of Docker's containers. Needs no privilege.
	 */
	bool kernel;
	/* Look up the interfaces' indexes too; those that aren't here have none. */
	bool interfaces;
};

/*
 * com.docker.compose.container-number and the like: what differs between replicas, starts and builds
 * of one service. NULL-terminated. polgen(8) lists it.
 */
extern const char *const pg_ignored_labels_default[];

/*
 * Reads the endpoints that `spec` names: "docker" (DOCKER_HOST honoured), or the path of a file, "-"
 * for standard input ("./docker" is a file). The file's text is added to `sources`. Endpoints are
 * finished (sorted, checked). 0, or -errno with the reason in `diags`: -EINVAL bad input, others: the
 * system's. Of Docker: see pg_docker_load() in frontend/source/docker.h.
 */
int pg_source_load(const char *spec, const struct pg_source_options *options,
		   struct pg_sources *sources, struct pg_diags *diags,
		   struct pg_endpoints *ret_endpoints);

/* Reads a whole file ("-": standard input) into `sources`. -EFBIG over PG_SOURCE_MAX. */
int pg_source_read(const char *path, struct pg_sources *sources, struct pg_diags *diags,
		   uint32_t *ret_source);

#endif
