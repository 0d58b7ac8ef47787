// SPDX-License-Identifier: GPL-2.0-only
#include "frontend/decode/services.h"

#include <strings.h>

#include "frontend/suggest.h"

#define BLANKS " \t\r\n"

void pg_services_done(struct pg_services *services)
{
	pg_array_foreach(service, &services->list)
		free(service->name);
	free(services->list.items);
	*services = (struct pg_services){ 0 };
}

static int add(struct pg_services *services, const char *name, uint16_t port)
{
	struct pg_service *service = pg_array_add(&services->list);

	if (!service)
		return -ENOMEM;
	service->port = port;
	service->name = strdup(name);
	return service->name ? 0 : -ENOMEM;
}

/* "443/tcp" */
static bool parse_port(const char *text, uint16_t *ret_port)
{
	size_t digits = strspn(text, "0123456789");
	unsigned long port;

	if (!digits || digits > strlen("65535") || text[digits] != '/')
		return false;
	port = strtoul(text, NULL, 10);
	if (!port || port > UINT16_MAX)
		return false;
	*ret_port = (uint16_t)port;
	return true;
}

/* A name, a port with a protocol, and aliases. */
static int add_line(struct pg_services *services, char *line)
{
	char *rest, *name, *port_text;
	uint16_t port;
	int r;

	line[strcspn(line, "#")] = '\0';
	name = strtok_r(line, BLANKS, &rest);
	port_text = name ? strtok_r(NULL, BLANKS, &rest) : NULL;
	if (!port_text || !parse_port(port_text, &port))
		return 0;
	for (r = 0; name && r == 0; name = strtok_r(NULL, BLANKS, &rest))
		r = add(services, name, port);
	return r;
}

int pg_services_load(const char *path, struct pg_services *ret_services)
{
	_cleanup_services_ struct pg_services services = { 0 };
	_cleanup_fclose_ FILE *file = fopen(path, "re");
	_cleanup_free_ char *line = NULL;
	size_t size = 0;

	if (!file)
		return -errno;
	while (getline(&line, &size, file) >= 0) {
		int r = add_line(&services, line);

		if (r < 0)
			return r;
	}
	if (ferror(file))
		return -EIO;
	*ret_services = services;
	services = (struct pg_services){ 0 };
	return 0;
}

const struct pg_service *pg_services_find(const struct pg_services *services, const char *name)
{
	pg_array_foreach(service, &services->list) {
		if (!strcasecmp(service->name, name))
			return service;
	}
	return NULL;
}

const char *pg_services_suggest(const struct pg_services *services, const char *name)
{
	_cleanup_free_ const char **names = calloc(services->list.count + 1, sizeof(*names));
	size_t count = 0;

	if (!names)
		return NULL;
	pg_array_foreach(service, &services->list)
		names[count++] = service->name;
	return pg_suggest(name, names, count);
}
