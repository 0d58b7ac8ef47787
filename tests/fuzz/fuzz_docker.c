// SPDX-License-Identifier: GPL-2.0-only
/* An answer of the Docker Engine's, read as each of those that are asked for. */
#include "frontend/source/docker.h"
#include "tests/fuzz/fuzz.h"

/* Networks of every kind, which a container of the input may be on by name. */
static const char networks[] = "[{\"Id\": \"b0\", \"Name\": \"bridge\", \"Driver\": \"bridge\"},"
			       "{\"Id\": \"b1\", \"Name\": \"shop\", \"Driver\": \"bridge\"},"
			       "{\"Id\": \"h\", \"Name\": \"host\", \"Driver\": \"host\"},"
			       "{\"Id\": \"n\", \"Name\": \"none\", \"Driver\": \"null\"},"
			       "{\"Id\": \"o\", \"Name\": \"ingress\", \"Driver\": \"overlay\"}]";

static void check_diags(const struct pg_diags *diags, int r, int refusal)
{
	FUZZ_CHECK(r == 0 || r == refusal);
	FUZZ_CHECK((r == 0) == (diags->errors == 0));
	pg_array_foreach(diag, &diags->list) {
		for (const char *at = diag->text; *at; at++)
			FUZZ_CHECK((unsigned char)*at >= 0x20 && *at != 0x7f);
	}
}

static void read_version(const char *text, size_t length)
{
	_cleanup_diags_ struct pg_diags diags = { 0 };
	unsigned int minor = 0;
	int r = pg_docker_parse_version(text, length, &diags, &minor);

	check_diags(&diags, r, r == -EPROTONOSUPPORT ? r : -EBADMSG);
	FUZZ_CHECK(r || (minor >= PG_DOCKER_API_OLDEST && minor <= PG_DOCKER_API_NEWEST));
}

static void read_list(const char *text, size_t length)
{
	_cleanup_docker_ids_ struct pg_docker_ids ids = { 0 };
	_cleanup_diags_ struct pg_diags diags = { 0 };

	check_diags(&diags, pg_docker_parse_list(text, length, &diags, &ids), -EBADMSG);
	/* Ids become parts of paths. */
	pg_array_foreach(id, &ids.list)
		FUZZ_CHECK(**id && !strpbrk(*id, "/?#% \r\n"));
}

static void read_networks(const char *text, size_t length)
{
	_cleanup_docker_state_ struct pg_docker_state state = { 0 };
	_cleanup_diags_ struct pg_diags diags = { 0 };
	int r = pg_docker_parse_networks(text, length, &diags, &state);

	check_diags(&diags, r, -EBADMSG);
	pg_array_foreach(network, &state.networks)
		FUZZ_CHECK(r || !network->bridge || strlen(network->bridge) < 16);
}

static void check_endpoint(const struct pg_endpoint *endpoint)
{
	FUZZ_CHECK(*endpoint->name && endpoint->network && *endpoint->netns);
	FUZZ_CHECK(endpoint->ipv4.family == 4 || endpoint->ipv6.family == 6);
	pg_array_foreach(label, &endpoint->labels.list) {
		FUZZ_CHECK(!strcmp(label->source, "container"));
		FUZZ_CHECK(*label->key && !strchr(label->key, '='));
	}
}

static void read_container(const char *text, size_t length)
{
	_cleanup_docker_state_ struct pg_docker_state state = { 0 };
	_cleanup_endpoints_ struct pg_endpoints endpoints = { 0 };
	_cleanup_diags_ struct pg_diags diags = { 0 };
	struct pg_docker_container *container = pg_array_add(&state.containers);
	int r;

	FUZZ_CHECK(container);
	r = pg_docker_parse_container(text, length, pg_ignored_labels_default, &diags, container);
	check_diags(&diags, r, -EBADMSG);
	if (r < 0)
		return;
	r = pg_docker_parse_networks(networks, strlen(networks), &diags, &state);
	r = r ?: pg_docker_endpoints(&state, &diags, &endpoints);
	FUZZ_CHECK(r == 0);
	pg_array_foreach(endpoint, &endpoints.list)
		check_endpoint(endpoint);
	r = pg_endpoints_finish(&endpoints, &diags);
	check_diags(&diags, r, -EINVAL);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *text = (const char *)data;

	read_version(text, size);
	read_list(text, size);
	read_networks(text, size);
	read_container(text, size);
	free(pg_docker_parse_message(text, size));
	return 0;
}
