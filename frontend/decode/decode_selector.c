// SPDX-License-Identifier: GPL-2.0-only
/* endpointSelector, fromEndpoints, toEndpoints: matchLabels and matchExpressions. */
#include "frontend/decode/decode_part.h"
#include "frontend/quote.h"

/* An element of matchExpressions before its parts are held against each other. */
struct expression {
	const struct pg_json_value *key, *operator, * values;
};

static const struct pg_field expression_fields[] = {
	PG_FIELD("key", PG_STRING, pg_decode_keep, offsetof(struct expression, key),
		 .required = true),
	PG_FIELD("operator", PG_STRING, pg_decode_keep, offsetof(struct expression, operator),
		 .required = true),
	PG_FIELD("values", PG_ARRAY, pg_decode_keep, offsetof(struct expression, values)),
};

/* The next requirement of a selector, with its key split. Sets *ret_requirement to NULL after an
 * error of the operator's. */
static int add_requirement(struct pg_decoder *decoder, struct pg_selector *selector,
			   const char *key, struct pg_loc key_loc, struct pg_loc loc,
			   struct pg_requirement **ret_requirement)
{
	_cleanup_free_ char *source = NULL, *name = NULL;
	struct pg_requirement *requirement;
	int r = pg_selector_key_parse(key, &source, &name);

	*ret_requirement = NULL;
	if (r == -ENOMEM)
		return r;
	if (r < 0 || strchr(key, '=')) {
		pg_error(decoder->diags, key_loc, "invalid label key '%s'%s",
			 pg_quote(key, strlen(key)).text, r < 0 ? "" : ": keys have no '='");
		return 0;
	}
	if (strlen(key) > PG_LABEL_MAX) {
		pg_error(decoder->diags, key_loc, "label key over %d bytes", PG_LABEL_MAX);
		return 0;
	}
	if (selector->requirements.count >= PG_REQUIREMENTS_MAX) {
		pg_error(decoder->diags, loc, "more than %d requirements in one selector",
			 PG_REQUIREMENTS_MAX);
		return 0;
	}
	requirement = pg_array_add(&selector->requirements);
	if (!requirement)
		return -ENOMEM;
	requirement->source = PG_TAKE(source);
	requirement->key = PG_TAKE(name);
	requirement->loc = loc;
	*ret_requirement = requirement;
	return 0;
}

/* A string; `member` is a struct pg_requirement. */
static int decode_value(struct pg_decoder *decoder, const struct pg_json_value *value, void *member)
{
	struct pg_requirement *requirement = member;
	char **copy;

	if (value->length > PG_LABEL_MAX) {
		pg_error(decoder->diags, value->loc, "label value over %d bytes", PG_LABEL_MAX);
		return 0;
	}
	copy = pg_array_add(&requirement->values);
	if (!copy)
		return -ENOMEM;
	*copy = strdup(value->string);
	return *copy ? 0 : -ENOMEM;
}

/* From the key to the end of the value. */
static struct pg_loc member_loc(const struct pg_json_value *member)
{
	struct pg_loc loc = member->key_loc;

	loc.length = member->loc.offset + member->loc.length - loc.offset;
	return loc;
}

static int decode_match_label(struct pg_decoder *decoder, const struct pg_json_value *value,
			      void *member)
{
	struct pg_requirement *requirement;
	int r = add_requirement(decoder, member, value->key, value->key_loc, member_loc(value),
				&requirement);

	if (r < 0 || !requirement)
		return r;
	requirement->op = PG_OP_IN;
	return decode_value(decoder, value, requirement);
}

/* Names all of them: the one nearest to "NotExists" is "Exists". */
static void report_operator(struct pg_decoder *decoder, const struct pg_json_value *value)
{
	pg_error(decoder->diags, value->loc,
		 "unknown operator '%s'; known are '%s', '%s', '%s', '%s'",
		 pg_quote(value->string, value->length).text, pg_operator_name(PG_OP_IN),
		 pg_operator_name(PG_OP_NOT_IN), pg_operator_name(PG_OP_EXISTS),
		 pg_operator_name(PG_OP_DOES_NOT_EXIST));
}

/* False, and an error: the operator's values are missing, too many, or shouldn't be there. */
static bool check_values(struct pg_decoder *decoder, const struct expression *expression,
			 enum pg_operator op)
{
	const struct pg_json_value *values = expression->values;
	bool wanted = op == PG_OP_IN || op == PG_OP_NOT_IN;
	size_t count = values ? values->count : 0;

	if (wanted == (count > 0) && count <= PG_VALUES_MAX)
		return true;
	if (count > PG_VALUES_MAX)
		pg_error(decoder->diags, values->loc, "more than %d values", PG_VALUES_MAX);
	else
		pg_error(decoder->diags, values ? values->loc : expression->operator->loc,
			 wanted ? "operator '%s' needs values" : "operator '%s' takes no values",
			 pg_operator_name(op));
	return false;
}

static int decode_expression(struct pg_decoder *decoder, const struct pg_json_value *value,
			     void *member)
{
	struct expression expression = { 0 };
	struct pg_requirement *requirement;
	enum pg_operator op;
	int r = pg_decode_fields(decoder, value, expression_fields, PG_COUNT(expression_fields),
				 &expression);

	if (r < 0 || !expression.key || !expression.operator)
		return r;
	if (pg_operator_parse(expression.operator->string, &op) < 0) {
		report_operator(decoder, expression.operator);
		return 0;
	}
	if (!check_values(decoder, &expression, op))
		return 0;
	r = add_requirement(decoder, member, expression.key->string, expression.key->loc,
			    value->loc, &requirement);
	if (r < 0 || !requirement)
		return r;
	requirement->op = op;
	if (!expression.values)
		return 0;
	return pg_decode_elements(decoder, expression.values, PG_STRING, decode_value, requirement);
}

static int decode_match_labels(struct pg_decoder *decoder, const struct pg_json_value *value,
			       void *member)
{
	return pg_decode_members(decoder, value, PG_STRING, decode_match_label, member);
}

static int decode_match_expressions(struct pg_decoder *decoder, const struct pg_json_value *value,
				    void *member)
{
	return pg_decode_elements(decoder, value, PG_OBJECT, decode_expression, member);
}

static const struct pg_field selector_fields[] = {
	PG_FIELD("matchLabels", PG_OBJECT, decode_match_labels, 0),
	PG_FIELD("matchExpressions", PG_ARRAY, decode_match_expressions, 0),
};

int pg_decode_selector(struct pg_decoder *decoder, const struct pg_json_value *value, void *member)
{
	struct pg_selector *selector = member;

	selector->loc = value->loc;
	return pg_decode_fields(decoder, value, selector_fields, PG_COUNT(selector_fields),
				selector);
}

int pg_decode_whole_selector(struct pg_decoder *decoder, const struct pg_json_value *value,
			     void *member)
{
	return pg_decode_with_slack(decoder, PG_SLACK_NONE, value, pg_decode_selector, member);
}
