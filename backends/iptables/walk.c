// SPDX-License-Identifier: GPL-2.0-only
#include "backends/iptables/walk.h"

#include "backends/iptables/layout.h"

enum fate {
	GOES_ON,
	RETURNED,
	DROPPED,
	ACCEPTED,
};

struct walker {
	const struct pg_tree *tree;
	const struct pg_trace_query *query;
	struct pg_trace *trace;
	unsigned int depth;
};

static bool prefix_matches(const struct pg_prefix *prefix, bool inverted,
			   const struct pg_addr *addr)
{
	return !prefix->addr.family || pg_prefix_contains(prefix, addr) != inverted;
}

/* A name that ends in '+' stands for all that begin so. */
static bool port_matches(const char *wanted, const char *interface)
{
	size_t length = strlen(wanted);

	if (!length)
		return true;
	if (!interface)
		return false;
	if (wanted[length - 1] == '+')
		return !strncmp(wanted, interface, length - 1);
	return !strcmp(wanted, interface);
}

/* Netfilter shows the port that a packet leaves by only if it is bridged. */
static const char *port_out(const struct pg_trace_query *query)
{
	return query->bridged ? query->end[PG_INGRESS].interface : NULL;
}

/* The element of a rule's set that the packet is. */
static const struct pg_set_element *look_up(const struct walker *walker,
					    const struct pg_tree_rule *rule)
{
	const struct pg_set *set = pg_sets_find(&walker->tree->sets, rule->set);
	const struct pg_trace_query *query = walker->query;

	if (set && set->kind == PG_SET_PORTS)
		return pg_set_find_port(set, query->dport);
	return set ? pg_set_find_addr(set, &query->end[rule->set_dst ? PG_INGRESS : PG_EGRESS].addr)
		   : NULL;
}

static bool matches(const struct walker *walker, const struct pg_tree_rule *rule)
{
	const struct pg_trace_query *query = walker->query;

	return (!rule->has_set || look_up(walker, rule)) &&
	       prefix_matches(&rule->src, rule->src_not, &query->end[PG_EGRESS].addr) &&
	       prefix_matches(&rule->dst, rule->dst_not, &query->end[PG_INGRESS].addr) &&
	       (rule->proto.n == PG_PROTO_EVERY.n || rule->proto.n == query->proto.n) &&
	       (!rule->has_dport ||
		(rule->dport_first <= query->dport && query->dport <= rule->dport_last)) &&
	       !rule->ct_states &&
	       port_matches(rule->physdev_in, query->end[PG_EGRESS].interface) &&
	       port_matches(rule->physdev_out, port_out(query));
}

static enum pg_verdict verdict_of(const struct pg_tree_rule *rule, enum pg_direction direction,
				  bool named)
{
	if (rule->target == PG_TARGET_DROP)
		return PG_VERDICT_DENY;
	if (rule->target == PG_TARGET_ACCEPT)
		return PG_VERDICT_ALLOW;
	/* Rules that judge are named; others return to leave the rest to another chain. */
	return rule->target == PG_TARGET_RETURN && direction != PG_DIRECTIONS && named
		       ? PG_VERDICT_ALLOW
		       : PG_VERDICT_NONE;
}

static int add_step(struct walker *walker, const char *chain, size_t number,
		    const struct pg_tree_rule *rule, bool stray)
{
	const struct pg_set_element *element = rule->has_set ? look_up(walker, rule) : NULL;
	const char *name = element && element->comment ? element->comment : rule->comment;
	_cleanup_strbuf_ struct pg_strbuf object = { 0 }, text = { 0 };
	struct pg_trace_step *step;

	if (walker->trace->steps.count >= PG_IPT_WALK_STEPS)
		return -E2BIG;
	pg_strbuf_printf(&object, "%s %zu", chain, number);
	pg_tree_format_rule(rule, &text);
	step = pg_trace_add(walker->trace, &object, &text);
	if (!step)
		return -ENOMEM;
	step->stray = stray;
	step->counted = true;
	step->packets = name == rule->comment ? rule->packets : element->packets;
	step->bytes = name == rule->comment ? rule->bytes : element->bytes;
	step->direction = pg_layout_direction(chain);
	if (!rule->foreign)
		step->verdict = verdict_of(rule, step->direction, name[0]);
	snprintf(step->rule, sizeof(step->rule), "%.*s", PG_RULE_NAME_MAX - 1, name);
	return 0;
}

static int walk_chain(struct walker *walker, const struct pg_tree_chain *chain,
		      enum fate *ret_fate);

/* What becomes of a packet that matches. GOTO: the packet never comes back to this chain. */
static int follow(struct walker *walker, const struct pg_tree_rule *rule, enum fate *ret_fate)
{
	const struct pg_tree_chain *next = pg_tree_find_chain(walker->tree, rule->chain);
	int err;

	switch (rule->target) {
	case PG_TARGET_RETURN:
		*ret_fate = RETURNED;
		return 0;
	case PG_TARGET_DROP:
		*ret_fate = DROPPED;
		return 0;
	case PG_TARGET_ACCEPT:
		*ret_fate = ACCEPTED;
		return 0;
	case PG_TARGET_JUMP:
	case PG_TARGET_GOTO:
		if (!next)
			return 0;
		err = walk_chain(walker, next, ret_fate);
		if (*ret_fate == GOES_ON && rule->target == PG_TARGET_GOTO)
			*ret_fate = RETURNED;
		return err;
	default:
		return 0;
	}
}

static bool leads_astray(const struct walker *walker, const struct pg_tree_rule *rule)
{
	bool leads = rule->target == PG_TARGET_JUMP || rule->target == PG_TARGET_GOTO;

	return rule->foreign || (leads && !pg_tree_find_chain(walker->tree, rule->chain));
}

static int walk_rules(struct walker *walker, const struct pg_tree_chain *chain, enum fate *ret_fate)
{
	for (size_t i = 0; i < chain->rules.count && *ret_fate == GOES_ON; i++) {
		const struct pg_tree_rule *rule = &chain->rules.items[i];
		bool stray = leads_astray(walker, rule);
		int err;

		if (!rule->foreign && !matches(walker, rule))
			continue;
		err = add_step(walker, chain->name, i + 1, rule, stray);
		if (!err && !stray)
			err = follow(walker, rule, ret_fate);
		if (err)
			return err;
	}
	return 0;
}

/* Returning from a chain, the packet goes on in the one before. */
static int walk_chain(struct walker *walker, const struct pg_tree_chain *chain, enum fate *ret_fate)
{
	int err;

	if (walker->depth++ == PG_IPT_WALK_DEPTH)
		return -ELOOP;
	err = walk_rules(walker, chain, ret_fate);
	if (*ret_fate == RETURNED)
		*ret_fate = GOES_ON;
	walker->depth--;
	return err;
}

/* The host's own packets pass OUTPUT, those to it INPUT, and all others are forwarded. */
static bool is_on_way(const struct pg_tree_hook *hook, const struct pg_trace_query *query)
{
	bool output = !strcmp(hook->parent, "OUTPUT"), input = !strcmp(hook->parent, "INPUT");

	if (query->end[PG_EGRESS].host || query->end[PG_INGRESS].host)
		return (output && query->end[PG_EGRESS].host) ||
		       (input && query->end[PG_INGRESS].host);
	return !output && !input;
}

/* Hooks of ours that stand in the same parent, before this one. */
static uint32_t hooks_before(const struct pg_tree *tree, const struct pg_tree_hook *hook)
{
	uint32_t count = 0;

	pg_array_foreach(other, &tree->hooks)
		count += !strcmp(other->parent, hook->parent) && other->position < hook->position;
	return count;
}

/* Rules of the host's that a packet meets first may let it pass, and then ours never see it. */
static int add_rules_before(struct walker *walker, const struct pg_tree_hook *hook)
{
	_cleanup_strbuf_ struct pg_strbuf object = { 0 }, text = { 0 };
	struct pg_trace_step *step;

	if (hook->position <= 1 + hooks_before(walker->tree, hook))
		return 0;
	pg_strbuf_printf(&object, "%s 1", hook->parent);
	if (hook->position > 2)
		pg_strbuf_printf(&object, "-%u", hook->position - 1);
	pg_strbuf_puts(&text, "what the host has before polgen's rules");
	step = pg_trace_add(walker->trace, &object, &text);
	if (!step)
		return -ENOMEM;
	step->stray = true;
	return 0;
}

static int walk_hook(struct walker *walker, const struct pg_tree_hook *hook, enum fate *ret_fate)
{
	const struct pg_tree_chain *chain = pg_tree_find_chain(walker->tree, hook->chain);
	struct pg_tree_rule jump = {
		.target = PG_TARGET_JUMP,
		.packets = hook->packets,
		.bytes = hook->bytes,
	};
	bool stray = hook->conditional || !chain;
	int err;

	snprintf(jump.chain, sizeof(jump.chain), "%s", hook->chain);
	err = add_rules_before(walker, hook);
	if (!err)
		err = add_step(walker, hook->parent, hook->position, &jump, stray);
	return err || stray ? err : walk_chain(walker, chain, ret_fate);
}

int pg_ipt_walk(const struct pg_tree *tree, const struct pg_trace_query *query,
		struct pg_trace *trace)
{
	struct walker walker = { .tree = tree, .query = query, .trace = trace };
	enum fate fate = GOES_ON;

	pg_array_foreach(hook, &tree->hooks) {
		int err;

		if (!is_on_way(hook, query) || fate != GOES_ON)
			continue;
		err = walk_hook(&walker, hook, &fate);
		if (err)
			return err;
	}
	trace->dropped = fate == DROPPED;
	return 0;
}
