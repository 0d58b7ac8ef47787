// SPDX-License-Identifier: GPL-2.0-only
/* Which flow is to be explained: its ends, their addresses, and the rest. */
#include <strings.h>

#include "frontend/cli/explain.h"
#include "frontend/quote.h"
#include "frontend/suggest.h"

#define ECHO_REQUEST	8   /* RFC 792 */
#define ECHO_REQUEST_V6 128 /* RFC 4443 */

static int complain_endpoint(struct pg_input *input, const struct pg_explain_end *end)
{
	size_t count = input->endpoints.list.count;
	_cleanup_free_ const char **names = calloc(count + 1, sizeof(*names));
	const char *near;

	if (!names)
		return -ENOMEM;
	for (size_t i = 0; i < count; i++)
		names[i] = input->endpoints.list.items[i].name;
	near = pg_suggest(end->text, names, count);
	pg_error(&input->diags, PG_LOC_NONE, "--%s: no endpoint '%s'%s%s%s", end->option,
		 pg_quote(end->text, strlen(end->text)).text, near ? "; did you mean '" : "",
		 near ? pg_quote(near, strlen(near)).text : "", near ? "'?" : "");
	return -EINVAL;
}

/* An address of an endpoint's means that endpoint, as it does in a packet. */
static int find_owner(struct pg_explanation *explanation, struct pg_explain_end *end)
{
	struct pg_input *input = explanation->input;
	const struct pg_address *found;

	if (pg_addr_parse(end->text + strlen("ip:"), &end->address)) {
		pg_error(&input->diags, PG_LOC_NONE, "--%s: '%s' is no address", end->option,
			 pg_quote(end->text + 3, strlen(end->text + 3)).text);
		return -EINVAL;
	}
	found = pg_identities_find_addr(explanation->identities, &end->address);
	if (found && found->endpoint)
		end->endpoint = &input->endpoints.list.items[found->endpoint - 1];
	end->host = found && found->id.n == PG_IDENTITY_HOST.n;
	return 0;
}

static int find_end(struct pg_explanation *explanation, struct pg_explain_end *end)
{
	if (!strncmp(end->text, "ip:", strlen("ip:")))
		return find_owner(explanation, end);
	end->endpoint = pg_endpoints_find(&explanation->input->endpoints, end->text);
	end->host = !end->endpoint && !strcmp(end->text, "host");
	return end->endpoint || end->host ? 0 : complain_endpoint(explanation->input, end);
}

/* 0: not known. The host may have several; one is as good as another. */
static struct pg_addr address_of(const struct pg_explanation *explanation,
				 const struct pg_explain_end *end, uint8_t family)
{
	if (end->address.family)
		return end->address.family == family ? end->address : (struct pg_addr){ 0 };
	if (end->endpoint)
		return family == 4 ? end->endpoint->ipv4 : end->endpoint->ipv6;
	pg_array_foreach(addr, &explanation->input->endpoints.host_addrs) {
		if (addr->family == family)
			return *addr;
	}
	return (struct pg_addr){ 0 };
}

/* The only family that an end can have; 0: either. */
static uint8_t only_family(const struct pg_explanation *explanation,
			   const struct pg_explain_end *end)
{
	bool v4 = address_of(explanation, end, 4).family,
	     v6 = address_of(explanation, end, 6).family;

	return v4 == v6 ? 0 : v4 ? 4 : 6;
}

static uint8_t choose_family(const struct pg_explanation *explanation)
{
	const struct pg_options *options = explanation->options;
	uint8_t src = only_family(explanation, &explanation->ends[PG_EGRESS]);
	uint8_t dst = only_family(explanation, &explanation->ends[PG_INGRESS]);

	if (options->family)
		return options->family;
	if (options->proto_given && options->proto.n == PG_PROTO_ICMPV6.n)
		return 6;
	return src ? src : dst ? dst : 4;
}

/* The host's addresses may not be known; it is judged by who it is. */
static int set_party(struct pg_explanation *explanation, const struct pg_explain_end *end,
		     struct pg_party *party)
{
	const struct pg_identities *identities = explanation->identities;
	const struct pg_endpoint *first = explanation->input->endpoints.list.items;

	party->addr = address_of(explanation, end, explanation->family);
	if (end->endpoint)
		party->id = identities->endpoint_ids.items[end->endpoint - first];
	else if (end->host)
		party->id = PG_IDENTITY_HOST;
	else
		party->id = pg_identities_of_addr(identities, &end->address);
	if (party->addr.family || (end->host && !end->address.family))
		return 0;
	pg_error(&explanation->input->diags, PG_LOC_NONE, "--%s: '%s' has no IPv%u address",
		 end->option, pg_quote(end->text, strlen(end->text)).text, explanation->family);
	return -EINVAL;
}

/* ICMP between IPv6 addresses is ICMPv6: nobody sends the other one there. */
static pg_proto choose_proto(const struct pg_explanation *explanation)
{
	const struct pg_options *options = explanation->options;

	if (!options->proto_given)
		return PG_PROTO_TCP;
	if (options->proto.n == PG_PROTO_ICMP.n && explanation->family == 6)
		return PG_PROTO_ICMPV6;
	return options->proto;
}

static int set_proto(struct pg_explanation *explanation)
{
	const struct pg_options *options = explanation->options;
	struct pg_flow *flow = &explanation->flow;
	bool icmp;

	flow->proto = choose_proto(explanation);
	flow->dport = options->dport;
	icmp = flow->proto.n == PG_PROTO_ICMP.n || flow->proto.n == PG_PROTO_ICMPV6.n;
	if (icmp && !options->dport_given)
		flow->dport = explanation->family == 6 ? ECHO_REQUEST_V6 : ECHO_REQUEST;
	if (flow->proto.n == PG_PROTO_ICMPV6.n && explanation->family == 4) {
		pg_error(&explanation->input->diags, PG_LOC_NONE,
			 "--proto: there is no icmpv6 between IPv4 addresses");
		return -EINVAL;
	}
	if (icmp && flow->dport > UINT8_MAX) {
		pg_error(&explanation->input->diags, PG_LOC_NONE,
			 "--dport: message type %u is not in 0..255", flow->dport);
		return -EINVAL;
	}
	return 0;
}

static const char *skip_blanks(const char *text)
{
	return text + strspn(text, " \t");
}

/* "Name: value". Host is one like any other, and what rules call `host`. */
static int add_header(struct pg_explanation *explanation, const char *text)
{
	size_t length = strcspn(text, ":");
	struct pg_http_header *header = pg_array_add(&explanation->headers);

	if (!header)
		return -ENOMEM;
	*header = (struct pg_http_header){ strndup(text, length), skip_blanks(text + length + 1) };
	if (!header->name)
		return -ENOMEM;
	if (!strcasecmp(header->name, "host"))
		explanation->http.host = header->value;
	return 0;
}

static int set_http(struct pg_explanation *explanation)
{
	const struct pg_options *options = explanation->options;

	if (!options->method && !options->path && !options->headers.count)
		return 0;
	explanation->http.method = options->method ? options->method : "GET";
	explanation->http.path = options->path ? options->path : "/";
	pg_array_foreach(text, &options->headers) {
		if (add_header(explanation, *text))
			return -ENOMEM;
	}
	explanation->http.headers = explanation->headers.items;
	explanation->http.header_count = explanation->headers.count;
	explanation->flow.http = &explanation->http;
	return 0;
}

void pg_explain_flow_done(struct pg_explanation *explanation)
{
	pg_array_foreach(header, &explanation->headers)
		free((char *)header->name);
	free(explanation->headers.items);
}

int pg_explain_find_flow(struct pg_explanation *explanation)
{
	struct pg_explain_end *ends = explanation->ends;
	int err, dst_err;

	ends[PG_EGRESS] =
		(struct pg_explain_end){ .option = "from", .text = explanation->options->from };
	ends[PG_INGRESS] =
		(struct pg_explain_end){ .option = "to", .text = explanation->options->to };
	err = find_end(explanation, &ends[PG_EGRESS]);
	dst_err = find_end(explanation, &ends[PG_INGRESS]);
	if (err || dst_err)
		return err ? err : dst_err;
	explanation->family = choose_family(explanation);
	err = set_party(explanation, &ends[PG_EGRESS], &explanation->flow.src);
	dst_err = set_party(explanation, &ends[PG_INGRESS], &explanation->flow.dst);
	if (err || dst_err)
		return err ? err : dst_err;
	err = set_http(explanation);
	return err ? err : set_proto(explanation);
}

void pg_explain_format_flow(const struct pg_explanation *explanation, struct pg_strbuf *buf)
{
	const struct pg_options *options = explanation->options;
	const struct pg_flow *flow = &explanation->flow;
	bool icmp = flow->proto.n == PG_PROTO_ICMP.n || flow->proto.n == PG_PROTO_ICMPV6.n;

	pg_strbuf_add_escaped(buf, options->from, strlen(options->from));
	pg_strbuf_puts(buf, " -> ");
	pg_strbuf_add_escaped(buf, options->to, strlen(options->to));
	pg_strbuf_printf(buf, icmp ? " %s type %u" : " %s/%u", pg_proto_name(flow->proto),
			 flow->dport);
	if (flow->http) {
		pg_strbuf_putc(buf, ' ');
		pg_strbuf_add_escaped(buf, flow->http->method, strlen(flow->http->method));
		pg_strbuf_putc(buf, ' ');
		pg_strbuf_add_escaped(buf, flow->http->path, strlen(flow->http->path));
	}
}
