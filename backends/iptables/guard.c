// SPDX-License-Identifier: GPL-2.0-only
/* The rules around those of the policy: anti-spoofing, replies, and what is installed. */
#include "backends/iptables/layout.h"

#include <ctype.h>

#include "compat/hex.h"

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

static const struct pg_addr *address_of(const struct pg_endpoint *endpoint, uint8_t family)
{
	return family == 4 ? &endpoint->ipv4 : &endpoint->ipv6;
}

/* ICMPv6 of some types, one rule each. */
static int pass_types(struct pg_tree_chain *chain, const struct pg_tree_rule *pattern,
		      const uint8_t *types, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		struct pg_tree_rule rule = *pattern;
		int err;

		rule.proto = PG_PROTO_ICMPV6;
		rule.has_dport = true;
		rule.dport_first = rule.dport_last = types[i];
		err = add_rule(chain, &rule);
		if (err)
			return err;
	}
	return 0;
}

static const struct pg_prefix link_local = { { 6, { 0xfe, 0x80 } }, 10 };

int pg_guard_neighbours(struct pg_tree_chain *chain)
{
	/* RFC 4861: router and neighbour solicitations and advertisements, redirects */
	static const uint8_t discovery[] = { 133, 134, 135, 136, 137 };
	/* RFC 2710, RFC 3810: report and done, report of version 2 */
	static const uint8_t reports[] = { 131, 132, 143 };
	struct pg_tree_rule rule = {
		.comment = "neighbour-discovery",
		.target = PG_TARGET_RETURN,
	};
	int err = pass_types(chain, &rule, discovery, PG_COUNT(discovery));

	if (err)
		return err;
	snprintf(rule.comment, sizeof(rule.comment), "multicast-listener-report");
	rule.src = link_local;
	rule.dst = (struct pg_prefix){ { 6, { 0xff } }, 8 };
	return pass_types(chain, &rule, reports, PG_COUNT(reports));
}

bool pg_guard_is_needed(const struct pg_intent *intent, uint8_t family)
{
	return family == 4 || pg_intent_judges_ipv6(intent);
}

/*
 * A drop of what isn't the endpoint's own, counted as `name`. Without an address nothing is; of IPv6,
 * which configures itself without being known, that is told apart.
 */
static struct pg_tree_rule drop_other(const struct pg_addr *address, uint8_t family,
				      const char *name)
{
	struct pg_tree_rule rule = { .target = PG_TARGET_DROP };

	snprintf(rule.comment, sizeof(rule.comment), "%s",
		 family == 6 && !address->family ? PG_COUNT_IPV6 : name);
	return rule;
}

/*
 * An endpoint without an address has no business to send from any; with IPv6 it takes a policy to say
 * so.
 */
static bool may_spoof(const struct pg_intent *intent, size_t index, uint8_t family)
{
	const struct pg_endpoint *endpoint = &intent->endpoints->list.items[index];

	return family == 6 && !endpoint->ipv6.family &&
	       !pg_guard_is_enforced(intent, index, PG_EGRESS);
}

int pg_guard_spoof(const struct pg_intent *intent, uint8_t family, struct pg_tree_chain *chain)
{
	for (size_t i = 0; i < intent->endpoints->list.count; i++) {
		const struct pg_endpoint *endpoint = &intent->endpoints->list.items[i];
		const struct pg_addr *address = address_of(endpoint, family);
		struct pg_tree_rule rule = drop_other(address, family, PG_COUNT_SPOOFED);
		int err;

		if (!endpoint->interface || may_spoof(intent, i, family))
			continue;
		snprintf(rule.physdev_in, sizeof(rule.physdev_in), "%s", endpoint->interface);
		if (address->family) {
			rule.src = pg_prefix_of(address, pg_addr_bits(address));
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

/*
 * What of an endpoint's packets isn't to its own address: all that isn't if it is closed, else what is
 * to a link-local one, of which no rule could tell whose it is. False: nothing.
 */
static bool set_other(struct pg_tree_rule *rule, const struct pg_addr *address, bool closed)
{
	if (!closed) {
		rule->dst = link_local;
		return address->family == 6;
	}
	if (address->family) {
		rule->dst = pg_prefix_of(address, pg_addr_bits(address));
		rule->dst_not = true;
	}
	return true;
}

int pg_guard_not_own(const struct pg_intent *intent, uint8_t family, struct pg_tree_chain *chain)
{
	for (size_t i = 0; i < intent->endpoints->list.count; i++) {
		const struct pg_endpoint *endpoint = &intent->endpoints->list.items[i];
		const struct pg_addr *address = address_of(endpoint, family);
		struct pg_tree_rule rule = drop_other(address, family, PG_COUNT_NOT_OWN);
		int err;

		if (!endpoint->interface ||
		    !set_other(&rule, address, pg_guard_is_enforced(intent, i, PG_INGRESS)))
			continue;
		snprintf(rule.physdev_out, sizeof(rule.physdev_out), "%s", endpoint->interface);
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
#define META_REVOKE " on-revoke="
#define META_LAYOUT " layout="

int pg_guard_meta(const struct pg_intent *intent, const char *layout, struct pg_tree_chain *chain)
{
	struct pg_tree_rule rule = { .target = PG_TARGET_RETURN };
	char digest[PG_DIGEST_TEXT_MAX];

	pg_digest_format(intent->digest, digest);
	snprintf(rule.comment, sizeof(rule.comment),
		 META_HEAD "%s" META_HOST "%s" META_REVOKE "%s" META_LAYOUT "%s", digest,
		 pg_host_policy_name(intent->host_policy), pg_on_revoke_name(intent->on_revoke),
		 layout);
	return add_rule(chain, &rule);
}

static int parse_on_revoke(const char *comment, enum pg_on_revoke *ret_mode)
{
	const char *word = strstr(comment, META_REVOKE);
	char name[8];

	if (!word)
		return -EINVAL;
	word += strlen(META_REVOKE);
	snprintf(name, sizeof(name), "%.*s", (int)strcspn(word, " "), word);
	return pg_on_revoke_parse(name, ret_mode);
}

/* Shown to people and written into JSON as it is. */
static bool is_word(const char *text)
{
	return *text && !text[strspn(text, "abcdefghijklmnopqrstuvwxyz-")];
}

int pg_meta_parse(const char *comment, struct pg_meta *ret_meta)
{
	const char *layout = strstr(comment, META_LAYOUT);
	struct pg_meta meta = { 0 };

	if (strncmp(comment, META_HEAD, strlen(META_HEAD)) || !layout ||
	    pg_digest_parse(comment + strlen(META_HEAD), meta.digest) ||
	    parse_on_revoke(comment, &meta.on_revoke) || !is_word(layout + strlen(META_LAYOUT)))
		return -EINVAL;
	snprintf(meta.layout, sizeof(meta.layout), "%s", layout + strlen(META_LAYOUT));
	*ret_meta = meta;
	return 0;
}
