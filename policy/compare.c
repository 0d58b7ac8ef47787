// SPDX-License-Identifier: GPL-2.0-only
/* Two policies: identities and tables of each, parties of both, then pair by pair. */
#include "policy/compare_part.h"

void pg_flow_changes_done(struct pg_flow_changes *changes)
{
	pg_identities_done(&changes->identities);
	free(changes->list.items);
	*changes = (struct pg_flow_changes){ 0 };
}

static void any_view_done(struct pg_any_view *view)
{
	for (size_t i = 0; i < PG_FLOW_PROTOS; i++) {
		pg_cover_done(&view->covers[PG_BEFORE][i]);
		pg_cover_done(&view->covers[PG_AFTER][i]);
		pg_cover_done(&view->differs[i]);
	}
}

static void comparer_done(struct pg_comparer *comparer)
{
	size_t views = comparer->parties.count * PG_DIRECTIONS;

	for (size_t i = 0; comparer->any && i < views; i++)
		any_view_done(&comparer->any[i]);
	for (size_t i = 0; i < PG_VERSIONS; i++) {
		pg_identities_done(&comparer->versions[i].identities);
		pg_verdict_table_done(&comparer->versions[i].table);
	}
	free(comparer->any);
	free(comparer->layers.items);
	free(comparer->pairs.list.items);
	free(comparer->parties.items);
	pg_flow_changes_done(&comparer->changes);
}

pg_proto pg_flow_proto_number(enum pg_flow_proto proto)
{
	static const pg_proto numbers[PG_FLOW_PROTOS] = {
		[PG_FLOW_TCP] = PG_PROTO_TCP,	    [PG_FLOW_UDP] = PG_PROTO_UDP,
		[PG_FLOW_SCTP] = PG_PROTO_SCTP,	    [PG_FLOW_ICMP] = PG_PROTO_ICMP,
		[PG_FLOW_ICMPV6] = PG_PROTO_ICMPV6, [PG_FLOW_OTHER] = PG_PROTO_EVERY,
	};

	return numbers[proto];
}

/* The rules of both, as one policy: only good for its CIDRs. The rules stay whose they are. */
static int make_identities(struct pg_comparer *comparer)
{
	struct pg_policy both = { 0 };
	int err = 0;

	for (size_t i = 0; i < PG_VERSIONS; i++) {
		pg_array_foreach(rule, &comparer->versions[i].policy->rules) {
			struct pg_rule *added = err ? NULL : pg_array_add(&both.rules);

			if (added)
				*added = *rule;
			else
				err = -ENOMEM;
		}
	}
	err = err ?: pg_identities_make(comparer->endpoints, &both, &comparer->changes.identities);
	free(both.rules.items);
	return err;
}

static int prepare_version(const struct pg_comparer *comparer, struct pg_compared *version)
{
	int err = pg_identities_make(comparer->endpoints, version->policy, &version->identities);

	return err
		       ?: pg_resolve_origins(version->policy, &version->identities,
					     comparer->options->enforcement, &version->table);
}

static int prepare(struct pg_comparer *comparer)
{
	int err = make_identities(comparer);

	for (size_t i = 0; i < PG_VERSIONS; i++)
		err = err ?: prepare_version(comparer, &comparer->versions[i]);
	err = err ?: pg_compare_parties(comparer);
	err = err ?: pg_compare_views(comparer);
	return err ?: pg_compare_pairs(comparer);
}

static int compare_all(struct pg_comparer *comparer)
{
	size_t count = comparer->parties.count;
	int err = 0;

	for (size_t src = 0; src < count && !comparer->changes.at_least; src++) {
		for (size_t dst = 0; dst < count && !err; dst++) {
			if (pg_compare_has_pair(comparer, src, dst))
				err = pg_compare_pair(comparer, src, dst);
		}
		comparer->changes.at_least =
			comparer->changes.more && comparer->steps > comparer->limits->steps;
	}
	return err;
}

int pg_compare(const struct pg_policy *before, const struct pg_policy *after,
	       const struct pg_endpoints *endpoints, const struct pg_evaluation_options *options,
	       const struct pg_compare_limits *limits, struct pg_flow_changes *ret_changes)
{
	PG_CLEANUP(comparer_done)
	struct pg_comparer comparer = {
		.endpoints = endpoints,
		.options = options,
		.limits = limits,
		.versions = { { .policy = before }, { .policy = after } },
	};
	int err = prepare(&comparer);

	err = err ?: compare_all(&comparer);
	if (err)
		return err;
	*ret_changes = comparer.changes;
	comparer.changes = (struct pg_flow_changes){ 0 };
	return 0;
}
