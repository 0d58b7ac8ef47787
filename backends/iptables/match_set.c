// SPDX-License-Identifier: GPL-2.0-only
#include "backends/iptables/match_set.h"

#include "compat/errtext.h"

void pg_match_set_encode(const struct pg_tree_rule *rule, struct xt_set_info_match_v4 *info)
{
	info->match_set.index = rule->set_number;
	info->match_set.dim = IPSET_DIM_ONE;
	info->match_set.flags = rule->set_dst ? 0 : IPSET_DIM_ONE_SRC;
}

void pg_match_set_decode(const struct xt_set_info_match_v4 *info, struct pg_tree_rule *rule)
{
	rule->has_set = true;
	rule->set_number = info->match_set.index;
	rule->set_dst = !(info->match_set.flags & IPSET_DIM_ONE_SRC);
}

void pg_match_set_names_done(struct pg_match_set_names *names)
{
	pg_ipset_names_done(&names->names);
}

static bool is_plain(const char *name)
{
	for (const char *c = name; *c; c++) {
		if (*c <= ' ' || *c >= 0x7f)
			return false;
	}
	return true;
}

int pg_match_set_name(struct pg_match_set_names *names, struct pg_tree_rule *rule)
{
	const char *name;
	int err = 0;

	if (!rule->has_set)
		return 0;
	if (!names->read)
		err = pg_ipset_names_read(&names->names);
	if (err)
		return err;
	names->read = true;
	name = pg_ipset_names_get(&names->names, rule->set_number);
	if (name && is_plain(name)) {
		snprintf(rule->set, sizeof(rule->set), "%s", name);
		return 0;
	}
	*rule = (struct pg_tree_rule){ .packets = rule->packets, .bytes = rule->bytes };
	rule->foreign = strdup("(looks into a set that is not polgen's)");
	return rule->foreign ? 0 : -ENOMEM;
}

static bool has_sets(const struct pg_tree *tree)
{
	pg_array_foreach(chain, &tree->chains) {
		pg_array_foreach(rule, &chain->rules) {
			if (rule->has_set)
				return true;
		}
	}
	return false;
}

static int number_rule(const struct pg_ipset_names *names, struct pg_tree_rule *rule,
		       struct pg_diags *diags)
{
	if (!rule->has_set || !pg_ipset_names_find(names, rule->set, &rule->set_number))
		return 0;
	pg_error(diags, PG_LOC_NONE, "set '%s', which was just made, is gone", rule->set);
	return -ENOENT;
}

int pg_match_set_number(struct pg_tree *tree, struct pg_diags *diags)
{
	_cleanup_ipset_names_ struct pg_ipset_names names = { 0 };
	char text[PG_ERRTEXT_MAX];
	int err = has_sets(tree) ? pg_ipset_names_read(&names) : 0;

	if (err) {
		pg_error(diags, PG_LOC_NONE, "cannot ask the kernel for its sets: %s",
			 pg_errtext(err, text));
		return err;
	}
	pg_array_foreach(chain, &tree->chains) {
		pg_array_foreach(rule, &chain->rules) {
			err = err ? err : number_rule(&names, rule, diags);
		}
	}
	return err;
}
