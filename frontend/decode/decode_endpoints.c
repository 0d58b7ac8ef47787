// SPDX-License-Identifier: GPL-2.0-only
/* The endpoints file. */
#include <net/if.h>

#include "frontend/decode/decode_part.h"
#include "frontend/decode/document.h"
#include "frontend/quote.h"

/* `member` is a char *. */
static int decode_name(struct pg_decoder *decoder, const struct pg_json_value *value, void *member)
{
	if (value->length)
		return pg_decode_string(decoder, value, member);
	pg_error(decoder->diags, value->loc, "'%s' is empty", value->key);
	return 0;
}

/* What the kernel takes for one (dev_valid_name()). */
static int decode_interface(struct pg_decoder *decoder, const struct pg_json_value *value,
			    void *member)
{
	const char *name = value->string;

	if (value->length && value->length < IFNAMSIZ && strcmp(name, ".") && strcmp(name, "..") &&
	    !strpbrk(name, "/: \t\n\v\f\r"))
		return pg_decode_string(decoder, value, member);
	pg_error(decoder->diags, value->loc, "invalid interface name '%s'",
		 pg_quote(name, value->length).text);
	return 0;
}

/* Not "this host", loopback, multicast, or beyond; of IPv6 not :: to ::1, and not multicast. */
static bool is_unicast(const struct pg_addr *addr)
{
	static const uint8_t zeros[15];

	if (addr->family == 4)
		return addr->bytes[0] && addr->bytes[0] != 127 && addr->bytes[0] < 224;
	return addr->bytes[0] != 0xff &&
	       (memcmp(addr->bytes, zeros, sizeof(zeros)) != 0 || addr->bytes[15] > 1);
}

static int decode_address_of(struct pg_decoder *decoder, const struct pg_json_value *value,
			     struct pg_addr *addr, uint8_t family)
{
	struct pg_addr found;

	if (!pg_decode_address(decoder, value, &found))
		return 0;
	if (found.family != family)
		pg_error(decoder->diags, value->loc, "'%s' is not an IPv%u address", value->string,
			 family);
	else if (!is_unicast(&found))
		pg_error(decoder->diags, value->loc, "no endpoint can have the address '%s'",
			 value->string);
	else
		*addr = found;
	return 0;
}

/* `member` is a struct pg_addr. */
static int decode_ipv4(struct pg_decoder *decoder, const struct pg_json_value *value, void *member)
{
	return decode_address_of(decoder, value, member, 4);
}

static int decode_ipv6(struct pg_decoder *decoder, const struct pg_json_value *value, void *member)
{
	return decode_address_of(decoder, value, member, 6);
}

static int decode_labels(struct pg_decoder *decoder, const struct pg_json_value *value,
			 void *member)
{
	int r = pg_decode_elements(decoder, value, PG_STRING, pg_decode_label_string, member);

	if (r < 0)
		return r;
	pg_labels_sort(member);
	return 0;
}

#define MEMBER(name) offsetof(struct pg_endpoint, name)

static const struct pg_field endpoint_fields[] = {
	PG_FIELD("name", PG_STRING, decode_name, MEMBER(name), .required = true),
	PG_FIELD("labels", PG_ARRAY, decode_labels, MEMBER(labels), .required = true),
	PG_FIELD("ipv4", PG_STRING, decode_ipv4, MEMBER(ipv4), .essential = true),
	PG_FIELD("ipv6", PG_STRING, decode_ipv6, MEMBER(ipv6), .essential = true),
	PG_FIELD("interface", PG_STRING, decode_interface, MEMBER(interface)),
	PG_FIELD("network", PG_STRING, decode_name, MEMBER(network)),
	PG_FIELD("netns", PG_STRING, decode_name, MEMBER(netns)),
	PG_FIELD("container", PG_STRING, decode_name, MEMBER(container)),
	PG_FIELD("node", PG_STRING, decode_name, MEMBER(node)),
};

/* `member` is a struct pg_endpoints. */
static int decode_endpoint(struct pg_decoder *decoder, const struct pg_json_value *value,
			   void *member)
{
	struct pg_endpoints *endpoints = member;
	struct pg_endpoint *endpoint;
	int r;

	if (endpoints->list.count >= PG_ENDPOINTS_MAX) {
		pg_error(decoder->diags, value->loc, "more than %d endpoints", PG_ENDPOINTS_MAX);
		return 0;
	}
	endpoint = pg_array_add(&endpoints->list);
	if (!endpoint)
		return -ENOMEM;
	endpoint->loc = value->loc;
	r = pg_decode_fields(decoder, value, endpoint_fields, PG_COUNT(endpoint_fields), endpoint);
	if (r >= 0 && endpoint->node && (endpoint->interface || endpoint->netns))
		pg_error(decoder->diags, value->loc,
			 "an endpoint of another node has no interface and no netns here");
	return r;
}

static int decode_endpoint_list(struct pg_decoder *decoder, const struct pg_json_value *value,
				void *member)
{
	return pg_decode_elements(decoder, value, PG_OBJECT, decode_endpoint, member);
}

struct node {
	const struct pg_json_value *addresses;
};

static const struct pg_field node_fields[] = {
	PG_FIELD("addresses", PG_ARRAY, pg_decode_keep, offsetof(struct node, addresses),
		 .essential = true),
};

static int decode_node(struct pg_decoder *decoder, const struct pg_json_value *value,
		       pg_field_fn *decode, struct pg_endpoints *endpoints)
{
	struct node node = { 0 };
	int r = pg_decode_fields(decoder, value, node_fields, PG_COUNT(node_fields), &node);

	if (r < 0 || !node.addresses)
		return r;
	return pg_decode_elements(decoder, node.addresses, PG_STRING, decode, endpoints);
}

static int decode_host(struct pg_decoder *decoder, const struct pg_json_value *value, void *member)
{
	struct pg_endpoints *endpoints = member;

	endpoints->host_known = true;
	return decode_node(decoder, value, pg_decode_host_address, member);
}

static int decode_remote_address(struct pg_decoder *decoder, const struct pg_json_value *value,
				 void *member)
{
	struct pg_endpoints *endpoints = member;
	struct pg_addr addr, *added;

	if (!pg_decode_address(decoder, value, &addr))
		return 0;
	added = pg_array_add(&endpoints->remote_node_addrs);
	if (!added)
		return -ENOMEM;
	*added = addr;
	return 0;
}

static int decode_remote_nodes(struct pg_decoder *decoder, const struct pg_json_value *value,
			       void *member)
{
	return decode_node(decoder, value, decode_remote_address, member);
}

static const struct pg_field file_fields[] = {
	PG_FIELD("endpoints", PG_ARRAY, decode_endpoint_list, 0, .required = true),
	PG_FIELD("host", PG_OBJECT, decode_host, 0, .essential = true),
	PG_FIELD("remoteNodes", PG_OBJECT, decode_remote_nodes, 0, .essential = true),
};

int pg_decode_endpoints(const struct pg_sources *sources, uint32_t source,
			const struct pg_decode_options *options, struct pg_diags *diags,
			struct pg_endpoints *endpoints)
{
	struct pg_decoder decoder = { .diags = diags, .lenient = options->lenient };
	_cleanup_json_ struct pg_json json = { 0 };
	size_t errors = diags->errors;
	int r = pg_document_load(sources, source, diags, &json);

	if (r < 0)
		return r;
	if (pg_decode_expect(&decoder, json.values, PG_OBJECT, "an endpoints file"))
		r = pg_decode_fields(&decoder, json.values, file_fields, PG_COUNT(file_fields),
				     endpoints);
	if (r < 0)
		return r;
	return diags->errors > errors ? -EINVAL : 0;
}
