/* SPDX-License-Identifier: GPL-2.0-only */
/* Names of ports: the host's copy of the IANA's registry, services(5). */
#ifndef PG_FRONTEND_SERVICES_H
#define PG_FRONTEND_SERVICES_H

#include "compat/util.h"

#define PG_SERVICES_PATH "/etc/services"

struct pg_service {
	char *name; /* or alias */
	uint16_t port;
};

struct pg_services {
	struct pg_array(struct pg_service) list; /* in the order of the file */
};

void pg_services_done(struct pg_services *services);
#define _cleanup_services_ PG_CLEANUP(pg_services_done)

/* Lines that make no sense are passed over, as the C library does. -errno: no such file; -ENOMEM. */
int pg_services_load(const char *path, struct pg_services *ret_services);

/* The first of this name, in any case and with any protocol; NULL: none. */
const struct pg_service *pg_services_find(const struct pg_services *services, const char *name);

/* The name nearest to one that isn't there, as pg_suggest() has it; NULL: none. */
const char *pg_services_suggest(const struct pg_services *services, const char *name);

#endif
