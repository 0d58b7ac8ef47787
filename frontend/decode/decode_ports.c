// SPDX-License-Identifier: GPL-2.0-only
/* toPorts: ports and protocols, and the L7 rules on them. */
#include <strings.h>

#include "compat/errtext.h"
#include "frontend/decode/decode_part.h"
#include "frontend/decode/services.h"
#include "frontend/quote.h"

#define PORT_MAX 65535
#define TYPE_MAX 255

/* An element of toPorts. */
struct port_rule {
	const struct pg_json_value *ports, *rules;
};

static const struct pg_field port_rule_fields[] = {
	PG_FIELD("ports", PG_ARRAY, pg_decode_keep, offsetof(struct port_rule, ports)),
	PG_FIELD("rules", PG_OBJECT, pg_decode_keep, offsetof(struct port_rule, rules)),
	PG_UNSUPPORTED("listener"),
	PG_UNSUPPORTED("originatingTLS"),
	PG_UNSUPPORTED("serverNames"),
	PG_UNSUPPORTED("terminatingTLS"),
};

struct l7_rules {
	const struct pg_json_value *http;
};

static const struct pg_field l7_fields[] = {
	PG_FIELD("http", PG_ARRAY, pg_decode_keep, offsetof(struct l7_rules, http),
		 .alias = "HTTP"),
	PG_UNSUPPORTED("dns"),
	PG_UNSUPPORTED("kafka"),
	PG_UNSUPPORTED("l7"),
	PG_UNSUPPORTED("l7proto"),
};

/* An element of ports. */
struct port {
	const struct pg_json_value *port, *end, *protocol;
};

static const struct pg_field port_fields[] = {
	PG_FIELD("port", PG_STRING | PG_INTEGER, pg_decode_keep, offsetof(struct port, port),
		 .required = true),
	PG_FIELD("protocol", PG_STRING, pg_decode_keep, offsetof(struct port, protocol)),
	PG_FIELD("endPort", PG_INTEGER, pg_decode_keep, offsetof(struct port, end)),
};

/* What a port's protocols are: one, or the three that ANY stands for. */
struct protocols {
	pg_proto list[3];
	size_t count;
};

static const struct protocols any_protocol = {
	{ { 6 /* TCP */ }, { 17 /* UDP */ }, { 132 /* SCTP */ } },
	3,
};

/* Where the elements of one `ports` go, and what is the same for all of them. */
struct port_list {
	struct pg_entry *entry;
	uint32_t http; /* as in struct pg_l4 */
	struct pg_loc http_loc;
};

/* What `port` and `endPort` mean under some protocol. */
static const struct pg_number_kind port_kind = { "port", PORT_MAX };
const struct pg_number_kind pg_icmp_kind = { "ICMP type", TYPE_MAX };
const struct pg_number_kind pg_icmpv6_kind = { "ICMPv6 type", TYPE_MAX };

static const struct pg_number_kind *kind_of(const struct protocols *protocols)
{
	if (protocols->count == 1 && protocols->list[0].n == PG_PROTO_ICMP.n)
		return &pg_icmp_kind;
	if (protocols->count == 1 && protocols->list[0].n == PG_PROTO_ICMPV6.n)
		return &pg_icmpv6_kind;
	return &port_kind;
}

/* False, and an error: no such protocol. */
static bool find_protocols(struct pg_decoder *decoder, const struct pg_json_value *value,
			   struct protocols *ret_protocols)
{
	static const char *const names[] = { "TCP", "UDP", "SCTP", "ICMP", "ICMPv6", "ANY" };
	pg_proto proto;

	if (!value || !strcasecmp(value->string, "any")) {
		*ret_protocols = any_protocol;
		return true;
	}
	if (pg_proto_parse(value->string, &proto) < 0) {
		pg_decode_unknown_word(decoder, value, "protocol", names, PG_COUNT(names));
		return false;
	}
	*ret_protocols = (struct protocols){ { proto }, 1 };
	return true;
}

/* Digits only, and no leading zero: to some that is octal. -EINVAL; -ERANGE. */
static int parse_number(const char *text, uint16_t max, uint16_t *ret_number)
{
	size_t digits = strspn(text, "0123456789");
	unsigned long number;

	if (!digits || text[digits] || (text[0] == '0' && digits > 1))
		return -EINVAL;
	if (digits > strlen("65535"))
		return -ERANGE;
	number = strtoul(text, NULL, 10);
	if (number > max)
		return -ERANGE;
	*ret_number = (uint16_t)number;
	return 0;
}

static bool looks_like_a_name(const char *text)
{
	return strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_") ==
		       strlen(text) &&
	       strpbrk(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ");
}

static void report_number(struct pg_decoder *decoder, const struct pg_json_value *value,
			  const struct pg_number_kind *kind, int r)
{
	struct pg_quoted text = pg_quote(value->string, value->length);

	if (r == -ERANGE)
		pg_error(decoder->diags, value->loc, "%s '%s' is not in 0..%u", kind->noun,
			 text.text, kind->max);
	else
		pg_error(decoder->diags, value->loc, "invalid %s '%s'", kind->noun, text.text);
}

bool pg_decode_number(struct pg_decoder *decoder, const struct pg_json_value *value,
		      const struct pg_number_kind *kind, uint16_t *ret_number)
{
	if (value->kind == PG_JSON_STRING) {
		int r = parse_number(value->string, kind->max, ret_number);

		if (r < 0)
			report_number(decoder, value, kind, r);
		return r == 0;
	}
	if (value->integer < 0 || value->integer > kind->max) {
		pg_error(decoder->diags, value->loc, "%s %lld is not in 0..%u", kind->noun,
			 (long long)value->integer, kind->max);
		return false;
	}
	*ret_number = (uint16_t)value->integer;
	return true;
}

static void report_service(struct pg_decoder *decoder, const struct pg_json_value *value,
			   const struct pg_services *services)
{
	const char *meant = pg_services_suggest(services, value->string);
	struct pg_quoted name = pg_quote(value->string, value->length);

	if (meant)
		pg_error(decoder->diags, value->loc, "unknown service '%s'; did you mean '%s'?",
			 name.text, pg_quote(meant, strlen(meant)).text);
	else
		pg_error(decoder->diags, value->loc,
			 "unknown service '%s': it is not in " PG_SERVICES_PATH, name.text);
}

/* False, and an error: no such service, or no file to look it up in. */
static bool find_service(struct pg_decoder *decoder, const struct pg_json_value *value,
			 uint16_t *ret_port)
{
	_cleanup_services_ struct pg_services services = { 0 };
	const struct pg_service *service;
	int r = pg_services_load(PG_SERVICES_PATH, &services);

	if (r < 0) {
		pg_error(decoder->diags, value->loc,
			 "cannot look up service '%s': " PG_SERVICES_PATH ": %s",
			 pg_quote(value->string, value->length).text, PG_ERRTEXT(-r));
		return false;
	}
	service = pg_services_find(&services, value->string);
	if (service)
		*ret_port = service->port;
	else
		report_service(decoder, value, &services);
	return service;
}

bool pg_decode_port_number(struct pg_decoder *decoder, const struct pg_json_value *value,
			   uint16_t *ret_port)
{
	if (value->kind == PG_JSON_STRING && looks_like_a_name(value->string))
		return find_service(decoder, value, ret_port);
	return pg_decode_number(decoder, value, &port_kind, ret_port);
}

struct port_range {
	uint16_t first, last;
};

/* 0 is all ports; an end that lies before the start is as good as none. */
static bool find_range(struct pg_decoder *decoder, const struct port *port,
		       const struct pg_number_kind *kind, struct port_range *ret_range)
{
	uint16_t first = 0, end = 0;
	bool good = port->port;

	if (port->port && kind == &port_kind)
		good = pg_decode_port_number(decoder, port->port, &first);
	else if (port->port)
		good = pg_decode_number(decoder, port->port, kind, &first);
	good = (!port->end || pg_decode_number(decoder, port->end, kind, &end)) && good;
	if (!good)
		return false;
	ret_range->first = first;
	ret_range->last = first ? PG_MAX(first, end) : kind->max;
	return true;
}

/* HTTP is spoken over TCP, on a port that is named. As Cilium does, refuse to guess. */
static bool check_http(struct pg_decoder *decoder, const struct port_list *list, struct pg_loc loc,
		       const struct protocols *protocols, const struct port_range *range)
{
	const char *why = NULL;

	if (!list->http)
		return true;
	if (protocols->count != 1 || protocols->list[0].n != PG_PROTO_TCP.n)
		why = "HTTP rules need the protocol 'TCP'";
	else if (!range->first)
		why = "HTTP rules need a port, and not '0' for all of them";
	if (!why)
		return true;
	pg_error(decoder->diags, loc, "%s", why);
	pg_note(decoder->diags, list->http_loc, "the HTTP rules are here");
	return false;
}

static int add_l4(struct pg_entry *entry, const struct pg_l4 *l4)
{
	struct pg_l4 *added = pg_array_add(&entry->l4);

	if (!added)
		return -ENOMEM;
	*added = *l4;
	return 0;
}

/* Protocols without ports, which Cilium has for hosts. */
static bool is_portless(struct pg_decoder *decoder, const struct pg_json_value *value)
{
	static const char *const names[] = { "IGMP", "VRRP" };
	const struct pg_json_value *protocol = pg_json_member(value, "protocol");

	for (size_t i = 0; i < PG_COUNT(names); i++) {
		if (!protocol || protocol->kind != PG_JSON_STRING ||
		    strcasecmp(protocol->string, names[i]))
			continue;
		pg_decode_unsupported(decoder, protocol->loc, "protocol '%s'", names[i]);
		return true;
	}
	return false;
}

/* `member` is a struct port_list. */
static int decode_port(struct pg_decoder *decoder, const struct pg_json_value *value, void *member)
{
	const struct port_list *list = member;
	struct port port = { 0 };
	struct protocols protocols = { 0 };
	struct port_range range = { 0 };
	bool good;
	int r;

	if (is_portless(decoder, value))
		return 0;
	r = pg_decode_fields(decoder, value, port_fields, PG_COUNT(port_fields), &port);
	good = find_protocols(decoder, port.protocol, &protocols);
	good = r == 0 && find_range(decoder, &port, kind_of(&protocols), &range) && good;
	if (!good || !check_http(decoder, list, value->loc, &protocols, &range))
		return r;
	for (size_t i = 0; i < protocols.count && r == 0; i++) {
		struct pg_l4 l4 = {
			.proto = protocols.list[i],
			.first = range.first,
			.last = range.last,
			.http = list->http,
			.loc = value->loc,
		};

		r = add_l4(list->entry, &l4);
	}
	return r;
}

/* `member` is a struct pg_entry. */
static int decode_port_rule(struct pg_decoder *decoder, const struct pg_json_value *value,
			    void *member)
{
	struct pg_entry *entry = member;
	struct port_list list = { .entry = entry };
	struct port_rule rule = { 0 };
	struct l7_rules l7 = { 0 };
	int r = pg_decode_fields(decoder, value, port_rule_fields, PG_COUNT(port_rule_fields),
				 &rule);

	if (rule.rules && entry->deny) {
		pg_error(decoder->diags, rule.rules->key_loc,
			 "'rules' cannot be given where traffic is denied");
		rule.rules = NULL;
	}
	if (r == 0 && rule.rules)
		r = pg_decode_fields(decoder, rule.rules, l7_fields, PG_COUNT(l7_fields), &l7);
	if (r < 0)
		return r;
	if (l7.http && l7.http->count) {
		struct pg_http_list *http = pg_array_add(&entry->http_lists);

		if (!http)
			return -ENOMEM;
		list.http = (uint32_t)entry->http_lists.count;
		list.http_loc = l7.http->key_loc;
		r = pg_decode_http(decoder, l7.http, http);
	}
	if (r < 0 || !rule.ports)
		return r;
	return pg_decode_elements(decoder, rule.ports, PG_OBJECT, decode_port, &list);
}

/* An empty list restricts nothing, as in Cilium; elements without ports do, to nothing. */
int pg_decode_to_ports(struct pg_decoder *decoder, const struct pg_json_value *value, void *member)
{
	struct pg_entry *entry = member;

	if (value->count)
		entry->has_l4 = true;
	return pg_decode_elements(decoder, value, PG_OBJECT, decode_port_rule, entry);
}
