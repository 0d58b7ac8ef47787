// SPDX-License-Identifier: GPL-2.0-only
#include "backends/ebpf/outcome.h"

static const struct {
	const char *name;
	enum pg_verdict verdict;
} outcomes[] = {
	[PG_OUTCOME_PASS] = { "pass", PG_VERDICT_ALLOW },
	[PG_OUTCOME_ESTABLISHED] = { PG_COUNT_ESTABLISHED, PG_VERDICT_ALLOW },
	[PG_OUTCOME_POLICY] = { "policy", PG_VERDICT_DENY },
	[PG_OUTCOME_SPOOFED] = { PG_COUNT_SPOOFED, PG_VERDICT_DENY },
	[PG_OUTCOME_NOT_OWN] = { PG_COUNT_NOT_OWN, PG_VERDICT_DENY },
	[PG_OUTCOME_MALFORMED] = { PG_COUNT_MALFORMED, PG_VERDICT_DENY },
	[PG_OUTCOME_FRAGMENT] = { "fragment", PG_VERDICT_DENY },
	[PG_OUTCOME_IPV6] = { PG_COUNT_IPV6, PG_VERDICT_DENY },
	[PG_OUTCOME_VLAN] = { PG_COUNT_VLAN, PG_VERDICT_DENY },
	[PG_OUTCOME_UNKNOWN] = { "unknown-interface", PG_VERDICT_DENY },
	[PG_OUTCOME_EVENT_LOST] = { "event-lost", PG_VERDICT_NONE },
};

_Static_assert(PG_COUNT(outcomes) == PG_OUTCOMES, "an outcome has no name");

const char *pg_outcome_name(enum pg_outcome outcome)
{
	return outcome < PG_OUTCOMES ? outcomes[outcome].name : "?";
}

enum pg_verdict pg_outcome_verdict(enum pg_outcome outcome)
{
	return outcome < PG_OUTCOMES ? outcomes[outcome].verdict : PG_VERDICT_NONE;
}
