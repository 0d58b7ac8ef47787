// SPDX-License-Identifier: GPL-2.0-only
/* A policy: a list of rules. */
#include "frontend/decode/decode_part.h"
#include "frontend/decode/document.h"

/* One section's elements on their way into the rule. */
struct section {
	struct pg_rule *rule;
	enum pg_direction direction;
	bool deny;
};

/* `member` is a struct section. */
static int decode_section_entry(struct pg_decoder *decoder, const struct pg_json_value *value,
				void *member)
{
	const struct section *section = member;
	struct pg_entry *entry = pg_array_add(&section->rule->entries);

	if (!entry)
		return -ENOMEM;
	entry->direction = section->direction;
	entry->deny = section->deny;
	return pg_decode_entry(decoder, value, entry);
}

/*
 * As in Cilium, an empty section is as good as none: the rule says nothing of that direction. To
 * close it takes an empty entry, and whoever leaves that out is told.
 */
static int decode_section(struct pg_decoder *decoder, const struct pg_json_value *value,
			  struct section section)
{
	if (!value->count) {
		pg_warning(decoder->diags, value->loc,
			   section.deny
				   ? "an empty '%s' denies nothing and closes nothing"
				   : "an empty '%s' closes nothing; to deny everything write [{}]",
			   value->key);
		return 0;
	}
	section.rule->default_deny[section.direction] = true;
	return pg_decode_elements(decoder, value, PG_OBJECT, decode_section_entry, &section);
}

static int decode_ingress(struct pg_decoder *decoder, const struct pg_json_value *value,
			  void *member)
{
	return decode_section(decoder, value, (struct section){ member, PG_INGRESS, false });
}

static int decode_egress(struct pg_decoder *decoder, const struct pg_json_value *value,
			 void *member)
{
	return decode_section(decoder, value, (struct section){ member, PG_EGRESS, false });
}

static int decode_ingress_deny(struct pg_decoder *decoder, const struct pg_json_value *value,
			       void *member)
{
	return decode_section(decoder, value, (struct section){ member, PG_INGRESS, true });
}

static int decode_egress_deny(struct pg_decoder *decoder, const struct pg_json_value *value,
			      void *member)
{
	return decode_section(decoder, value, (struct section){ member, PG_EGRESS, true });
}

/* Waits until the sections are decoded, in whichever order the file has them. */
static int decode_later(struct pg_decoder *decoder, const struct pg_json_value *value, void *member)
{
	(void)decoder;
	(void)value;
	(void)member;
	return 0;
}

static const struct pg_field default_deny_fields[] = {
	PG_FIELD("ingress", PG_BOOLEAN, pg_decode_boolean,
		 offsetof(struct pg_rule, default_deny[PG_INGRESS]), .essential = true),
	PG_FIELD("egress", PG_BOOLEAN, pg_decode_boolean,
		 offsetof(struct pg_rule, default_deny[PG_EGRESS]), .essential = true),
};

/* What enableDefaultDeny says comes before what the sections would mean without it. */
static int decode_default_deny(struct pg_decoder *decoder, const struct pg_json_value *value,
			       struct pg_rule *rule)
{
	const struct pg_json_value *enable = pg_json_member(value, "enableDefaultDeny");

	if (!enable || enable->kind != PG_JSON_OBJECT)
		return 0;
	return pg_decode_fields(decoder, enable, default_deny_fields, PG_COUNT(default_deny_fields),
				rule);
}

static int decode_labels(struct pg_decoder *decoder, const struct pg_json_value *value,
			 void *member)
{
	int r = pg_decode_elements(decoder, value, PG_STRING | PG_OBJECT, pg_decode_label, member);

	if (r < 0)
		return r;
	pg_labels_sort(member);
	return 0;
}

static const struct pg_field rule_fields[] = {
	PG_FIELD("endpointSelector", PG_OBJECT, pg_decode_whole_selector,
		 offsetof(struct pg_rule, subject), .required = true, .former = PG_ARRAY),
	PG_FIELD("ingress", PG_ARRAY, decode_ingress, 0, .essential = true,
		 .without = "it closes nothing"),
	PG_FIELD("egress", PG_ARRAY, decode_egress, 0, .essential = true,
		 .without = "it closes nothing"),
	PG_FIELD("ingressDeny", PG_ARRAY, decode_ingress_deny, 0, .essential = true,
		 .without = "it denies nothing and closes nothing"),
	PG_FIELD("egressDeny", PG_ARRAY, decode_egress_deny, 0, .essential = true,
		 .without = "it denies nothing and closes nothing"),
	PG_FIELD("enableDefaultDeny", PG_OBJECT, decode_later, 0, .essential = true),
	PG_FIELD("labels", PG_ARRAY, decode_labels, offsetof(struct pg_rule, labels)),
	PG_FIELD("description", PG_STRING, pg_decode_string, offsetof(struct pg_rule, description)),
	PG_UNSUPPORTED("nodeSelector"),
	PG_UNSUPPORTED("log", .harmless = true),
	/* Of the trees that policies were before Cilium 0.9. */
	PG_UNSUPPORTED("name", .harmless = true),
	PG_UNSUPPORTED("children"),
	PG_UNSUPPORTED("rules"),
};

/* With --lenient: a rule for hosts says nothing of endpoints, and is left out. */
static bool is_for_nodes(struct pg_decoder *decoder, const struct pg_json_value *value)
{
	const struct pg_json_value *nodes = pg_json_member(value, "nodeSelector");

	if (!decoder->lenient || !nodes || pg_json_member(value, "endpointSelector"))
		return false;
	if (decoder->nulls && nodes->kind == PG_JSON_NULL)
		return false;
	pg_warning(decoder->diags, nodes->key_loc, "unsupported feature: 'nodeSelector'");
	pg_note(decoder->diags, pg_json_opening(value),
		"so this rule is left out: it is about hosts, not about endpoints");
	return true;
}

int pg_decode_rule(struct pg_decoder *decoder, const struct pg_json_value *value, void *member)
{
	struct pg_policy *policy = member;
	struct pg_rule *rule;
	int r;

	if (is_for_nodes(decoder, value))
		return 0;
	rule = pg_array_add(&policy->rules);
	if (!rule)
		return -ENOMEM;
	rule->loc = value->loc;
	r = pg_decode_fields(decoder, value, rule_fields, PG_COUNT(rule_fields), rule);
	return r < 0 ? r : decode_default_deny(decoder, value, rule);
}

/* `member` is a struct pg_policy. */
static int decode_rule_or_object(struct pg_decoder *decoder, const struct pg_json_value *value,
				 void *member)
{
	return pg_decode_is_object(value) ? pg_decode_object(decoder, value, member)
					  : pg_decode_rule(decoder, value, member);
}

int pg_decode_rules(struct pg_decoder *decoder, const struct pg_json_value *value, void *member)
{
	if (value->kind == PG_JSON_OBJECT)
		return decode_rule_or_object(decoder, value, member);
	return pg_decode_elements(decoder, value, PG_OBJECT, decode_rule_or_object, member);
}

/* Each is what a whole file could be, or nothing: a '---' too many does no harm. */
static int decode_documents(struct pg_decoder *decoder, const struct pg_json_value *documents,
			    struct pg_policy *policy)
{
	int r = 0;

	pg_json_foreach(document, documents) {
		if (document->kind == PG_JSON_NULL)
			continue;
		if (pg_decode_expect(decoder, document, PG_ARRAY | PG_OBJECT, "a document"))
			r = pg_decode_rules(decoder, document, policy);
		if (r < 0)
			return r;
	}
	return 0;
}

static int decode_root(struct pg_decoder *decoder, const struct pg_json *json,
		       struct pg_policy *policy)
{
	if (json->documents)
		return decode_documents(decoder, json->values, policy);
	if (!pg_decode_expect(decoder, json->values, PG_ARRAY | PG_OBJECT, "a policy"))
		return 0;
	return pg_decode_rules(decoder, json->values, policy);
}

int pg_decode_policy(const struct pg_sources *sources, uint32_t source,
		     const struct pg_decode_options *options, struct pg_diags *diags,
		     struct pg_policy *policy)
{
	struct pg_decoder decoder = { .diags = diags, .lenient = options->lenient };
	_cleanup_json_ struct pg_json json = { 0 };
	size_t errors = diags->errors;
	int r = pg_document_load(sources, source, diags, &json);

	if (r == 0)
		r = decode_root(&decoder, &json, policy);
	if (r < 0)
		return r;
	return diags->errors > errors ? -EINVAL : 0;
}
