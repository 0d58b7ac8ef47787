// SPDX-License-Identifier: GPL-2.0-only
/*
 * A matrix as JSON:
 *
 *	{
 *	  "title": "iptables (nft)",
 *	  "endpoints": ["app1", "app2"],
 *	  "host": "host",
 *	  "ports": ["tcp/80", "icmp"],
 *	  "flows": [
 *	    { "from": "app1", "to": "app2", "port": "tcp/80", "result": "open" }
 *	  ]
 *	}
 *
 * "host" is the name that flows call the host by; without it the host takes no part.
 */
#include "frontend/decode/dispatch.h"
#include "frontend/lab/matrix_internal.h"
#include "frontend/quote.h"

static void put_string(struct pg_strbuf *buf, const char *text)
{
	pg_strbuf_add_json(buf, text, strlen(text));
}

static void put_endpoints(const struct pg_matrix *matrix, struct pg_strbuf *buf)
{
	size_t count = matrix->parties.count - matrix->has_host;

	pg_strbuf_puts(buf, "  \"endpoints\": [");
	for (size_t i = 0; i < count; i++) {
		pg_strbuf_puts(buf, i ? ", " : "");
		put_string(buf, matrix->parties.items[i]);
	}
	pg_strbuf_puts(buf, "],\n");
	if (!matrix->has_host)
		return;
	pg_strbuf_puts(buf, "  \"host\": ");
	put_string(buf, matrix->parties.items[count]);
	pg_strbuf_puts(buf, ",\n");
}

static void put_ports(const struct pg_matrix *matrix, struct pg_strbuf *buf)
{
	char text[PG_MATRIX_PORT_TEXT_MAX];

	pg_strbuf_puts(buf, "  \"ports\": [");
	for (size_t i = 0; i < matrix->ports.list.count; i++)
		pg_strbuf_printf(buf, "%s\"%s\"", i ? ", " : "",
				 pg_matrix_port_format(matrix->ports.list.items[i], text));
	pg_strbuf_puts(buf, "],\n");
}

static void put_flow(const struct pg_matrix *matrix, size_t from, size_t to, size_t port,
		     struct pg_strbuf *buf)
{
	char text[PG_MATRIX_PORT_TEXT_MAX];

	pg_strbuf_puts(buf, "    { \"from\": ");
	put_string(buf, matrix->parties.items[from]);
	pg_strbuf_puts(buf, ", \"to\": ");
	put_string(buf, matrix->parties.items[to]);
	pg_strbuf_printf(buf, ", \"port\": \"%s\", \"result\": \"%s\" }",
			 pg_matrix_port_format(matrix->ports.list.items[port], text),
			 pg_probe_result_name(*pg_matrix_at(matrix, from, to, port)));
}

void pg_matrix_to_json(const struct pg_matrix *matrix, struct pg_strbuf *buf)
{
	size_t parties = matrix->parties.count, ports = matrix->ports.list.count;
	bool first = true;

	pg_strbuf_puts(buf, "{\n  \"title\": ");
	put_string(buf, matrix->title);
	pg_strbuf_puts(buf, ",\n");
	put_endpoints(matrix, buf);
	put_ports(matrix, buf);
	pg_strbuf_puts(buf, "  \"flows\": [\n");
	for (size_t i = 0; i < parties * parties * ports; i++) {
		if (matrix->results[i] == PG_MATRIX_NONE)
			continue;
		pg_strbuf_puts(buf, first ? "" : ",\n");
		put_flow(matrix, i / ports / parties, i / ports % parties, i % ports, buf);
		first = false;
	}
	pg_strbuf_puts(buf, "\n  ]\n}\n");
}

/* What is read before the flows can be. */
struct reading {
	struct pg_matrix matrix;
	char *host;
	const struct pg_json_value *flows;
};

static int add_party(struct pg_decoder *decoder, const struct pg_json_value *value,
		     struct pg_matrix *matrix)
{
	if (pg_matrix_find_party(matrix, value->string) == SIZE_MAX)
		return pg_matrix_add_party(matrix, value->string);
	pg_error(decoder->diags, value->loc, "'%s' is there twice",
		 pg_quote(value->string, value->length).text);
	return 0;
}

/* `member` is a struct pg_matrix. */
static int decode_party(struct pg_decoder *decoder, const struct pg_json_value *value, void *member)
{
	return add_party(decoder, value, member);
}

static int decode_parties(struct pg_decoder *decoder, const struct pg_json_value *value,
			  void *member)
{
	return pg_decode_elements(decoder, value, PG_STRING, decode_party, member);
}

/* `member` is a struct pg_matrix_ports. */
static int decode_port(struct pg_decoder *decoder, const struct pg_json_value *value, void *member)
{
	struct pg_matrix_port port;

	if (pg_matrix_port_parse(value->string, value->length, &port))
		pg_error(decoder->diags, value->loc, "bad port '%s'",
			 pg_quote(value->string, value->length).text);
	else if (pg_matrix_find_port(member, port) != SIZE_MAX)
		pg_error(decoder->diags, value->loc, "port '%s' is there twice", value->string);
	else
		return pg_matrix_add_port(member, port);
	return 0;
}

static int decode_ports(struct pg_decoder *decoder, const struct pg_json_value *value, void *member)
{
	return pg_decode_elements(decoder, value, PG_STRING, decode_port, member);
}

static const struct pg_field matrix_fields[] = {
	PG_FIELD("title", PG_STRING, pg_decode_string, offsetof(struct reading, matrix.title),
		 .required = true),
	PG_FIELD("endpoints", PG_ARRAY, decode_parties, offsetof(struct reading, matrix),
		 .required = true),
	PG_FIELD("host", PG_STRING, pg_decode_string, offsetof(struct reading, host)),
	PG_FIELD("ports", PG_ARRAY, decode_ports, offsetof(struct reading, matrix.ports),
		 .required = true),
	PG_FIELD("flows", PG_ARRAY, pg_decode_keep, offsetof(struct reading, flows),
		 .required = true),
};

struct flow {
	const struct pg_json_value *from, *to, *port, *result;
};

static const struct pg_field flow_fields[] = {
	PG_FIELD("from", PG_STRING, pg_decode_keep, offsetof(struct flow, from), .required = true),
	PG_FIELD("to", PG_STRING, pg_decode_keep, offsetof(struct flow, to), .required = true),
	PG_FIELD("port", PG_STRING, pg_decode_keep, offsetof(struct flow, port), .required = true),
	PG_FIELD("result", PG_STRING, pg_decode_keep, offsetof(struct flow, result),
		 .required = true),
};

static size_t find_party(struct pg_decoder *decoder, const struct pg_json_value *value,
			 const struct pg_matrix *matrix)
{
	size_t party = pg_matrix_find_party(matrix, value->string);

	if (party == SIZE_MAX)
		pg_error(decoder->diags, value->loc, "'%s' is no endpoint of this matrix",
			 pg_quote(value->string, value->length).text);
	return party;
}

static size_t find_port(struct pg_decoder *decoder, const struct pg_json_value *value,
			const struct pg_matrix *matrix)
{
	struct pg_matrix_port port;
	size_t number = SIZE_MAX;

	if (!pg_matrix_port_parse(value->string, value->length, &port))
		number = pg_matrix_find_port(&matrix->ports, port);
	if (number == SIZE_MAX)
		pg_error(decoder->diags, value->loc, "'%s' is no port of this matrix",
			 pg_quote(value->string, value->length).text);
	return number;
}

static uint8_t find_result(struct pg_decoder *decoder, const struct pg_json_value *value)
{
	const char *names[PG_PROBE_RESULTS];

	for (uint8_t i = 0; i < PG_PROBE_RESULTS; i++) {
		names[i] = pg_probe_result_name(i);
		if (!strcmp(names[i], value->string))
			return i;
	}
	pg_decode_unknown_word(decoder, value, "result", names, PG_COUNT(names));
	return PG_MATRIX_NONE;
}

/* `member` is a struct pg_matrix with parties and ports. */
static int decode_flow(struct pg_decoder *decoder, const struct pg_json_value *value, void *member)
{
	struct pg_matrix *matrix = member;
	struct flow flow = { 0 };
	size_t from, to, port;
	uint8_t result, *slot;
	int err = pg_decode_fields(decoder, value, flow_fields, PG_COUNT(flow_fields), &flow);

	if (err || !flow.from || !flow.to || !flow.port || !flow.result)
		return err;
	from = find_party(decoder, flow.from, matrix);
	to = find_party(decoder, flow.to, matrix);
	port = find_port(decoder, flow.port, matrix);
	result = find_result(decoder, flow.result);
	if (from == SIZE_MAX || to == SIZE_MAX || port == SIZE_MAX)
		return 0;
	slot = pg_matrix_at(matrix, from, to, port);
	if (*slot != PG_MATRIX_NONE)
		pg_error(decoder->diags, value->loc, "this flow is there twice");
	*slot = result;
	return 0;
}

/* The host comes last; flows only once all that they name is known. */
static int finish(struct pg_decoder *decoder, const struct pg_json_value *root,
		  struct reading *reading)
{
	int err = 0;

	if (reading->host && pg_matrix_find_party(&reading->matrix, reading->host) != SIZE_MAX) {
		pg_error(decoder->diags, root->loc, "the host's name is an endpoint's, too");
		return 0;
	}
	if (reading->host) {
		reading->matrix.has_host = true;
		err = pg_matrix_add_party(&reading->matrix, reading->host);
	}
	if (!err)
		err = pg_matrix_allocate(&reading->matrix);
	if (err == -E2BIG) {
		pg_error(decoder->diags, root->loc, "more than %u flows", PG_MATRIX_MAX);
		return 0;
	}
	return err ? err
		   : pg_decode_elements(decoder, reading->flows, PG_OBJECT, decode_flow,
					&reading->matrix);
}

static void reading_done(struct reading *reading)
{
	free(reading->host);
	pg_matrix_done(&reading->matrix);
}

int pg_matrix_from_json(const struct pg_sources *sources, uint32_t source, struct pg_diags *diags,
			struct pg_matrix *ret_matrix)
{
	_cleanup_json_ struct pg_json json = { 0 };
	PG_CLEANUP(reading_done) struct reading reading = { 0 };
	struct pg_decoder decoder = { .diags = diags };
	size_t errors = diags->errors;
	int err = pg_json_load(sources, source, diags, &json);

	if (!err && !pg_decode_expect(&decoder, json.values, PG_OBJECT, "a matrix"))
		return -EINVAL;
	if (!err)
		err = pg_decode_fields(&decoder, json.values, matrix_fields,
				       PG_COUNT(matrix_fields), &reading);
	if (!err && diags->errors == errors)
		err = finish(&decoder, json.values, &reading);
	if (!err && diags->errors != errors)
		err = -EINVAL;
	if (err)
		return err;
	*ret_matrix = reading.matrix;
	reading.matrix = (struct pg_matrix){ 0 };
	return 0;
}
