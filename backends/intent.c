// SPDX-License-Identifier: GPL-2.0-only
#include "backends/backend.h"

bool pg_intent_judges_ipv6(const struct pg_intent *intent)
{
	pg_array_foreach(endpoint, &intent->endpoints->list) {
		if (endpoint->ipv6.family)
			return true;
	}
	pg_array_foreach(subject, &intent->table->subjects) {
		if (subject->enforced[PG_EGRESS] || subject->enforced[PG_INGRESS])
			return true;
	}
	return false;
}
