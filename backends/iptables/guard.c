// SPDX-License-Identifier: GPL-2.0-only
/* The rules around those of the policy: anti-spoofing, replies, and what is installed. */
#include "backends/iptables/layout.h"

#include <ctype.h>

static int add_rule(struct pg_tree_chain *chain, const struct pg_tree_rule *rule)
{
	struct pg_tree_rule *added = pg_tree_add_rule(chain);

	if (!added)
		return -ENOMEM;
	*added = *rule;
	return 0;
}

/*
 * Whether an interface's name means itself in iptables-restore text: no quotes, no spaces, and no '+',
 * which stands for whatever follows. Runtimes' names are letters and digits.
 */
static bool is_plain_name(const char *name)
{
	for (const char *c = name; *c; c++) {
		if (!isalnum((unsigned char)*c) && !strchr("-_.@", *c))
			return false;
	}
	return name[0] && name[0] != '-' && strlen(name) < IFNAMSIZ;
}

static int compare_interfaces(const void *a, const void *b)
{
	const struct pg_endpoint *const *left = a, *const *right = b;

	return strcmp((*left)->interface, (*right)->interface);
}

static void report_name(const struct pg_endpoint *endpoint, struct pg_diags *diags)
{
	_cleanup_strbuf_ struct pg_strbuf name = { 0 };

	pg_strbuf_add_escaped(&name, endpoint->interface, strlen(endpoint->interface));
	pg_error(diags, endpoint->loc, "iptables rules cannot name interface '%s'",
		 name.text ? name.text : "");
}

static void report_shared(const struct pg_endpoint *one, const struct pg_endpoint *other,
			  struct pg_diags *diags)
{
	pg_error(diags, other->loc, "interface '%s' is of two endpoints", other->interface);
	pg_note(diags, one->loc, "the other one is here");
}

int pg_guard_check(const struct pg_endpoints *endpoints, struct pg_diags *diags)
{
	struct pg_array(const struct pg_endpoint *) sorted = { 0 };
	_cleanup_free_ const struct pg_endpoint **owned = NULL;
	size_t errors = diags->errors;

	pg_array_foreach(endpoint, &endpoints->list) {
		const struct pg_endpoint **added;

		if (!endpoint->interface)
			continue;
		if (!is_plain_name(endpoint->interface))
			report_name(endpoint, diags);
		added = pg_array_add(&sorted);
		owned = sorted.items;
		if (!added)
			return -ENOMEM;
		*added = endpoint;
	}
	if (sorted.count)
		qsort(sorted.items, sorted.count, sizeof(*sorted.items), compare_interfaces);
	for (size_t i = 1; i < sorted.count; i++) {
		if (!compare_interfaces(&sorted.items[i - 1], &sorted.items[i]))
			report_shared(sorted.items[i - 1], sorted.items[i], diags);
	}
	return diags->errors > errors ? -EINVAL : 0;
}

int pg_guard_spoof(const struct pg_endpoints *endpoints, struct pg_tree_chain *chain)
{
	pg_array_foreach(endpoint, &endpoints->list) {
		struct pg_tree_rule rule = { .target = PG_TARGET_DROP,
					     .comment = PG_COUNT_SPOOFED };
		int err;

		if (!endpoint->interface)
			continue;
		snprintf(rule.physdev_in, sizeof(rule.physdev_in), "%s", endpoint->interface);
		/* An endpoint without an IPv4 address has no business to send from any. */
		if (endpoint->ipv4.family) {
			rule.src = pg_prefix_of(&endpoint->ipv4, 32);
			rule.src_not = true;
		}
		err = add_rule(chain, &rule);
		if (err)
			return err;
	}
	return 0;
}

bool pg_guard_is_enforced(const struct pg_intent *intent, size_t endpoint,
			  enum pg_direction direction)
{
	pg_identity id = intent->identities->endpoint_ids.items[endpoint];
	const struct pg_subject *subject = pg_verdict_table_subject(intent->table, id);

	return subject && subject->enforced[direction];
}

int pg_guard_not_own(const struct pg_intent *intent, struct pg_tree_chain *chain)
{
	for (size_t i = 0; i < intent->endpoints->list.count; i++) {
		const struct pg_endpoint *endpoint = &intent->endpoints->list.items[i];
		struct pg_tree_rule rule = { .target = PG_TARGET_DROP,
					     .comment = PG_COUNT_NOT_OWN };
		int err;

		if (!endpoint->interface || !pg_guard_is_enforced(intent, i, PG_INGRESS))
			continue;
		snprintf(rule.physdev_out, sizeof(rule.physdev_out), "%s", endpoint->interface);
		if (endpoint->ipv4.family) {
			rule.dst = pg_prefix_of(&endpoint->ipv4, 32);
			rule.dst_not = true;
		}
		err = add_rule(chain, &rule);
		if (err)
			return err;
	}
	return 0;
}

int pg_guard_established(struct pg_tree_chain *chain)
{
	return add_rule(chain, &(struct pg_tree_rule){
				       .ct_states = PG_CT_ESTABLISHED | PG_CT_RELATED,
				       .comment = PG_COUNT_ESTABLISHED,
				       .target = PG_TARGET_RETURN,
			       });
}

int pg_guard_jump(struct pg_tree_chain *chain, const char *to)
{
	struct pg_tree_rule rule = { .target = PG_TARGET_JUMP };

	snprintf(rule.chain, sizeof(rule.chain), "%s", to);
	return add_rule(chain, &rule);
}

/* Everything up to the digest; the 1 is the version of the whole set of chains. */
#define META_HEAD   "polgen/1 digest="
#define META_HOST   " host-policy="
#define META_LAYOUT " layout="
#define HEX_LENGTH  64

int pg_guard_meta(const struct pg_intent *intent, const char *layout, struct pg_tree_chain *chain)
{
	struct pg_tree_rule rule = { .target = PG_TARGET_RETURN };
	char hex[HEX_LENGTH + 1];

	for (size_t i = 0; i < sizeof(intent->digest); i++)
		snprintf(hex + 2 * i, 3, "%02x", intent->digest[i]);
	snprintf(rule.comment, sizeof(rule.comment), META_HEAD "%s" META_HOST "%s" META_LAYOUT "%s",
		 hex, pg_host_policy_name(intent->host_policy), layout);
	return add_rule(chain, &rule);
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static int parse_digest(const char *hex, uint8_t digest[32])
{
	for (size_t i = 0; i < HEX_LENGTH / 2; i++) {
		int high = hex_digit(hex[2 * i]);
		int low = high < 0 ? -1 : hex_digit(hex[2 * i + 1]);

		if (low < 0)
			return -EINVAL;
		digest[i] = (uint8_t)(high << 4 | low);
	}
	return 0;
}

int pg_meta_parse(const char *comment, struct pg_meta *ret_meta)
{
	const char *layout = strstr(comment, META_LAYOUT);
	struct pg_meta meta = { 0 };

	if (strncmp(comment, META_HEAD, strlen(META_HEAD)) || !layout ||
	    parse_digest(comment + strlen(META_HEAD), meta.digest))
		return -EINVAL;
	snprintf(meta.layout, sizeof(meta.layout), "%s", layout + strlen(META_LAYOUT));
	*ret_meta = meta;
	return 0;
}
