// SPDX-License-Identifier: GPL-2.0-only
/* Policy tests: the endpoints, and the host and the outsiders, which stand among them. */
#include "frontend/decode/case_part.h"
#include "frontend/decode/decode_part.h"
#include "frontend/quote.h"

static bool is_reserved(const struct pg_labels *labels, const char *key)
{
	pg_array_foreach(label, &labels->list) {
		if (!strcmp(label->source, "reserved") && !strcmp(label->key, key))
			return true;
	}
	return false;
}

bool pg_case_is_remote_node(const struct pg_endpoint *outsider)
{
	return is_reserved(&outsider->labels, "remote-node");
}

/* Keeps the name only: what else the host is, polgen knows. A label more would look as if it counted. */
static int add_host(struct pg_decoder *decoder, const struct pg_json_value *value,
		    const struct pg_labels *labels, struct pg_case *test)
{
	if (labels->list.count > 1)
		pg_error(decoder->diags, value->key_loc,
			 "'%s' is the host: it can have no other label than 'reserved:host='",
			 pg_quote(value->key, value->key_length).text);
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
			struct pg_endpoints *endpoints)
{
	struct pg_endpoint *endpoint = pg_array_add(&endpoints->list);

	if (!endpoint)
		return -ENOMEM;
	endpoint->loc = value->key_loc;
	endpoint->labels = *labels;
	*labels = (struct pg_labels){ 0 };
	endpoint->name = strdup(value->key);
	return endpoint->name ? 0 : -ENOMEM;
}

/* What another node or the world is, polgen knows: a label more would look as if it counted. */
static int add_outsider(struct pg_decoder *decoder, const struct pg_json_value *value,
			struct pg_labels *labels, struct pg_case *test)
{
	if (labels->list.count > 1) {
		pg_error(decoder->diags, value->key_loc,
			 "'%s' is no endpoint of this host: it can have no other label than '%s'",
			 pg_quote(value->key, value->key_length).text,
			 is_reserved(labels, "world") ? "reserved:world="
						      : "reserved:remote-node=");
		return 0;
	}
	return add_endpoint(value, labels, &test->outsiders);
}

/* A list of labels under the endpoint's name; `member` is a struct pg_case. */
static int decode_endpoint(struct pg_decoder *decoder, const struct pg_json_value *value,
			   void *member)
{
	_cleanup_labels_ struct pg_labels labels = { 0 };
	struct pg_case *test = member;
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
	if (is_reserved(&labels, "remote-node") || is_reserved(&labels, "world"))
		return add_outsider(decoder, value, &labels, test);
	return is_reserved(&labels, "host") ? add_host(decoder, value, &labels, test)
					    : add_endpoint(value, &labels, &test->endpoints);
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

/* The order that pg_endpoints_finish() gives them: indexes of flows stay right. */
static void sort_endpoints(struct pg_endpoints *endpoints)
{
	if (endpoints->list.count)
		qsort(endpoints->list.items, endpoints->list.count, sizeof(*endpoints->list.items),
		      compare_endpoints);
}

int pg_decode_case_endpoints(struct pg_decoder *decoder, const struct pg_json_value *object,
			     struct pg_case *test)
{
	int r = pg_decode_members(decoder, object, 0, decode_member, test);

	if (r < 0)
		return r;
	sort_endpoints(&test->endpoints);
	sort_endpoints(&test->outsiders);
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
	struct pg_case_party party = { 0 };
	pg_field_fn *decode = decode_own_address;
	void *whose;

	if (pg_case_names_find(names, value->key, &party) < 0) {
		pg_case_names_report(names, decoder, value->key_loc, value->key);
		return 0;
	}
	whose = pg_case_party_endpoint(names->test, &party);
	if (!whose) {
		decode = pg_decode_host_address;
		whose = &names->test->endpoints;
	}
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
