// SPDX-License-Identifier: GPL-2.0-only
#include "tests/unit/policy/build.h"

static char *copy(const char *text, size_t length)
{
	char *copied = strndup(text, length);

	assert_non_null(copied);
	return copied;
}

static void build_values(struct pg_requirement *requirement, const char *text, size_t length)
{
	const char *at = text, *end = text + length;

	for (;;) {
		const char *bar = memchr(at, '|', (size_t)(end - at));
		char **value = pg_array_add(&requirement->values);

		assert_non_null(value);
		*value = copy(at, (size_t)((bar ?: end) - at));
		if (!bar)
			break;
		at = bar + 1;
	}
}

static void build_requirement(struct pg_selector *selector, const char *text, size_t length)
{
	struct pg_requirement *requirement = pg_array_add(&selector->requirements);
	bool absent = text[0] == '!';
	const char *at = text + absent, *end = text + length;
	const char *equals = memchr(at, '=', (size_t)(end - at));
	bool negated = equals && equals[-1] == '!';
	_cleanup_free_ char *key = copy(at, (size_t)((equals ?: end) - at - negated));

	assert_non_null(requirement);
	assert_int_equal(pg_selector_key_parse(key, &requirement->source, &requirement->key), 0);
	requirement->op = equals ? (negated ? PG_OP_NOT_IN : PG_OP_IN)
				 : (absent ? PG_OP_DOES_NOT_EXIST : PG_OP_EXISTS);
	if (equals)
		build_values(requirement, equals + 1, (size_t)(end - equals - 1));
}

void build_selector(struct pg_selector *selector, const char *text)
{
	while (*text) {
		size_t length = strcspn(text, ",");

		build_requirement(selector, text, length);
		text += length + (text[length] == ',');
	}
}

struct pg_rule *build_rule(struct pg_policy *policy, const char *subject, bool default_deny)
{
	struct pg_rule *rule = pg_array_add(&policy->rules);

	assert_non_null(rule);
	build_selector(&rule->subject, subject);
	rule->default_deny[PG_EGRESS] = rule->default_deny[PG_INGRESS] = default_deny;
	return rule;
}

struct pg_entry *build_entry(struct pg_rule *rule, enum pg_direction direction)
{
	struct pg_entry *entry = pg_array_add(&rule->entries);

	assert_non_null(entry);
	entry->direction = direction;
	return entry;
}

struct pg_entry *build_deny(struct pg_rule *rule, enum pg_direction direction)
{
	struct pg_entry *entry = build_entry(rule, direction);

	entry->deny = true;
	return entry;
}

void build_peer(struct pg_entry *entry, const char *selector)
{
	struct pg_selector *peer = pg_array_add(&entry->peers.endpoints);

	assert_non_null(peer);
	entry->peers.l3 = PG_L3_PEERS;
	build_selector(peer, selector);
}

void build_requires(struct pg_entry *entry, const char *selector)
{
	struct pg_selector *required = pg_array_add(&entry->peers.requires);

	assert_non_null(required);
	build_selector(required, selector);
}

void build_cidr(struct pg_entry *entry, const char *prefix, const char *excepts)
{
	struct pg_cidr *cidr = pg_array_add(&entry->peers.cidrs);
	const char *text = excepts ?: "";

	assert_non_null(cidr);
	entry->peers.l3 = PG_L3_PEERS;
	cidr->prefix = build_prefix(prefix);
	while (*text) {
		size_t length = strcspn(text, ",");
		_cleanup_free_ char *one = copy(text, length);
		struct pg_prefix *except = pg_array_add(&cidr->except);

		assert_non_null(except);
		*except = build_prefix(one);
		text += length + (text[length] == ',');
	}
}

void build_entities(struct pg_entry *entry, unsigned int entities)
{
	entry->peers.l3 = PG_L3_PEERS;
	entry->peers.entities |= entities;
}

void build_ports(struct pg_entry *entry, pg_proto proto, uint16_t first, uint16_t last)
{
	struct pg_l4 *l4 = pg_array_add(&entry->l4);

	assert_non_null(l4);
	entry->has_l4 = true;
	*l4 = (struct pg_l4){ .proto = proto, .first = first, .last = last };
}

void build_http(struct pg_entry *entry, pg_proto proto, uint16_t port, const char *path)
{
	struct pg_http_list *list = pg_array_add(&entry->http_lists);
	struct pg_http_rule *rule;

	assert_non_null(list);
	rule = pg_array_add(&list->rules);
	assert_non_null(rule);
	rule->path = copy(path, strlen(path));
	build_ports(entry, proto, port, port);
	entry->l4.items[entry->l4.count - 1].http = (uint32_t)entry->http_lists.count;
}

struct pg_addr build_addr(const char *text)
{
	struct pg_addr addr;

	assert_int_equal(pg_addr_parse(text, &addr), 0);
	return addr;
}

struct pg_prefix build_prefix(const char *text)
{
	struct pg_prefix prefix;

	assert_int_equal(pg_prefix_parse(text, &prefix), 0);
	return prefix;
}

struct pg_endpoint *build_endpoint(struct pg_endpoints *endpoints, const char *name,
				   const char *addr, const char *labels)
{
	struct pg_endpoint *endpoint = pg_array_add(&endpoints->list);
	struct pg_addr parsed = build_addr(addr);

	assert_non_null(endpoint);
	endpoint->name = copy(name, strlen(name));
	*(parsed.family == 4 ? &endpoint->ipv4 : &endpoint->ipv6) = parsed;
	while (*labels) {
		size_t length = strcspn(labels, ",");
		_cleanup_free_ char *label = copy(labels, length);

		assert_int_equal(pg_labels_parse(&endpoint->labels, label, "unspec"), 0);
		labels += length + (labels[length] == ',');
	}
	return endpoint;
}

void build_finish(struct pg_endpoints *endpoints)
{
	struct pg_diags diags = { 0 };

	assert_int_equal(pg_endpoints_finish(endpoints, &diags), 0);
	pg_diags_done(&diags);
}

pg_identity build_id(const struct pg_endpoints *endpoints, const struct pg_identities *identities,
		     const char *name)
{
	const struct pg_endpoint *endpoint = pg_endpoints_find(endpoints, name);

	assert_non_null(endpoint);
	return identities->endpoint_ids.items[endpoint - endpoints->list.items];
}
