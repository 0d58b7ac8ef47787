/* SPDX-License-Identifier: GPL-2.0-only */
/* A Docker Engine that isn't one: answers from files, and misbehaves where it is told to. */
#ifndef PG_TESTS_FAKE_DOCKER_H
#define PG_TESTS_FAKE_DOCKER_H

#include "compat/util.h"

enum fake_behaviour {
	FAKE_ANSWER,  /* `status` and `body` */
	FAKE_SILENT,  /* takes the question and says nothing until the client leaves */
	FAKE_CUT,     /* half of the body that was promised, then the end */
	FAKE_ENDLESS, /* a body without end */
	FAKE_GARBAGE, /* no HTTP at all */
};

/* What is done for paths that end in `suffix`, before the folder's files are looked at. */
struct fake_rule {
	const char *suffix;
	enum fake_behaviour behaviour;
	int status;
	const char *body;
	int times; /* after so many it is over; 0: never */
};

struct fake_docker;

/*
 * Serves $top_srcdir/tests/unit/frontend/docker/<folder>: version.json, containers.json,
 * networks.json, container-<first 12 of the id>.json; 404 for what has no file. `rules` end with a
 * NULL suffix, may be NULL, and are borrowed. Fails the test when it can't be started.
 */
struct fake_docker *fake_docker_start(const char *folder, const struct fake_rule *rules);
void fake_docker_stop(struct fake_docker **fake);
#define _cleanup_fake_docker_ PG_CLEANUP(fake_docker_stop)

/* "unix:///tmp/.../docker.sock" */
const char *fake_docker_host(const struct fake_docker *fake);
/* The paths that were asked for so far, one a line. */
const char *fake_docker_asked(const struct fake_docker *fake);

#endif
