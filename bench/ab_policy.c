// SPDX-License-Identifier: GPL-2.0-only
#include "bench/ab_policy.h"

#include "bench/ab_traffic.h"
#include "frontend/decode/decode.h"

#define RULES_A_SOURCE 100000

void ab_policy_done(struct ab_policy *policy)
{
	pg_policy_done(&policy->policy);
	pg_endpoints_done(&policy->endpoints);
	pg_sources_done(&policy->sources);
}

/* The i-th of all, the client first. */
static void write_endpoint(struct pg_strbuf *text, const char *name, unsigned i, bool ipv6)
{
	pg_strbuf_printf(text,
			 "%s{\"name\": \"%s\", \"labels\": [\"container:app=%s\"],"
			 " \"ipv4\": \"10.0.192.%u\"",
			 i ? ",\n" : "", name, name, i + 2);
	if (ipv6)
		pg_strbuf_printf(text, ", \"ipv6\": \"fd00:80::%x\"", i + 2);
	pg_strbuf_putc(text, '}');
}

static void write_endpoints(struct pg_strbuf *text, bool ipv6)
{
	pg_strbuf_printf(text, "{\"host\": {\"addresses\": [\"10.0.192.1\"%s]}, \"endpoints\": [\n",
			 ipv6 ? ", \"fd00:80::1\"" : "");
	write_endpoint(text, "client", 0, ipv6);
	write_endpoint(text, "server", 1, ipv6);
	for (unsigned i = 0; i < AB_OTHERS; i++) {
		char name[16];

		snprintf(name, sizeof(name), "some%02u", i);
		write_endpoint(text, name, i + 2, ipv6);
	}
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

	snprintf(peer, sizeof(peer), "some%02zu", i % AB_OTHERS);
	snprintf(port, sizeof(port), "{\"port\": \"%u\", \"protocol\": \"%s\"}", ab_policy_port(i),
		 ab_policy_is_udp(i) ? "UDP" : "TCP");
	write_rule(text, peer, port);
}

static void write_last(struct pg_strbuf *text)
{
	char ports[128];

	snprintf(
		ports, sizeof(ports),
		"{\"port\": \"%u\", \"protocol\": \"TCP\"}, {\"port\": \"%u\", \"protocol\": \"UDP\"}",
		AB_PORT, AB_PORT);
	write_rule(text, "client", ports);
}

static int add_source(struct pg_sources *sources, const char *name, const struct pg_strbuf *text,
		      uint32_t *ret_source)
{
	int err = pg_strbuf_error(text);

	return err ?: pg_sources_add(sources, name, text->text, text->length, ret_source);
}

/* Decodes rules begin .. end - 1 of `count`: a source has its limit. */
static int add_rules(struct ab_policy *policy, size_t begin, size_t end, size_t count,
		     struct pg_diags *diags)
{
	_cleanup_strbuf_ struct pg_strbuf text = { 0 };
	struct pg_decode_options options = { 0 };
	char name[32];
	uint32_t source;
	int err;

	for (size_t i = begin; i < end; i++) {
		pg_strbuf_puts(&text, i > begin ? ",\n" : "[");
		if (i + 1 < count)
			write_other(&text, i);
		else
			write_last(&text);
	}
	pg_strbuf_puts(&text, "]\n");
	snprintf(name, sizeof(name), "policy%zu", begin / RULES_A_SOURCE);
	err = add_source(&policy->sources, name, &text, &source);
	return err ?: pg_decode_policy(&policy->sources, source, &options, diags, &policy->policy);
}

int ab_policy_make(size_t count, bool ipv6, struct pg_diags *diags, struct ab_policy *ret_policy)
{
	_cleanup_strbuf_ struct pg_strbuf endpoints = { 0 };
	_cleanup_ab_policy_ struct ab_policy policy = { 0 };
	struct pg_decode_options options = { 0 };
	uint32_t source;
	int err;

	write_endpoints(&endpoints, ipv6);
	err = add_source(&policy.sources, "endpoints", &endpoints, &source);
	err = err
		      ?: pg_decode_endpoints(&policy.sources, source, &options, diags,
					     &policy.endpoints);
	err = err ?: pg_endpoints_finish(&policy.endpoints, diags);
	for (size_t i = 0; i < count && !err; i += RULES_A_SOURCE)
		err = add_rules(&policy, i, PG_MIN(count, i + RULES_A_SOURCE), count, diags);
	if (err)
		return err;
	*ret_policy = policy;
	policy = (struct ab_policy){ 0 };
	return 0;
}
