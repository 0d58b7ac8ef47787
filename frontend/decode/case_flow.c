// SPDX-License-Identifier: GPL-2.0-only
/* Policy tests: the flows. */
#include "frontend/decode/case_part.h"
#include "frontend/decode/decode_part.h"
#include "frontend/quote.h"

#define PORT_MAX       65535
#define ECHO_REQUEST   8
#define ECHO_REQUEST_6 128

/* A flow's fields before they are held against each other and the endpoints. */
struct flow_fields {
	const struct pg_json_value *src, *dst, *family, *proto, *dport, *http, *expect;
};

#define MEMBER(name) offsetof(struct flow_fields, name)

static const struct pg_field flow_fields[] = {
	PG_FIELD("src", PG_STRING, pg_decode_keep, MEMBER(src), .required = true),
	PG_FIELD("dst", PG_STRING, pg_decode_keep, MEMBER(dst), .required = true),
	PG_FIELD("family", PG_INTEGER, pg_decode_keep, MEMBER(family)),
	PG_FIELD("proto", PG_STRING, pg_decode_keep, MEMBER(proto), .required = true),
	PG_FIELD("dport", PG_INTEGER, pg_decode_keep, MEMBER(dport)),
	PG_FIELD("http", PG_OBJECT, pg_decode_keep, MEMBER(http)),
	PG_FIELD("expect", PG_STRING, pg_decode_keep, MEMBER(expect), .required = true),
};

/* "ip:ADDRESS". Whose address it is, if it is somebody's, is who is meant. */
static void decode_address_party(struct pg_decoder *decoder, const struct pg_json_value *value,
				 const struct pg_case_names *names, struct pg_case_party *party)
{
	const char *text = value->string + strlen("ip:");
	const struct pg_case_owner *owner;

	if (pg_addr_parse(text, &party->addr) < 0) {
		pg_error(decoder->diags, value->loc, "invalid address '%s'",
			 pg_quote(text, strlen(text)).text);
		return;
	}
	owner = pg_case_names_owner(names, &party->addr);
	party->kind = owner ? owner->kind : PG_PARTY_ADDRESS;
	party->endpoint = owner ? owner->endpoint : 0;
}

static int decode_party(struct pg_decoder *decoder, const struct pg_json_value *value,
			struct pg_case_names *names, struct pg_case_party *party)
{
	if (!value)
		return 0;
	party->text = strdup(value->string);
	if (!party->text)
		return -ENOMEM;
	if (!strncmp(value->string, "ip:", strlen("ip:")))
		decode_address_party(decoder, value, names, party);
	else if (pg_case_names_find(names, value->string, party) < 0)
		pg_case_names_report(names, decoder, value->loc, value->string);
	return 0;
}

static void decode_proto(struct pg_decoder *decoder, const struct pg_json_value *value,
			 pg_proto *proto)
{
	static const char *const names[] = { "tcp", "udp", "sctp", "icmp", "icmpv6" };

	if (value && pg_proto_parse(value->string, proto) < 0)
		pg_decode_unknown_word(decoder, value, "protocol", names, PG_COUNT(names));
}

/* Whether it was given an IPv6 address and no other. Names may be nobody's. */
static bool has_only_ipv6(struct pg_case *test, const struct pg_case_party *party)
{
	const struct pg_endpoint *endpoint = pg_case_party_endpoint(test, party);

	return endpoint && endpoint->ipv6.family && !endpoint->ipv4.family;
}

/* Of a flow that doesn't say: as its addresses are, else IPv4 unless an endpoint has none. */
static uint8_t choose_family(struct pg_case *test, const struct pg_case_flow *flow)
{
	if (flow->src.addr.family || flow->dst.addr.family)
		return PG_MAX(flow->src.addr.family, flow->dst.addr.family);
	if (flow->proto.n == PG_PROTO_ICMPV6.n || has_only_ipv6(test, &flow->src) ||
	    has_only_ipv6(test, &flow->dst))
		return 6;
	return 4;
}

static void check_family(struct pg_decoder *decoder, const struct pg_json_value *value,
			 const struct pg_case_party *party, uint8_t family)
{
	if (value && party->addr.family && party->addr.family != family)
		pg_error(decoder->diags, value->loc, "'%s' in an IPv%u flow",
			 pg_quote(value->string, value->length).text, family);
}

static void decode_family(struct pg_decoder *decoder, const struct flow_fields *fields,
			  struct pg_case *test, struct pg_case_flow *flow)
{
	const struct pg_json_value *value = fields->family;

	flow->family = choose_family(test, flow);
	if (value && value->integer != 4 && value->integer != 6)
		pg_error(decoder->diags, value->loc, "'family' is 4 or 6");
	else if (value)
		flow->family = (uint8_t)value->integer;
	check_family(decoder, fields->src, &flow->src, flow->family);
	check_family(decoder, fields->dst, &flow->dst, flow->family);
	if (flow->proto.n == PG_PROTO_ICMPV6.n && flow->family == 4)
		pg_error(decoder->diags, fields->proto->loc, "'icmpv6' in an IPv4 flow");
	if (flow->proto.n == PG_PROTO_ICMP.n && flow->family == 6)
		flow->proto = PG_PROTO_ICMPV6;
}

/* Only the echo request can be sent and answered, so it's what an ICMP flow is. */
static void decode_dport(struct pg_decoder *decoder, const struct pg_json_value *flow_value,
			 const struct pg_json_value *value, struct pg_case_flow *flow)
{
	uint16_t echo = flow->proto.n == PG_PROTO_ICMP.n     ? ECHO_REQUEST
			: flow->proto.n == PG_PROTO_ICMPV6.n ? ECHO_REQUEST_6
							     : 0;
	bool icmp = echo != 0;

	if (icmp)
		flow->dport = echo;
	if (!value && !icmp && !pg_json_member(flow_value, "dport")) {
		pg_error(decoder->diags, pg_json_opening(flow_value), "missing field 'dport'");
	} else if (value && icmp && value->integer != echo) {
		pg_error(decoder->diags, value->loc,
			 "an %s flow is an echo request: 'dport' is %u or absent",
			 pg_proto_name(flow->proto), echo);
	} else if (value && (value->integer < 0 || value->integer > PORT_MAX)) {
		pg_error(decoder->diags, value->loc, "port %lld is not in 0..%d",
			 (long long)value->integer, PORT_MAX);
	} else if (value) {
		flow->dport = (uint16_t)value->integer;
	}
}

static int decode_header(struct pg_decoder *decoder, const struct pg_json_value *value,
			 void *member)
{
	struct pg_case_http *http = member;
	struct pg_case_header *header = pg_array_add(&http->headers);

	if (!header)
		return -ENOMEM;
	header->name = strdup(value->key);
	return header->name ? pg_decode_string(decoder, value, &header->value) : -ENOMEM;
}

static int decode_headers(struct pg_decoder *decoder, const struct pg_json_value *value,
			  void *member)
{
	return pg_decode_members(decoder, value, PG_STRING, decode_header, member);
}

static const struct pg_field http_fields[] = {
	PG_FIELD("method", PG_STRING, pg_decode_string, offsetof(struct pg_case_http, method)),
	PG_FIELD("path", PG_STRING, pg_decode_string, offsetof(struct pg_case_http, path)),
	PG_FIELD("host", PG_STRING, pg_decode_string, offsetof(struct pg_case_http, host)),
	PG_FIELD("headers", PG_OBJECT, decode_headers, 0),
};

static int decode_http(struct pg_decoder *decoder, const struct pg_json_value *value,
		       struct pg_case_flow *flow)
{
	if (!value)
		return 0;
	if (flow->proto.n && flow->proto.n != PG_PROTO_TCP.n)
		pg_error(decoder->diags, value->key_loc, "'http' needs the protocol 'tcp'");
	flow->has_http = true;
	return pg_decode_fields(decoder, value, http_fields, PG_COUNT(http_fields), &flow->http);
}

static void decode_expect(struct pg_decoder *decoder, const struct pg_json_value *value,
			  struct pg_case_flow *flow)
{
	const char *names[PG_EXPECTATIONS];

	if (!value)
		return;
	for (size_t i = 0; i < PG_EXPECTATIONS; i++) {
		names[i] = pg_expectation_name((enum pg_expectation)i);
		if (strcmp(names[i], value->string))
			continue;
		flow->expect = (enum pg_expectation)i;
		if (flow->expect == PG_EXPECT_HTTP_403 && !flow->has_http)
			pg_error(decoder->diags, value->loc, "'http-403' needs a request: 'http'");
		return;
	}
	pg_decode_unknown_word(decoder, value, "expectation", names, PG_EXPECTATIONS);
}

/* `member` is a struct pg_case_names. */
static int decode_flow(struct pg_decoder *decoder, const struct pg_json_value *value, void *member)
{
	struct pg_case_names *names = member;
	struct pg_case_flow *flow = pg_array_add(&names->test->flows);
	struct flow_fields fields = { 0 };
	int r;

	if (!flow)
		return -ENOMEM;
	flow->loc = value->loc;
	r = pg_decode_fields(decoder, value, flow_fields, PG_COUNT(flow_fields), &fields);
	if (r == 0)
		r = decode_party(decoder, fields.src, names, &flow->src);
	if (r == 0)
		r = decode_party(decoder, fields.dst, names, &flow->dst);
	decode_proto(decoder, fields.proto, &flow->proto);
	decode_family(decoder, &fields, names->test, flow);
	if (flow->proto.n)
		decode_dport(decoder, value, fields.dport, flow);
	if (r == 0)
		r = decode_http(decoder, fields.http, flow);
	decode_expect(decoder, fields.expect, flow);
	return r;
}

int pg_decode_case_flows(struct pg_decoder *decoder, const struct pg_json_value *array,
			 struct pg_case_names *names)
{
	return pg_decode_elements(decoder, array, PG_OBJECT, decode_flow, names);
}
