// SPDX-License-Identifier: GPL-2.0-only
#include "policy/side.h"

#include "policy/http.h"

static bool is_managed(const struct pg_identity_info *info)
{
	return info->endpoints.count > 0;
}

bool pg_side_is_managed(const struct pg_side *side)
{
	return is_managed(side->subject);
}

bool pg_side_is_exempt(const struct pg_side *side, const struct pg_evaluation_options *options,
		       enum pg_reason *ret_reason)
{
	bool host = side->direction == PG_INGRESS && side->peer->id.n == PG_IDENTITY_HOST.n;

	if (!pg_side_is_managed(side))
		*ret_reason = PG_REASON_NOT_MANAGED;
	else if (host && options->host_policy == PG_HOST_POLICY_ALLOW)
		*ret_reason = PG_REASON_HOST_POLICY;
	else if (options->enforcement == PG_ENFORCEMENT_NEVER || pg_side_is_to_itself(side))
		*ret_reason = PG_REASON_NOT_ENFORCED;
	else
		return false;
	return true;
}

bool pg_side_is_to_itself(const struct pg_side *side)
{
	const struct pg_flow *flow = side->flow;

	return flow->src.id.n == flow->dst.id.n && is_managed(side->subject) &&
	       flow->src.addr.family && !pg_addr_compare(&flow->src.addr, &flow->dst.addr);
}

bool pg_side_selects(const struct pg_side *side, const struct pg_rule *rule)
{
	return pg_selector_matches(&rule->subject, &side->subject->labels);
}

/* Whether the peer meets what one entry requires. */
static bool meets_requires(const struct pg_side *side, const struct pg_peers *peers)
{
	pg_array_foreach(selector, &peers->requires) {
		if (!pg_selector_matches(selector, &side->peer->labels))
			return false;
	}
	return true;
}

static void note_unmet(struct pg_side *side, uint32_t number)
{
	const struct pg_rule *rule = &side->policy->rules.items[number - 1];

	for (uint32_t i = 0; i < rule->entries.count; i++) {
		const struct pg_entry *entry = &rule->entries.items[i];

		if (entry->direction == side->direction && !side->unmet[entry->deny].rule &&
		    !meets_requires(side, &entry->peers))
			side->unmet[entry->deny] = (struct pg_origin){ number, i + 1 };
	}
}

bool pg_side_make(const struct pg_policy *policy, const struct pg_identities *identities,
		  const struct pg_flow *flow, enum pg_direction direction, struct pg_side *ret_side)
{
	bool egress = direction == PG_EGRESS;
	const struct pg_party *subject = egress ? &flow->src : &flow->dst;
	const struct pg_party *peer = egress ? &flow->dst : &flow->src;
	struct pg_side side = {
		.policy = policy,
		.flow = flow,
		.direction = direction,
		.subject = pg_identities_get(identities, subject->id),
		.peer = pg_identities_get(identities, peer->id),
		.peer_addr = peer->addr,
	};

	if (!side.subject || !side.peer)
		return false;
	for (uint32_t number = 1; number <= policy->rules.count; number++) {
		if (pg_side_selects(&side, &policy->rules.items[number - 1]))
			note_unmet(&side, number);
	}
	*ret_side = side;
	return true;
}

static const struct pg_selector *find_selector(const struct pg_side *side,
					       const struct pg_peers *peers)
{
	pg_array_foreach(selector, &peers->endpoints) {
		if (pg_selector_matches(selector, &side->peer->labels))
			return selector;
	}
	return NULL;
}

static bool in_cidr(const struct pg_cidr *cidr, const struct pg_addr *addr)
{
	if (!pg_prefix_contains(&cidr->prefix, addr))
		return false;
	pg_array_foreach(except, &cidr->except) {
		if (pg_prefix_contains(except, addr))
			return false;
	}
	return true;
}

/* CIDRs speak only of addresses that are neither an endpoint's nor a host's. */
static const struct pg_cidr *find_cidr(const struct pg_side *side, const struct pg_peers *peers)
{
	if (!pg_identity_is_world(side->peer->id))
		return NULL;
	pg_array_foreach(cidr, &peers->cidrs) {
		if (in_cidr(cidr, &side->peer_addr))
			return cidr;
	}
	return NULL;
}

static bool is_entity(const struct pg_identity_info *peer, unsigned int entities)
{
	bool host = peer->id.n == PG_IDENTITY_HOST.n;
	bool remote_node = peer->id.n == PG_IDENTITY_REMOTE_NODE.n;

	return (entities & PG_ENTITY_ALL) ||
	       ((entities & PG_ENTITY_WORLD) && pg_identity_is_world(peer->id)) ||
	       ((entities & PG_ENTITY_HOST) && host) ||
	       ((entities & PG_ENTITY_REMOTE_NODE) && remote_node) ||
	       ((entities & PG_ENTITY_CLUSTER) && (host || remote_node || is_managed(peer)));
}

static bool is_empty(const struct pg_peers *peers)
{
	return !peers->endpoints.count && !peers->cidrs.count &&
	       !(peers->entities & ~(unsigned int)PG_ENTITY_NONE);
}

static enum pg_peer_match match_peer(const struct pg_side *side, const struct pg_entry *entry,
				     struct pg_answer *answer)
{
	const struct pg_peers *peers = &entry->peers;
	const struct pg_selector *selector = find_selector(side, peers);

	if (!meets_requires(side, peers))
		return PG_PEER_LACKS;
	if (peers->l3 == PG_L3_ANY)
		return PG_PEER_ANYBODY;
	if (!side->unmet[entry->deny].rule)
		answer->selector = selector;
	if (!answer->selector)
		answer->cidr = find_cidr(side, peers);
	if (answer->selector || answer->cidr || is_entity(side->peer, peers->entities))
		return PG_PEER_MATCHES;
	return selector ? PG_PEER_UNMET : is_empty(peers) ? PG_PEER_NOBODY : PG_PEER_OTHER;
}

static bool covers(const struct pg_l4 *l4, const struct pg_flow *flow)
{
	return l4->proto.n == flow->proto.n && l4->first <= flow->dport && flow->dport <= l4->last;
}

/* Of several that cover the flow, the first one without HTTP rules takes it out of all lists. */
static enum pg_port_match match_port(const struct pg_side *side, const struct pg_entry *entry,
				     struct pg_answer *answer)
{
	bool proto = false;

	if (!entry->has_l4)
		return entry->peers.l3 == PG_L3_ANY ? PG_PORT_NOTHING : PG_PORT_EVERY;
	pg_array_foreach(l4, &entry->l4) {
		proto |= l4->proto.n == side->flow->proto.n;
		if (covers(l4, side->flow) && (!answer->l4 || (answer->l4->http && !l4->http)))
			answer->l4 = l4;
	}
	return answer->l4	 ? PG_PORT_MATCHES
	       : proto		 ? PG_PORT_OTHER
	       : entry->l4.count ? PG_PORT_PROTO
				 : PG_PORT_NONE;
}

/*
 * Without ports an entry speaks of every protocol, but only of peers that it names: one that says
 * nothing at all allows nothing.
 */
struct pg_answer pg_side_ask(const struct pg_side *side, const struct pg_entry *entry)
{
	struct pg_answer answer = { .verdict = PG_VERDICT_NONE };

	if (entry->direction != side->direction)
		return answer;
	answer.peer = match_peer(side, entry, &answer);
	answer.port = match_port(side, entry, &answer);
	if (answer.peer >= PG_PEER_MATCHES && answer.port >= PG_PORT_MATCHES)
		answer.verdict = entry->deny			? PG_VERDICT_DENY
				 : answer.l4 && answer.l4->http ? PG_VERDICT_REDIRECT
								: PG_VERDICT_ALLOW;
	return answer;
}

int pg_side_ask_http(const struct pg_side *side, const struct pg_entry *entry)
{
	int result = 0;

	pg_array_foreach(l4, &entry->l4) {
		int allows;

		if (!l4->http || !covers(l4, side->flow))
			continue;
		allows = pg_http_list_allows(&entry->http_lists.items[l4->http - 1],
					     side->flow->http);
		if (allows == 1)
			return 1;
		result = result ?: allows;
	}
	return result;
}
