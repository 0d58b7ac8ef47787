// SPDX-License-Identifier: GPL-2.0-only
#include "bench/ab_policy.h"

#include "bench/ab_traffic.h"
#include "frontend/decode/decode.h"

void ab_policy_done(struct ab_policy *policy)
{
	pg_policy_done(&policy->policy);
	pg_endpoints_done(&policy->endpoints);
	pg_sources_done(&policy->sources);
}

static void write_endpoints(struct pg_strbuf *text)
{
	pg_strbuf_puts(text, "{\"host\": {\"addresses\": [\"10.0.192.1\"]}, \"endpoints\": [\n"
			     "{\"name\": \"client\", \"labels\": [\"container:app=client\"],"
			     " \"ipv4\": \"10.0.192.2\"},\n"
			     "{\"name\": \"server\", \"labels\": [\"container:app=server\"],"
			     " \"ipv4\": \"" AB_SERVER_ADDRESS "\"}");
	for (unsigned i = 0; i < AB_OTHERS; i++)
		pg_strbuf_printf(
			text,
			",\n{\"name\": \"some%02u\", \"labels\": [\"container:app=some%u\"],"
			" \"ipv4\": \"10.0.192.%u\"}",
			i, i, i + 4);
	pg_strbuf_puts(text, "]}\n");
}

static void write_rule(struct pg_strbuf *text, const char *peer, const char *ports)
{
	pg_strbuf_printf(
		text,
		"{\"endpointSelector\": {\"matchLabels\": {\"app\": \"server\"}},"
		" \"ingress\": [{\"fromEndpoints\": [{\"matchLabels\": {\"app\": \"%s\"}}],"
		" \"toPorts\": [{\"ports\": [%s]}]}]}",
		peer, ports);
}

/* Every other port, so that no two rules can be taken together as a range. */
static void write_other(struct pg_strbuf *text, size_t i)
{
	char peer[32], port[64];

	snprintf(peer, sizeof(peer), "some%zu", i % AB_OTHERS);
	snprintf(port, sizeof(port), "{\"port\": \"%zu\", \"protocol\": \"%s\"}",
		 6001 + 2 * (i / AB_OTHERS / 2), i / AB_OTHERS % 2 ? "UDP" : "TCP");
	write_rule(text, peer, port);
	pg_strbuf_puts(text, ",\n");
}

static void write_policy(struct pg_strbuf *text, size_t count)
{
	char ports[128];

	pg_strbuf_putc(text, '[');
	for (size_t i = 0; i + 1 < count; i++)
		write_other(text, i);
	snprintf(
		ports, sizeof(ports),
		"{\"port\": \"%u\", \"protocol\": \"TCP\"}, {\"port\": \"%u\", \"protocol\": \"UDP\"}",
		AB_PORT, AB_PORT);
	write_rule(text, "client", ports);
	pg_strbuf_puts(text, "]\n");
}

static int add_source(struct pg_sources *sources, const char *name, const struct pg_strbuf *text,
		      uint32_t *ret_source)
{
	int err = pg_strbuf_error(text);

	return err ?: pg_sources_add(sources, name, text->text, text->length, ret_source);
}

int ab_policy_make(size_t count, struct pg_diags *diags, struct ab_policy *ret_policy)
{
	_cleanup_strbuf_ struct pg_strbuf endpoints = { 0 }, rules = { 0 };
	_cleanup_ab_policy_ struct ab_policy policy = { 0 };
	struct pg_decode_options options = { 0 };
	uint32_t source;
	int err;

	write_endpoints(&endpoints);
	write_policy(&rules, count);
	err = add_source(&policy.sources, "endpoints", &endpoints, &source);
	err = err
		      ?: pg_decode_endpoints(&policy.sources, source, &options, diags,
					     &policy.endpoints);
	err = err ?: pg_endpoints_finish(&policy.endpoints, diags);
	err = err ?: add_source(&policy.sources, "policy", &rules, &source);
	err = err ?: pg_decode_policy(&policy.sources, source, &options, diags, &policy.policy);
	if (err)
		return err;
	*ret_policy = policy;
	policy = (struct ab_policy){ 0 };
	return 0;
}
