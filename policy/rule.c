// SPDX-License-Identifier: GPL-2.0-only
/* The policy's memory, and places in it. */
#include "policy/rule.h"

void pg_http_rule_done(struct pg_http_rule *rule)
{
	free(rule->method);
	free(rule->path);
	free(rule->host);
	pg_array_foreach(header, &rule->headers)
		free(*header);
	free(rule->headers.items);
	*rule = (struct pg_http_rule){ 0 };
}

static void http_list_done(struct pg_http_list *list)
{
	pg_array_foreach(rule, &list->rules)
		pg_http_rule_done(rule);
	free(list->rules.items);
}

void pg_peers_name_nobody(struct pg_peers *peers)
{
	pg_array_foreach(selector, &peers->endpoints)
		pg_selector_done(selector);
	pg_array_foreach(cidr, &peers->cidrs)
		free(cidr->except.items);
	peers->l3 = PG_L3_PEERS;
	peers->endpoints.count = 0;
	peers->cidrs.count = 0;
	peers->entities = 0;
}

static void peers_done(struct pg_peers *peers)
{
	pg_peers_name_nobody(peers);
	pg_array_foreach(selector, &peers->requires)
		pg_selector_done(selector);
	free(peers->endpoints.items);
	free(peers->cidrs.items);
	free(peers->requires.items);
}

void pg_entry_done(struct pg_entry *entry)
{
	peers_done(&entry->peers);
	pg_array_foreach(list, &entry->http_lists)
		http_list_done(list);
	free(entry->http_lists.items);
	free(entry->l4.items);
	*entry = (struct pg_entry){ 0 };
}

void pg_rule_done(struct pg_rule *rule)
{
	pg_selector_done(&rule->subject);
	pg_array_foreach(entry, &rule->entries)
		pg_entry_done(entry);
	free(rule->entries.items);
	pg_labels_done(&rule->labels);
	free(rule->description);
	*rule = (struct pg_rule){ 0 };
}

void pg_policy_done(struct pg_policy *policy)
{
	pg_array_foreach(rule, &policy->rules)
		pg_rule_done(rule);
	free(policy->rules.items);
	*policy = (struct pg_policy){ 0 };
}

const struct pg_http_list *pg_policy_first_http(const struct pg_policy *policy)
{
	pg_array_foreach(rule, &policy->rules) {
		pg_array_foreach(entry, &rule->entries) {
			if (entry->http_lists.count)
				return &entry->http_lists.items[0];
		}
	}
	return NULL;
}

struct pg_loc pg_policy_loc(const struct pg_policy *policy, struct pg_origin origin)
{
	const struct pg_rule *rule;

	if (!origin.rule || origin.rule > policy->rules.count)
		return PG_LOC_NONE;
	rule = &policy->rules.items[origin.rule - 1];
	if (!origin.entry || origin.entry > rule->entries.count)
		return rule->loc;
	return rule->entries.items[origin.entry - 1].loc;
}

int pg_origin_compare(struct pg_origin a, struct pg_origin b)
{
	if (a.rule != b.rule)
		return a.rule < b.rule ? -1 : 1;
	return (a.entry > b.entry) - (a.entry < b.entry);
}
