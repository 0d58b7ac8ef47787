// SPDX-License-Identifier: GPL-2.0-only
/*
 * Whether a selector can be met at all. One source and key have one value, so that one has to be
 * right for whatever asks for this source. What asks for a key of any source can be met by a source
 * that nothing else speaks of. What says that something must not be speaks of every source that it
 * doesn't leave out. So it is enough to look for a value for each demand by itself.
 */
#include "policy/lint_part.h"

/* Each value is held against each other one: of more than so many, nobody waits for the answer. */
#define WORDS_MAX 8192

static bool is_positive(const struct pg_requirement *requirement)
{
	return requirement->op == PG_OP_IN || requirement->op == PG_OP_EXISTS;
}

/* Whether `other` has a say in the label that meets `demand`. */
static bool constrains(const struct pg_requirement *other, const struct pg_requirement *demand)
{
	if (other == demand || strcmp(other->key, demand->key))
		return other == demand;
	if (!other->source)
		return !is_positive(other);
	return demand->source && !strcmp(other->source, demand->source);
}

static bool has_value(const struct pg_requirement *requirement, const char *value)
{
	pg_array_foreach(item, &requirement->values) {
		if (!strcmp(*item, value))
			return true;
	}
	return false;
}

/* `value` NULL: one that the selector doesn't name. */
static bool allows_value(const struct pg_requirement *requirement, const char *value)
{
	switch (requirement->op) {
	case PG_OP_IN:
		return value && has_value(requirement, value);
	case PG_OP_NOT_IN:
		return !value || !has_value(requirement, value);
	default:
		return requirement->op == PG_OP_EXISTS;
	}
}

static bool all_allow(const struct pg_selector *selector, const struct pg_requirement *demand,
		      const char *value)
{
	pg_array_foreach(other, &selector->requirements) {
		if (constrains(other, demand) && !allows_value(other, value))
			return false;
	}
	return true;
}

/* Something else says which values the label may have, and is a demand itself. */
static bool is_narrowed(const struct pg_selector *selector, const struct pg_requirement *demand)
{
	pg_array_foreach(other, &selector->requirements) {
		if (other->op == PG_OP_IN && constrains(other, demand))
			return true;
	}
	return false;
}

static bool can_be_met(const struct pg_selector *selector, const struct pg_requirement *demand)
{
	if (demand->op == PG_OP_EXISTS)
		return is_narrowed(selector, demand) || all_allow(selector, demand, NULL);
	pg_array_foreach(value, &demand->values) {
		if (all_allow(selector, demand, *value))
			return true;
	}
	return false;
}

static size_t count_words(const struct pg_selector *selector)
{
	size_t words = selector->requirements.count;

	pg_array_foreach(requirement, &selector->requirements)
		words += requirement->values.count;
	return words;
}

bool pg_lint_is_impossible(const struct pg_selector *selector)
{
	if (count_words(selector) > WORDS_MAX)
		return false;
	pg_array_foreach(demand, &selector->requirements) {
		if (is_positive(demand) && !can_be_met(selector, demand))
			return true;
	}
	return false;
}
