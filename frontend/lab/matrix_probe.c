// SPDX-License-Identifier: GPL-2.0-only
/* From endpoints to a matrix, by way of the prober. */
#include "compat/errtext.h"
#include "compat/netns.h"
#include "frontend/lab/matrix_internal.h"
#include "frontend/quote.h"

/* Nothing is known of what to expect, so all flows get the time of one retransmission of TCP's. */
#define LIMIT_MS 1300

#define WARNINGS_MAX 8

struct survey {
	const struct pg_endpoints *endpoints;
	const struct pg_matrix_options *options;
	struct pg_matrix matrix;
	int *netns; /* of each of `parties` */
	size_t parties;
	struct pg_probe *probes;
	size_t count;
};

static void survey_done(struct survey *survey)
{
	for (size_t i = 0; survey->netns && i < survey->parties; i++) {
		if (survey->netns[i] >= 0)
			close(survey->netns[i]);
	}
	free(survey->netns);
	free(survey->probes);
	pg_matrix_done(&survey->matrix);
}

static bool is_host(const struct survey *survey, size_t party)
{
	return party == survey->endpoints->list.count;
}

static int open_endpoint(const struct pg_endpoint *endpoint, struct pg_diags *diags, int *ret_netns)
{
	struct pg_quoted name = pg_quote(endpoint->name, strlen(endpoint->name));
	char text[PG_ERRTEXT_MAX];
	int err;

	if (!endpoint->netns) {
		pg_error(diags, endpoint->loc,
			 "endpoint '%s' has no network namespace to probe from", name.text);
		return -EINVAL;
	}
	err = pg_netns_open(endpoint->netns, ret_netns);
	if (err)
		pg_error(diags, endpoint->loc, "cannot open network namespace '%s' of '%s': %s",
			 pg_quote(endpoint->netns, strlen(endpoint->netns)).text, name.text,
			 err == -EINVAL ? "it is none" : pg_errtext(err, text));
	return err;
}

static int open_parties(struct survey *survey, struct pg_diags *diags)
{
	int result = 0;

	for (size_t i = 0; i < survey->parties; i++)
		survey->netns[i] = -1;
	for (size_t i = 0; i < survey->endpoints->list.count; i++) {
		int err =
			open_endpoint(&survey->endpoints->list.items[i], diags, &survey->netns[i]);

		result = result ? result : err;
	}
	if (!result && survey->matrix.has_host)
		result = pg_netns_self(&survey->netns[survey->endpoints->list.count]);
	return result;
}

/* "host", unless an endpoint is called that. */
static int add_parties(struct survey *survey)
{
	int err = 0;

	for (size_t i = 0; !err && i < survey->endpoints->list.count; i++)
		err = pg_matrix_add_party(&survey->matrix, survey->endpoints->list.items[i].name);
	survey->matrix.has_host = survey->options->from_host || survey->options->to_host;
	if (!err && survey->matrix.has_host)
		err = pg_matrix_add_party(&survey->matrix,
					  pg_endpoints_find(survey->endpoints, "host") ? "(host)"
										       : "host");
	return err;
}

static bool has_family(const struct pg_endpoints *endpoints, uint8_t family)
{
	pg_array_foreach(endpoint, &endpoints->list) {
		if (pg_endpoint_addr(endpoint, family)->family)
			return true;
	}
	return false;
}

static int add_port(struct survey *survey, struct pg_matrix_port port, uint8_t family)
{
	struct pg_matrix_ports *ports = &survey->matrix.ports;

	port.family = family;
	if (!has_family(survey->endpoints, family) || pg_matrix_find_port(ports, port) != SIZE_MAX)
		return 0;
	return pg_matrix_add_port(ports, port);
}

/* What is asked of IPv4 is asked of both. */
static int add_ports(struct survey *survey, const struct pg_matrix_ports *ports)
{
	int err = 0;

	pg_array_foreach(port, &ports->list) {
		if (!err && port->family == 4)
			err = add_port(survey, *port, 4);
		if (!err)
			err = add_port(survey, *port, 6);
	}
	return err;
}

static int set_up(struct survey *survey, const struct pg_matrix_ports *ports,
		  struct pg_diags *diags)
{
	int err = add_parties(survey);
	size_t parties = survey->matrix.parties.count;

	survey->parties = parties;
	survey->matrix.title = strdup(survey->options->title ? survey->options->title : "");
	if (!survey->matrix.title)
		return -ENOMEM;
	if (!err)
		err = add_ports(survey, ports);
	if (!err)
		err = pg_matrix_allocate(&survey->matrix);
	if (err == -E2BIG) {
		pg_error(diags, PG_LOC_NONE,
			 "too many flows to probe: %zu endpoints and %zu ports make more than %u",
			 parties, survey->matrix.ports.list.count, PG_MATRIX_MAX);
		return -EINVAL;
	}
	if (err)
		return err;
	survey->netns = calloc(parties + 1, sizeof(int));
	survey->probes = calloc(parties * parties * survey->matrix.ports.list.count + 1,
				sizeof(struct pg_probe));
	return survey->netns && survey->probes ? open_parties(survey, diags) : -ENOMEM;
}

/* Of family 0: the party has none. */
static struct pg_addr addr_of(const struct survey *survey, size_t party, uint8_t family)
{
	if (!is_host(survey, party))
		return *pg_endpoint_addr(&survey->endpoints->list.items[party], family);
	pg_array_foreach(addr, &survey->endpoints->host_addrs) {
		if (addr->family == family)
			return *addr;
	}
	return (struct pg_addr){ 0 };
}

static bool is_wanted(const struct survey *survey, size_t from, size_t to, size_t port)
{
	uint8_t family = survey->matrix.ports.list.items[port].family;

	if (from == to || (is_host(survey, from) && !survey->options->from_host) ||
	    (is_host(survey, to) && !survey->options->to_host))
		return false;
	return addr_of(survey, to, family).family &&
	       (is_host(survey, from) || addr_of(survey, from, family).family);
}

/* What the host sends from is the kernel's choice: it may have an address on every bridge. */
static struct pg_probe make_probe(const struct survey *survey, size_t from, size_t to, size_t port)
{
	struct pg_matrix_port what = survey->matrix.ports.list.items[port];
	bool icmpv6 = what.family == 6 && what.proto.n == PG_PROTO_ICMP.n;

	return (struct pg_probe){
		.src_netns = survey->netns[from],
		.dst_netns = survey->netns[to],
		.src = is_host(survey, from) ? (struct pg_addr){ 0 }
					     : addr_of(survey, from, what.family),
		.dst = addr_of(survey, to, what.family),
		.proto = icmpv6 ? PG_PROTO_ICMPV6 : what.proto,
		.dport = what.port,
		.expect_open = true,
	};
}

typedef void flow_fn(struct survey *survey, size_t from, size_t to, size_t port,
		     struct pg_diags *diags);

/* In the same order each time: the probes are in it. */
static void for_each_flow(struct survey *survey, flow_fn *fn, struct pg_diags *diags)
{
	size_t parties = survey->matrix.parties.count, ports = survey->matrix.ports.list.count;

	survey->count = 0;
	for (size_t from = 0; from < parties; from++) {
		for (size_t to = 0; to < parties; to++) {
			for (size_t port = 0; port < ports; port++) {
				if (is_wanted(survey, from, to, port))
					fn(survey, from, to, port, diags);
			}
		}
	}
}

static void ask(struct survey *survey, size_t from, size_t to, size_t port,
		PG_UNUSED struct pg_diags *diags)
{
	survey->probes[survey->count++] = make_probe(survey, from, to, port);
}

static void take(struct survey *survey, size_t from, size_t to, size_t port, struct pg_diags *diags)
{
	const struct pg_probe *probe = &survey->probes[survey->count++];
	const char *src = survey->matrix.parties.items[from],
		   *dst = survey->matrix.parties.items[to];
	char port_text[PG_MATRIX_PORT_TEXT_MAX], text[PG_ERRTEXT_MAX];

	*pg_matrix_at(&survey->matrix, from, to, port) = (uint8_t)probe->result;
	if (probe->result != PG_PROBE_UNKNOWN || diags->warnings >= WARNINGS_MAX)
		return;
	pg_warning(diags, PG_LOC_NONE, "cannot probe '%s' -> '%s' %s: %s",
		   pg_quote(src, strlen(src)).text, pg_quote(dst, strlen(dst)).text,
		   pg_matrix_port_format(survey->matrix.ports.list.items[port], port_text),
		   pg_errtext(probe->error, text));
}

int pg_matrix_probe(const struct pg_endpoints *endpoints, const struct pg_matrix_ports *ports,
		    const struct pg_matrix_options *options, struct pg_diags *diags,
		    struct pg_matrix *ret_matrix)
{
	PG_CLEANUP(survey_done)
	struct survey survey = {
		.endpoints = endpoints,
		.options = options,
	};
	struct pg_probe_options probe_options = { .limit_ms = LIMIT_MS };
	int err = set_up(&survey, ports, diags);

	if (err)
		return err;
	for_each_flow(&survey, ask, diags);
	err = pg_probe_run(survey.probes, survey.count, &probe_options, diags);
	if (err)
		return err;
	for_each_flow(&survey, take, diags);
	*ret_matrix = survey.matrix;
	survey.matrix = (struct pg_matrix){ 0 };
	return 0;
}
