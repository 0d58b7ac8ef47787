// SPDX-License-Identifier: GPL-2.0-only
#include "tests/unit/backends/ipt_machine.h"

#include "backends/iptables/layout.h"

static bool prefix_matches(const struct pg_prefix *prefix, bool inverted,
			   const struct pg_addr *addr)
{
	return !prefix->addr.family || pg_prefix_contains(prefix, addr) != inverted;
}

static bool name_matches(const char *wanted, const char *name)
{
	size_t length = strlen(wanted);

	if (length && wanted[length - 1] == '+')
		return !strncmp(wanted, name, length - 1);
	return !wanted[0] || !strcmp(wanted, name);
}

/* By the names of its elements alone: the search that the program makes is not this one's. */
static const struct pg_set_element *look_up(const struct pg_tree *tree,
					    const struct pg_tree_rule *rule,
					    const struct machine_packet *packet)
{
	const struct pg_addr *addr = rule->set_dst ? &packet->dst : &packet->src;

	pg_array_foreach(set, &tree->sets.list) {
		if (strcmp(set->name, rule->set))
			continue;
		pg_array_foreach(element, &set->elements) {
			if (set->kind == PG_SET_PORTS ? element->port == packet->dport
						      : !pg_addr_compare(&element->addr, addr))
				return element;
		}
		return NULL;
	}
	fail_msg("there is no set '%s'", rule->set);
	return NULL;
}

static bool matches(const struct pg_tree *tree, const struct pg_tree_rule *rule,
		    const struct machine_packet *packet)
{
	return (!rule->has_set || look_up(tree, rule, packet)) &&
	       prefix_matches(&rule->src, rule->src_not, &packet->src) &&
	       prefix_matches(&rule->dst, rule->dst_not, &packet->dst) &&
	       (rule->proto.n == PG_PROTO_EVERY.n || rule->proto.n == packet->proto.n) &&
	       (!rule->has_dport ||
		(rule->dport_first <= packet->dport && packet->dport <= rule->dport_last)) &&
	       (!rule->ct_states || packet->established) &&
	       name_matches(rule->physdev_in, packet->in) &&
	       name_matches(rule->physdev_out, packet->out);
}

static void note(struct machine_result *result, const char *chain, const char *name)
{
	const enum pg_direction direction = pg_layout_direction(chain);
	char *into = direction == PG_EGRESS    ? result->egress
		     : direction == PG_INGRESS ? result->ingress
					       : result->other;

	snprintf(into, PG_COMMENT_MAX, "%s", name);
}

static const char *name_of(const struct pg_tree *tree, const struct pg_tree_rule *rule,
			   const struct machine_packet *packet)
{
	const struct pg_set_element *element = rule->has_set ? look_up(tree, rule, packet) : NULL;

	return element && element->comment ? element->comment : rule->comment;
}

static void run_chain(const struct pg_tree *tree, const char *name,
		      const struct machine_packet *packet, struct machine_result *result)
{
	const struct pg_tree_chain *chain = pg_tree_find_chain(tree, name);

	assert_non_null(chain);
	pg_array_foreach(rule, &chain->rules) {
		result->steps++;
		if (!matches(tree, rule, packet))
			continue;
		if (rule->target == PG_TARGET_JUMP || rule->target == PG_TARGET_GOTO) {
			run_chain(tree, rule->chain, packet, result);
			if (result->dropped || rule->target == PG_TARGET_GOTO)
				return;
			continue;
		}
		assert_true(rule->target == PG_TARGET_DROP || rule->target == PG_TARGET_RETURN);
		note(result, name, name_of(tree, rule, packet));
		result->dropped = rule->target == PG_TARGET_DROP;
		return;
	}
}

struct machine_result machine_run(const struct pg_tree *tree, const char *parent,
				  const struct machine_packet *packet)
{
	struct machine_result result = { 0 };

	pg_array_foreach(hook, &tree->hooks) {
		if (!strcmp(hook->parent, parent) && !result.dropped)
			run_chain(tree, hook->chain, packet, &result);
	}
	return result;
}
