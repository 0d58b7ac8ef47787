// SPDX-License-Identifier: GPL-2.0-only
/* polgen endpoints: what polgen sees. */
#include "frontend/cli/record.h"
#include "frontend/cli/verbs.h"
#include "frontend/quote.h"

static const char *format_address(const struct pg_addr *addr, char text[PG_ADDR_TEXT_MAX])
{
	return addr->family ? pg_addr_format(addr, text) : "-";
}

static bool any_ipv6(const struct pg_endpoints *endpoints)
{
	pg_array_foreach(endpoint, &endpoints->list) {
		if (endpoint->ipv6.family)
			return true;
	}
	return false;
}

static void print_table(const struct pg_endpoints *endpoints,
			const struct pg_identities *identities)
{
	int ipv6 = any_ipv6(endpoints) ? PG_IPV6_COLUMN : 0;

	printf("%-20s %-10s %-16s %-*s%-16s %s\n", "ENDPOINT", "IDENTITY", "IPV4", ipv6,
	       ipv6 ? "IPV6" : "", "INTERFACE", "LABELS");
	for (size_t i = 0; i < endpoints->list.count; i++) {
		const struct pg_endpoint *endpoint = &endpoints->list.items[i];
		_cleanup_strbuf_ struct pg_strbuf name = { 0 }, labels = { 0 }, interface = { 0 };
		const char *known = endpoint->interface ? endpoint->interface : "-";
		char text4[PG_ADDR_TEXT_MAX], text6[PG_ADDR_TEXT_MAX];

		pg_strbuf_add_escaped(&name, endpoint->name, strlen(endpoint->name));
		pg_strbuf_add_escaped(&interface, known, strlen(known));
		pg_strbuf_puts(&labels, "");
		pg_labels_format(&endpoint->labels, &labels);
		printf("%-20s %-10u %-16s ", name.text ? name.text : "?",
		       identities->endpoint_ids.items[i].n, format_address(&endpoint->ipv4, text4));
		if (ipv6)
			printf("%-*s ", ipv6 - 1, format_address(&endpoint->ipv6, text6));
		printf("%-16s %s\n", interface.text ? interface.text : "?",
		       labels.text ? labels.text : "");
	}
}

static void print_json(const struct pg_endpoints *endpoints, const struct pg_identities *identities)
{
	json_t *hosts = json_array();
	json_t *report;

	pg_array_foreach(addr, &endpoints->host_addrs) {
		char text[PG_ADDR_TEXT_MAX];

		json_array_append_new(hosts, json_string(pg_addr_format(addr, text)));
	}
	report = json_pack("{s:o, s:o, s:{s:o}}", "endpoints",
			   pg_endpoints_to_json(endpoints, identities), "identities",
			   pg_identities_to_json(identities), "host", "addresses", hosts);
	json_dumpf(report, stdout, JSON_INDENT(2));
	putchar('\n');
	json_decref(report);
}

/* `apply` refuses them. */
static void warn_of_missing(const struct pg_endpoints *endpoints, struct pg_diags *diags)
{
	pg_array_foreach(endpoint, &endpoints->list) {
		if (!endpoint->interface || endpoint->ifindex)
			continue;
		pg_warning(diags, endpoint->loc,
			   "endpoint '%s': no interface '%s' in this network namespace",
			   pg_quote(endpoint->name, strlen(endpoint->name)).text,
			   pg_quote(endpoint->interface, strlen(endpoint->interface)).text);
	}
}

static int show(const struct pg_options *options, struct pg_input *input)
{
	_cleanup_identities_ struct pg_identities identities = { 0 };
	int err = pg_input_endpoints(input, options, true);

	if (!err)
		err = pg_identities_make(&input->endpoints, &input->policy, &identities);
	if (err)
		return err;
	warn_of_missing(&input->endpoints, &input->diags);
	if (options->json)
		print_json(&input->endpoints, &identities);
	else
		print_table(&input->endpoints, &identities);
	return 0;
}

int pg_verb_endpoints(const struct pg_options *options)
{
	_cleanup_input_ struct pg_input input = { 0 };

	if (!options->endpoints)
		return pg_usage_error("'endpoints' needs --endpoints=docker or --endpoints=FILE");
	return pg_finish(&input, show(options, &input));
}
