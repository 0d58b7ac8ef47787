// SPDX-License-Identifier: GPL-2.0-only
/* Objects as text: one line an entry, or JSON with one object an entry. */
#include "backends/ebpf/bpf/abi.h"
#include "backends/ebpf/ebpf.h"
#include "compat/strbuf.h"

static void add_text(struct pg_strbuf *buf, const char *bytes, size_t length, bool json)
{
	if (json)
		pg_strbuf_add_json(buf, bytes, length);
	else
		pg_strbuf_add_escaped(buf, bytes, length);
}

/* `, "name": ` or ` name=`. */
static void name(struct pg_strbuf *buf, const char *text, bool json)
{
	if (json)
		pg_strbuf_printf(buf, ", \"%s\": ", text);
	else
		pg_strbuf_printf(buf, " %s=", text);
}

static void member_word(struct pg_strbuf *buf, const char *key, const char *text, bool json)
{
	name(buf, key, json);
	add_text(buf, text, strlen(text), json);
}

/* In text a word that needs no name. */
static void bare_text(struct pg_strbuf *buf, const char *key, const char *text, size_t length,
		      bool json)
{
	if (json)
		name(buf, key, json);
	else
		pg_strbuf_putc(buf, ' ');
	add_text(buf, text, length, json);
}

static void bare_word(struct pg_strbuf *buf, const char *key, const char *text, bool json)
{
	bare_text(buf, key, text, strlen(text), json);
}

static void member_number(struct pg_strbuf *buf, const char *key, unsigned long number, bool json)
{
	name(buf, key, json);
	pg_strbuf_printf(buf, "%lu", number);
}

static void member_addr(struct pg_strbuf *buf, const char *key, const struct pg_addr *addr,
			bool json)
{
	char text[PG_ADDR_TEXT_MAX];

	if (addr->family)
		member_word(buf, key, pg_addr_format(addr, text), json);
}

static void member_bool(struct pg_strbuf *buf, const char *key, bool value, bool json)
{
	if (json)
		pg_strbuf_printf(buf, ", \"%s\": %s", key, value ? "true" : "false");
	else if (value)
		pg_strbuf_printf(buf, " %s", key);
}

static void render_address(struct pg_strbuf *buf, const struct pg_map_entry_address *address,
			   bool json)
{
	char text[PG_PREFIX_TEXT_MAX];

	bare_word(buf, "prefix", pg_prefix_format(&address->prefix, text), json);
	member_number(buf, "identity", address->id.n, json);
	member_bool(buf, "local", address->local, json);
}

static void render_endpoint(struct pg_strbuf *buf, const struct pg_map_entry_endpoint *endpoint,
			    bool json)
{
	bool unknown = endpoint->name_length && endpoint->name[0] == '/';

	bare_text(buf, unknown ? "name" : "interface", endpoint->name + unknown,
		  endpoint->name_length - unknown, json);
	member_number(buf, "identity", endpoint->id.n, json);
	member_addr(buf, "ipv4", &endpoint->ipv4, json);
	member_addr(buf, "ipv6", &endpoint->ipv6, json);
	if (!endpoint->attached)
		member_bool(buf, "detached", true, json);
}

static void render_uplink(struct pg_strbuf *buf, const struct pg_map_entry_uplink *uplink,
			  bool json)
{
	bare_text(buf, "interface", uplink->name, uplink->name_length, json);
	if (!uplink->attached)
		member_bool(buf, "detached", true, json);
}

static void render_meta(struct pg_strbuf *buf, const struct pg_map_entry_meta *meta, bool json)
{
	char digest[2 * sizeof(meta->digest) + 1];

	for (size_t i = 0; i < sizeof(meta->digest); i++)
		snprintf(digest + 2 * i, 3, "%02x", meta->digest[i]);
	member_number(buf, "abi", PG_ABI_VERSION, json);
	member_word(buf, "host-policy", pg_host_policy_name(meta->host_policy), json);
	member_word(buf, "on-revoke", pg_on_revoke_name(meta->on_revoke), json);
	member_word(buf, "same-host", pg_same_host_name(meta->same_host), json);
	member_word(buf, "digest", digest, json);
}

static void render_proto(struct pg_strbuf *buf, pg_proto proto, bool json)
{
	const char *text = proto.n ? pg_proto_name(proto) : "every";
	char number[sizeof("255")];

	snprintf(number, sizeof(number), "%u", proto.n);
	bare_word(buf, "proto", text ? text : number, json);
}

static bool is_icmp(pg_proto proto)
{
	return proto.n == PG_PROTO_ICMP.n || proto.n == PG_PROTO_ICMPV6.n;
}

/* The block of ports that a policy entry covers; ICMP: types. "tcp/80", "tcp/1000-1003", "tcp". */
static void render_ports(struct pg_strbuf *buf, const struct pg_map_entry_policy *policy, bool json)
{
	unsigned int last = policy->port + (0xffffu >> policy->port_bits);

	if (policy->port_bits == 0)
		return;
	if (json)
		name(buf, is_icmp(policy->proto) ? "type" : "port", json);
	else
		pg_strbuf_putc(buf, '/');
	if (policy->port_bits == 16)
		pg_strbuf_printf(buf, "%u", policy->port);
	else
		pg_strbuf_printf(buf, json ? "\"%u-%u\"" : "%u-%u", policy->port, last);
}

static void render_policy(struct pg_strbuf *buf, const struct pg_map_entry_policy *policy,
			  bool json)
{
	member_number(buf, "subject", policy->subject.n, json);
	bare_word(buf, "direction", pg_direction_name(policy->direction), json);
	if (policy->peer.n)
		member_number(buf, "peer", policy->peer.n, json);
	else
		member_word(buf, "peer", "any", json);
	render_proto(buf, policy->proto, json);
	render_ports(buf, policy, json);
	bare_word(buf, "verdict", pg_verdict_name(policy->verdict), json);
	name(buf, "rule", json);
	add_text(buf, policy->rule, policy->rule_length, json);
}

static void render_subject(struct pg_strbuf *buf, const struct pg_map_entry_subject *subject,
			   bool json)
{
	member_number(buf, "identity", subject->id.n, json);
	for (int i = 0; i < PG_DIRECTIONS; i++)
		member_word(buf, pg_direction_name(i), subject->enforced[i] ? "closed" : "open",
			    json);
}

static const char *kind_name(enum pg_map_entry_kind kind)
{
	switch (kind) {
	case PG_ENTRY_ADDRESS:
		return "address";
	case PG_ENTRY_ENDPOINT:
		return "endpoint";
	case PG_ENTRY_META:
		return "meta";
	case PG_ENTRY_POLICY:
		return "policy";
	case PG_ENTRY_SUBJECT:
		return "subject";
	case PG_ENTRY_UPLINK:
		return "uplink";
	case PG_ENTRY_UNFINISHED:
		return "unfinished";
	}
	return "?";
}

static void render_members(struct pg_strbuf *buf, const struct pg_map_entry *entry, bool json)
{
	switch (entry->kind) {
	case PG_ENTRY_ADDRESS:
		return render_address(buf, &entry->address, json);
	case PG_ENTRY_ENDPOINT:
		return render_endpoint(buf, &entry->endpoint, json);
	case PG_ENTRY_META:
		return render_meta(buf, &entry->meta, json);
	case PG_ENTRY_POLICY:
		return render_policy(buf, &entry->policy, json);
	case PG_ENTRY_SUBJECT:
		return render_subject(buf, &entry->subject, json);
	case PG_ENTRY_UPLINK:
		return render_uplink(buf, &entry->uplink, json);
	case PG_ENTRY_UNFINISHED:
		return member_number(buf, "generation", entry->generation, json);
	}
}

static void render_entry(struct pg_strbuf *buf, const struct pg_map_entry *entry, bool json)
{
	pg_strbuf_printf(buf, json ? "  {\"map\": \"%s\"" : "%s", kind_name(entry->kind));
	render_members(buf, entry, json);
	pg_strbuf_puts(buf, json ? "}" : "\n");
}

int pg_ebpf_render(struct pg_backend_handle *handle, const struct pg_objects *objects,
		   enum pg_render_form form, struct pg_strbuf *buf)
{
	bool json = form == PG_RENDER_JSON;
	const char *separator = "[\n";

	(void)handle;
	pg_array_foreach(object, &objects->list) {
		struct pg_map_entry entry;
		int err = pg_map_entry_read(object, &entry);

		if (err)
			return err;
		if (json)
			pg_strbuf_puts(buf, separator);
		separator = ",\n";
		render_entry(buf, &entry, json);
	}
	if (json)
		pg_strbuf_puts(buf, objects->list.count ? "\n]\n" : "[]\n");
	return pg_strbuf_error(buf);
}
