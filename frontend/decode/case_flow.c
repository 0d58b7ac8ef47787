// SPDX-License-Identifier: GPL-2.0-only
/* Policy tests: the flows. */
#include "frontend/decode/case_part.h"
#include "frontend/decode/decode_part.h"
#include "frontend/quote.h"

#define PORT_MAX     65535
#define ECHO_REQUEST 8

/* A flow's fields before they are held against each other and the endpoints. */
struct flow_fields {
	const struct pg_json_value *src, *dst, *proto, *dport, *http, *expect;
};

#define MEMBER(name) offsetof(struct flow_fields, name)

static const struct pg_field flow_fields[] = {
	PG_FIELD("src", PG_STRING, pg_decode_keep, MEMBER(src), .required = true),
	PG_FIELD("dst", PG_STRING, pg_decode_keep, MEMBER(dst), .required = true),
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
	party->kind = !owner ? PG_PARTY_ADDRESS : owner->host ? PG_PARTY_HOST : PG_PARTY_ENDPOINT;
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
	static const char *const names[] = { "tcp", "udp", "sctp", "icmp" };
	pg_proto found;

	if (!value)
		return;
	if (pg_proto_parse(value->string, &found) < 0)
		pg_decode_unknown_word(decoder, value, "protocol", names, PG_COUNT(names));
	else if (found.n == PG_PROTO_ICMPV6.n)
		pg_error(decoder->diags, value->loc, "unsupported feature: protocol 'icmpv6'");
	else
		*proto = found;
}

/* Only the echo request can be sent and answered, so it's what an ICMP flow is. */
static void decode_dport(struct pg_decoder *decoder, const struct pg_json_value *flow_value,
			 const struct pg_json_value *value, struct pg_case_flow *flow)
{
	bool icmp = flow->proto.n == PG_PROTO_ICMP.n;

	if (icmp)
		flow->dport = ECHO_REQUEST;
	if (!value && !icmp && !pg_json_member(flow_value, "dport")) {
		pg_error(decoder->diags, pg_json_opening(flow_value), "missing field 'dport'");
	} else if (value && icmp && value->integer != ECHO_REQUEST) {
		pg_error(decoder->diags, value->loc,
			 "an icmp flow is an echo request: 'dport' is 8 or absent");
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
