// SPDX-License-Identifier: GPL-2.0-only
/* Policy tests: the endpoints, and who is meant by a name. */
#include "frontend/decode/case_part.h"
#include "frontend/decode/decode_part.h"
#include "frontend/quote.h"
#include "frontend/suggest.h"

static bool is_host(const struct pg_labels *labels)
{
	pg_array_foreach(label, &labels->list) {
		if (!strcmp(label->source, "reserved") && !strcmp(label->key, "host"))
			return true;
	}
	return false;
}

/* Keeps the name only: what else the host is, polgen knows. */
static int add_host(struct pg_decoder *decoder, const struct pg_json_value *value,
		    struct pg_case *test)
{
	if (test->has_host) {
		pg_error(decoder->diags, value->key_loc,
			 "'%s' is the host, and so is '%s': there is only one",
			 pg_quote(value->key, value->key_length).text,
			 pg_quote(test->host_name, strlen(test->host_name)).text);
		return 0;
	}
	test->host_name = strdup(value->key);
	test->has_host = true;
	return test->host_name ? 0 : -ENOMEM;
}

static int add_endpoint(const struct pg_json_value *value, struct pg_labels *labels,
			struct pg_case *test)
{
	struct pg_endpoint *endpoint = pg_array_add(&test->endpoints.list);

	if (!endpoint)
		return -ENOMEM;
	endpoint->loc = value->key_loc;
	endpoint->labels = *labels;
	*labels = (struct pg_labels){ 0 };
	endpoint->name = strdup(value->key);
	return endpoint->name ? 0 : -ENOMEM;
}

/* A list of labels under the endpoint's name; `member` is a struct pg_case. */
static int decode_endpoint(struct pg_decoder *decoder, const struct pg_json_value *value,
			   void *member)
{
	_cleanup_labels_ struct pg_labels labels = { 0 };
	int r;

	if (!value->key_length || !strncmp(value->key, "ip:", strlen("ip:"))) {
		pg_error(decoder->diags, value->key_loc, "invalid endpoint name '%s'",
			 pg_quote(value->key, value->key_length).text);
		return 0;
	}
	r = pg_decode_elements(decoder, value, PG_STRING, pg_decode_label_string, &labels);
	if (r < 0)
		return r;
	pg_labels_sort(&labels);
	return is_host(&labels) ? add_host(decoder, value, member)
				: add_endpoint(value, &labels, member);
}

/* Names that start with '_' are not endpoints' but the format's. */
static int decode_member(struct pg_decoder *decoder, const struct pg_json_value *value,
			 void *member)
{
	struct pg_case *test = member;
	bool ips = !strcmp(value->key, "_ips"), host_ips = !strcmp(value->key, "_host_ips");

	if (value->key[0] == '_' && !ips && !host_ips) {
		pg_error(decoder->diags, value->key_loc,
			 "unknown field '%s'; '_ips' and '_host_ips' are known",
			 pg_quote(value->key, value->key_length).text);
		return 0;
	}
	if (!pg_decode_expect(decoder, value, ips ? PG_OBJECT : PG_ARRAY,
			      ips	 ? "'_ips'"
			      : host_ips ? "'_host_ips'"
					 : "an endpoint's list of labels"))
		return 0;
	if (ips)
		return 0;
	if (host_ips)
		return pg_decode_elements(decoder, value, PG_STRING, pg_decode_host_address,
					  &test->endpoints);
	return decode_endpoint(decoder, value, test);
}

static int compare_endpoints(const void *a, const void *b)
{
	const struct pg_endpoint *left = a, *right = b;

	return strcmp(left->name, right->name);
}

int pg_decode_case_endpoints(struct pg_decoder *decoder, const struct pg_json_value *object,
			     struct pg_case *test)
{
	int r = pg_decode_members(decoder, object, 0, decode_member, test);

	if (r < 0)
		return r;
	/* The order that pg_endpoints_finish() gives them: indexes of flows stay right. */
	if (test->endpoints.list.count)
		qsort(test->endpoints.list.items, test->endpoints.list.count,
		      sizeof(*test->endpoints.list.items), compare_endpoints);
	return 0;
}

/* One address of an endpoint's; `member` is a struct pg_endpoint. */
static int decode_own_address(struct pg_decoder *decoder, const struct pg_json_value *value,
			      void *member)
{
	struct pg_endpoint *endpoint = member;
	struct pg_addr addr, *own;

	if (!pg_decode_address(decoder, value, &addr))
		return 0;
	own = addr.family == 4 ? &endpoint->ipv4 : &endpoint->ipv6;
	if (own->family)
		pg_error(decoder->diags, value->loc, "a second IPv%u address of '%s'", addr.family,
			 pg_quote(endpoint->name, strlen(endpoint->name)).text);
	*own = addr;
	return 0;
}

/* Addresses under an endpoint's name; `member` is a struct pg_case_names. */
static int decode_ips(struct pg_decoder *decoder, const struct pg_json_value *value, void *member)
{
	struct pg_case_names *names = member;
	struct pg_endpoints *endpoints = &names->test->endpoints;
	struct pg_case_party party = { 0 };
	pg_field_fn *decode = decode_own_address;
	void *whose = endpoints;

	if (pg_case_names_find(names, value->key, &party) < 0) {
		pg_case_names_report(names, decoder, value->key_loc, value->key);
		return 0;
	}
	if (party.kind == PG_PARTY_HOST)
		decode = pg_decode_host_address;
	else
		whose = &endpoints->list.items[party.endpoint];
	return value->kind == PG_JSON_ARRAY
		       ? pg_decode_elements(decoder, value, PG_STRING, decode, whose)
		       : decode(decoder, value, whose);
}

int pg_decode_case_addresses(struct pg_decoder *decoder, const struct pg_json_value *object,
			     struct pg_case_names *names)
{
	const struct pg_json_value *ips = pg_json_member(object, "_ips");

	if (!ips || ips->kind != PG_JSON_OBJECT)
		return 0;
	return pg_decode_members(decoder, ips, PG_STRING | PG_ARRAY, decode_ips, names);
}

void pg_case_names_done(struct pg_case_names *names)
{
	free(names->names.items);
	free(names->owners.items);
	*names = (struct pg_case_names){ 0 };
}

static int add_name(struct pg_case_names *names, const char *name)
{
	const char **added = pg_array_add(&names->names);

	if (!added)
		return -ENOMEM;
	*added = name;
	return 0;
}

int pg_case_names_make(struct pg_case *test, struct pg_case_names *ret_names)
{
	_cleanup_case_names_ struct pg_case_names names = { .test = test };
	int r = test->host_name ? add_name(&names, test->host_name) : 0;

	pg_array_foreach(endpoint, &test->endpoints.list) {
		if (r == 0)
			r = add_name(&names, endpoint->name);
	}
	if (r < 0)
		return r;
	*ret_names = names;
	names = (struct pg_case_names){ 0 };
	return 0;
}

static int compare_owners(const void *a, const void *b)
{
	const struct pg_case_owner *left = a, *right = b;

	return pg_addr_compare(&left->addr, &right->addr);
}

static int add_owner(struct pg_case_names *names, const struct pg_addr *addr, bool host,
		     size_t endpoint)
{
	struct pg_case_owner *owner;

	if (!addr->family)
		return 0;
	owner = pg_array_add(&names->owners);
	if (!owner)
		return -ENOMEM;
	*owner = (struct pg_case_owner){ .addr = *addr, .host = host, .endpoint = endpoint };
	return 0;
}

int pg_case_names_add_addresses(struct pg_case_names *names)
{
	const struct pg_endpoints *endpoints = &names->test->endpoints;
	int r = 0;

	for (size_t i = 0; i < endpoints->list.count && r == 0; i++) {
		r = add_owner(names, &endpoints->list.items[i].ipv4, false, i);
		if (r == 0)
			r = add_owner(names, &endpoints->list.items[i].ipv6, false, i);
	}
	for (size_t i = 0; i < endpoints->host_addrs.count && r == 0; i++)
		r = add_owner(names, &endpoints->host_addrs.items[i], true, 0);
	if (r == 0 && names->owners.count)
		qsort(names->owners.items, names->owners.count, sizeof(*names->owners.items),
		      compare_owners);
	return r;
}

const struct pg_case_owner *pg_case_names_owner(const struct pg_case_names *names,
						const struct pg_addr *addr)
{
	struct pg_case_owner wanted = { .addr = *addr };

	if (!names->owners.count)
		return NULL;
	return bsearch(&wanted, names->owners.items, names->owners.count,
		       sizeof(*names->owners.items), compare_owners);
}

int pg_case_names_find(const struct pg_case_names *names, const char *name,
		       struct pg_case_party *party)
{
	const struct pg_endpoints *endpoints = &names->test->endpoints;
	const struct pg_endpoint *endpoint = pg_endpoints_find(endpoints, name);

	if (names->test->host_name && !strcmp(names->test->host_name, name)) {
		party->kind = PG_PARTY_HOST;
		return 0;
	}
	if (!endpoint)
		return -ENOENT;
	party->kind = PG_PARTY_ENDPOINT;
	party->endpoint = (size_t)(endpoint - endpoints->list.items);
	return 0;
}

void pg_case_names_report(struct pg_case_names *names, struct pg_decoder *decoder,
			  struct pg_loc loc, const char *name)
{
	struct pg_quoted text = pg_quote(name, strlen(name));
	const char *meant = NULL;

	if (names->suggested++ < PG_CASE_SUGGESTIONS)
		meant = pg_suggest(name, names->names.items, names->names.count);
	if (meant)
		pg_error(decoder->diags, loc, "unknown endpoint '%s'; did you mean '%s'?",
			 text.text, pg_quote(meant, strlen(meant)).text);
	else
		pg_error(decoder->diags, loc, "unknown endpoint '%s'", text.text);
}
