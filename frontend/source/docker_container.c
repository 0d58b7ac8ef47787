// SPDX-License-Identifier: GPL-2.0-only
/* What GET /containers/ID/json says of one container. */
#include "frontend/source/docker.h"

#include <fnmatch.h>

#include "frontend/source/docker_json.h"

#define NAME_MAX_BYTES 255
#define PID_LAST       (1u << 22) /* PID_MAX_LIMIT of 64-bit kernels */

/* Names from the outside of Docker's own alphabet would only confuse: the id is as good. */
static int read_name(struct pg_answer *answer, const json_t *root,
		     struct pg_docker_container *container)
{
	_cleanup_free_ char *name = NULL;
	int r = pg_answer_get_id(answer, root, &container->id);

	if (r == 0)
		r = pg_answer_get_text(answer, root, "Name", &name);
	if (r < 0)
		return r;
	if (pg_answer_is_plain(name + (name[0] == '/'), NAME_MAX_BYTES)) {
		container->name = strdup(name + (name[0] == '/'));
	} else {
		pg_warning(answer->diags, PG_LOC_NONE,
			   "container %.12s is named '%s', which is no name of Docker's; "
			   "its id is used",
			   container->id, pg_quote(name, strlen(name)).text);
		container->name = strdup(container->id);
	}
	if (!container->name)
		return -ENOMEM;
	answer->about = "container";
	answer->name = container->name;
	return 0;
}

static int read_state(const struct pg_answer *answer, const json_t *root,
		      struct pg_docker_container *container)
{
	const json_t *state = NULL, *running = NULL, *pid = NULL;
	int r = pg_answer_get(answer, root, "State", JSON_OBJECT, &state);

	if (r == 0)
		r = pg_answer_get(answer, state, "Running", JSON_TRUE, &running);
	if (r == 0)
		r = pg_answer_get(answer, state, "Pid", JSON_INTEGER, &pid);
	if (r < 0)
		return r;
	if (!running)
		return pg_answer_refuse(answer, "'State' has no 'Running'");
	if (pid && (json_integer_value(pid) < 0 || json_integer_value(pid) > PID_LAST))
		return pg_answer_refuse(answer, "'Pid' is out of range");
	container->running = json_is_true(running);
	container->pid = pid ? (uint32_t)json_integer_value(pid) : 0;
	return 0;
}

static bool is_ignored(const char *key, const char *const *ignored)
{
	for (; ignored && *ignored; ignored++) {
		if (fnmatch(*ignored, key, 0) == 0)
			return true;
	}
	return false;
}

/* Why a label can't be one of polgen's; NULL: it can. */
static const char *label_fault(const char *key, const json_t *value)
{
	if (!*key)
		return "its key is empty";
	if (strchr(key, '='))
		return "its key holds a '='";
	if (strlen(json_string_value(value)) != json_string_length(value))
		return "its value holds a NUL byte";
	return NULL;
}

static int add_label(const struct pg_answer *answer, struct pg_labels *labels, const char *key,
		     const json_t *value)
{
	const char *fault = label_fault(key, value);
	int r = 0;

	if (!fault)
		r = pg_labels_add(labels, "container", key, json_string_value(value));
	if (r == -E2BIG && labels->list.count >= PG_LABELS_MAX)
		return pg_answer_refuse(answer, "it has more than %d labels", PG_LABELS_MAX);
	if (r == -E2BIG)
		fault = "it is too long";
	if (fault)
		pg_warning(answer->diags, PG_LOC_NONE,
			   "label '%s' of container '%s' is left out: %s",
			   pg_quote(key, strlen(key)).text,
			   pg_quote(answer->name, strlen(answer->name)).text, fault);
	return fault ? 0 : r;
}

static int read_labels(const struct pg_answer *answer, const json_t *root,
		       const char *const *ignored, struct pg_docker_container *container)
{
	const json_t *config = NULL, *labels = NULL;
	const char *key;
	json_t *value;
	int r = pg_answer_get(answer, root, "Config", JSON_OBJECT, &config);

	if (r == 0)
		r = pg_answer_get(answer, config, "Labels", JSON_OBJECT, &labels);
	if (r < 0)
		return r;
	json_object_foreach((json_t *)labels, key, value) {
		if (is_ignored(key, ignored))
			continue;
		r = pg_answer_check(answer, key, value, JSON_STRING);
		if (r == 0)
			r = add_label(answer, &container->labels, key, value);
		if (r < 0)
			return r;
	}
	pg_labels_sort(&container->labels);
	return 0;
}

static int get_addr(const struct pg_answer *answer, const json_t *object, const char *key,
		    uint8_t family, struct pg_addr *ret_addr)
{
	_cleanup_free_ char *text = NULL;
	struct pg_addr addr = { 0 };
	int r = pg_answer_get_text(answer, object, key, &text);

	if (r < 0)
		return r;
	if (*text && (pg_addr_parse(text, &addr) < 0 || addr.family != family))
		return pg_answer_refuse(answer, "'%s' is '%s', no IPv%d address", key,
					pg_quote(text, strlen(text)).text, family);
	*ret_addr = addr;
	return 0;
}

static int add_attachment(const struct pg_answer *answer, const json_t *networks, const char *name,
			  struct pg_docker_container *container)
{
	struct pg_docker_attachment *attachment;
	const json_t *settings = NULL;
	int r = pg_answer_get(answer, networks, name, JSON_OBJECT, &settings);

	if (r < 0)
		return r;
	attachment = pg_array_add(&container->attachments);
	if (!attachment)
		return -ENOMEM;
	attachment->network = strdup(name);
	if (!attachment->network)
		return -ENOMEM;
	r = pg_answer_get_text(answer, settings, "NetworkID", &attachment->network_id);
	if (r == 0)
		r = get_addr(answer, settings, "IPAddress", 4, &attachment->ipv4);
	if (r == 0)
		r = get_addr(answer, settings, "GlobalIPv6Address", 6, &attachment->ipv6);
	return r;
}

static int compare_attachments(const void *a, const void *b)
{
	const struct pg_docker_attachment *left = a, *right = b;

	return strcmp(left->network, right->network);
}

static int read_attachments(const struct pg_answer *answer, const json_t *root,
			    struct pg_docker_container *container)
{
	const json_t *settings = NULL, *networks = NULL;
	const char *name;
	json_t *value;
	int r = pg_answer_get(answer, root, "NetworkSettings", JSON_OBJECT, &settings);

	if (r == 0)
		r = pg_answer_get_text(answer, settings, "SandboxKey", &container->sandbox);
	if (r == 0)
		r = pg_answer_get(answer, settings, "Networks", JSON_OBJECT, &networks);
	if (r < 0)
		return r;
	json_object_foreach((json_t *)networks, name, value) {
		r = add_attachment(answer, networks, name, container);
		if (r < 0)
			return r;
	}
	if (container->attachments.count)
		qsort(container->attachments.items, container->attachments.count,
		      sizeof(*container->attachments.items), compare_attachments);
	return 0;
}

static int read_mode(const struct pg_answer *answer, const json_t *root,
		     struct pg_docker_container *container)
{
	const json_t *config = NULL;
	int r = pg_answer_get(answer, root, "HostConfig", JSON_OBJECT, &config);

	return r < 0 ? r : pg_answer_get_text(answer, config, "NetworkMode", &container->mode);
}

int pg_docker_parse_container(const char *text, size_t length, const char *const *ignored,
			      struct pg_diags *diags, struct pg_docker_container *ret_container)
{
	_cleanup_docker_container_ struct pg_docker_container container = { 0 };
	struct pg_answer answer = { diags, "a container", NULL };
	_cleanup_json_ json_t *root = NULL;
	int r = pg_answer_load(&answer, text, length, JSON_OBJECT, &root);

	if (r == 0)
		r = read_name(&answer, root, &container);
	if (r == 0)
		r = read_state(&answer, root, &container);
	if (r == 0)
		r = read_mode(&answer, root, &container);
	if (r == 0)
		r = read_attachments(&answer, root, &container);
	if (r == 0)
		r = read_labels(&answer, root, ignored, &container);
	if (r < 0)
		return r;
	*ret_container = container;
	container = (struct pg_docker_container){ 0 };
	return 0;
}
