// SPDX-License-Identifier: GPL-2.0-only
/* What the Engine's answers say: from bytes to structs, trusting none of them. */
#include "frontend/source/docker.h"

#include <ctype.h>
#include <net/if.h>

#include "frontend/source/docker_json.h"

#define BRIDGE_NAME_OPTION "com.docker.network.bridge.name"

static void free_strings(char **strings, size_t count)
{
	for (size_t i = 0; i < count; i++)
		free(strings[i]);
	free(strings);
}

void pg_docker_container_done(struct pg_docker_container *container)
{
	free(container->id);
	free(container->name);
	free(container->mode);
	free(container->sandbox);
	pg_labels_done(&container->labels);
	pg_array_foreach(attachment, &container->attachments) {
		free(attachment->network);
		free(attachment->network_id);
	}
	free(container->attachments.items);
	*container = (struct pg_docker_container){ 0 };
}

static void network_done(struct pg_docker_network *network)
{
	free(network->id);
	free(network->name);
	free(network->driver);
	free(network->bridge);
}

void pg_docker_state_done(struct pg_docker_state *state)
{
	pg_array_foreach(network, &state->networks)
		network_done(network);
	free(state->networks.items);
	pg_array_foreach(container, &state->containers)
		pg_docker_container_done(container);
	free(state->containers.items);
	free_strings(state->vanished.items, state->vanished.count);
	*state = (struct pg_docker_state){ 0 };
}

void pg_docker_ids_done(struct pg_docker_ids *ids)
{
	free_strings(ids->list.items, ids->list.count);
	*ids = (struct pg_docker_ids){ 0 };
}

/* "1.41" -> 41. */
static int get_minor(const struct pg_answer *answer, const json_t *object, const char *key,
		     unsigned int *ret_minor)
{
	_cleanup_free_ char *text = NULL;
	char end;
	unsigned int minor;
	int r = pg_answer_get_text(answer, object, key, &text);

	if (r < 0)
		return r;
	if (!pg_answer_is_plain(text, 8) || sscanf(text, "1.%4u%c", &minor, &end) != 1)
		return pg_answer_refuse(answer, "'%s' is '%s', not 1.x", key,
					pg_quote(text, strlen(text)).text);
	*ret_minor = minor;
	return 0;
}

int pg_docker_parse_version(const char *text, size_t length, struct pg_diags *diags,
			    unsigned int *ret_minor)
{
	struct pg_answer answer = { diags, "its version", NULL };
	_cleanup_json_ json_t *root = NULL;
	unsigned int newest, oldest = 0;
	int r = pg_answer_load(&answer, text, length, JSON_OBJECT, &root);

	if (r == 0)
		r = get_minor(&answer, root, "ApiVersion", &newest);
	if (r == 0 && json_object_get(root, "MinAPIVersion")) /* since 1.25 */
		r = get_minor(&answer, root, "MinAPIVersion", &oldest);
	if (r < 0)
		return r;
	if (newest < PG_DOCKER_API_OLDEST || oldest > PG_DOCKER_API_NEWEST) {
		pg_error(diags, PG_LOC_NONE,
			 "Docker speaks versions 1.%u to 1.%u of its API, polgen 1.%u to 1.%u",
			 oldest, newest, PG_DOCKER_API_OLDEST, PG_DOCKER_API_NEWEST);
		return -EPROTONOSUPPORT;
	}
	*ret_minor = PG_MIN(newest, PG_DOCKER_API_NEWEST);
	return 0;
}

int pg_docker_parse_list(const char *text, size_t length, struct pg_diags *diags,
			 struct pg_docker_ids *ret_ids)
{
	struct pg_answer answer = { diags, "its containers", NULL };
	_cleanup_docker_ids_ struct pg_docker_ids ids = { 0 };
	_cleanup_json_ json_t *root = NULL;
	const json_t *item;
	size_t i;
	int r = pg_answer_load(&answer, text, length, JSON_ARRAY, &root);

	if (r < 0)
		return r;
	json_array_foreach(root, i, item) {
		char **id;

		r = pg_answer_check(&answer, "container", item, JSON_OBJECT);
		if (r < 0)
			return r;
		id = pg_array_add(&ids.list);
		r = id ? pg_answer_get_id(&answer, item, id) : -ENOMEM;
		if (r < 0)
			return r;
	}
	*ret_ids = ids;
	ids = (struct pg_docker_ids){ 0 };
	return 0;
}

/* What the kernel takes as an interface's name (dev_valid_name()). */
static bool is_interface_name(const char *name)
{
	size_t length = strlen(name);

	if (!length || length >= IF_NAMESIZE || !strcmp(name, ".") || !strcmp(name, ".."))
		return false;
	for (size_t i = 0; i < length; i++) {
		if (name[i] == '/' || name[i] == ':' || isspace((unsigned char)name[i]))
			return false;
	}
	return true;
}

/* Without the option, the Engine makes the name from the network's id. */
static int read_bridge(const struct pg_answer *answer, const json_t *item,
		       struct pg_docker_network *network)
{
	_cleanup_free_ char *bridge = NULL;
	const json_t *options = NULL;
	int r = pg_answer_get(answer, item, "Options", JSON_OBJECT, &options);

	if (r == 0)
		r = pg_answer_get_text(answer, options, BRIDGE_NAME_OPTION, &bridge);
	if (r < 0)
		return r;
	if (*bridge && !is_interface_name(bridge))
		return pg_answer_refuse(answer, "'%s' is no interface name",
					pg_quote(bridge, strlen(bridge)).text);
	if (*bridge)
		network->bridge = PG_TAKE(bridge);
	else if (asprintf(&network->bridge, "br-%.12s", network->id) < 0)
		network->bridge = NULL;
	return network->bridge ? 0 : -ENOMEM;
}

static int add_network(const struct pg_answer *answer, const json_t *item,
		       struct pg_docker_state *state)
{
	struct pg_docker_network *network;
	int r = pg_answer_check(answer, "network", item, JSON_OBJECT);

	if (r < 0)
		return r;
	network = pg_array_add(&state->networks);
	if (!network)
		return -ENOMEM;
	r = pg_answer_get_id(answer, item, &network->id);
	if (r == 0)
		r = pg_answer_get_text(answer, item, "Name", &network->name);
	if (r == 0)
		r = pg_answer_get_text(answer, item, "Driver", &network->driver);
	if (r == 0 && !strcmp(network->driver, "bridge"))
		r = read_bridge(answer, item, network);
	return r;
}

int pg_docker_parse_networks(const char *text, size_t length, struct pg_diags *diags,
			     struct pg_docker_state *state)
{
	struct pg_answer answer = { diags, "its networks", NULL };
	_cleanup_json_ json_t *root = NULL;
	const json_t *item;
	size_t i;
	int r = pg_answer_load(&answer, text, length, JSON_ARRAY, &root);

	if (r < 0)
		return r;
	json_array_foreach(root, i, item) {
		r = add_network(&answer, item, state);
		if (r < 0)
			return r;
	}
	return 0;
}

char *pg_docker_parse_message(const char *text, size_t length)
{
	_cleanup_json_ json_t *root = json_loadb(text, length, 0, NULL);
	const char *message = json_string_value(json_object_get(root, "message"));

	return message ? strdup(message) : NULL;
}
