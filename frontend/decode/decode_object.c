// SPDX-License-Identifier: GPL-2.0-only
/* Kubernetes objects that carry policies: what is around their rules. */
#include "frontend/decode/decode_object.h"

#include "frontend/quote.h"

/* The members of every kind of object that polgen takes. */
struct members {
	struct pg_object object;
	const struct pg_json_value *api_version, *spec, *specs, *items;
};

static int ignore(struct pg_decoder *decoder, const struct pg_json_value *value, void *member)
{
	(void)decoder;
	(void)value;
	(void)member;
	return 0;
}

/* What an operator writes, and what the API server adds. */
static const struct pg_field metadata_fields[] = {
	PG_FIELD("name", PG_STRING, pg_decode_keep, offsetof(struct pg_object, name)),
	PG_FIELD("namespace", PG_STRING, pg_decode_keep, offsetof(struct pg_object, namespace),
		 .essential = true),
	PG_FIELD("labels", PG_OBJECT, ignore, 0, .null_is_usual = true),
	PG_FIELD("annotations", PG_OBJECT, ignore, 0, .null_is_usual = true),
	PG_FIELD("description", PG_STRING, ignore, 0, .null_is_usual = true),
	PG_FIELD("creationTimestamp", 0, ignore, 0),
	PG_FIELD("deletionGracePeriodSeconds", 0, ignore, 0),
	PG_FIELD("deletionTimestamp", 0, ignore, 0),
	PG_FIELD("finalizers", 0, ignore, 0),
	PG_FIELD("generateName", 0, ignore, 0),
	PG_FIELD("generation", 0, ignore, 0),
	PG_FIELD("managedFields", 0, ignore, 0),
	PG_FIELD("ownerReferences", 0, ignore, 0),
	PG_FIELD("resourceVersion", 0, ignore, 0),
	PG_FIELD("selfLink", 0, ignore, 0),
	PG_FIELD("uid", 0, ignore, 0),
};

static int decode_metadata(struct pg_decoder *decoder, const struct pg_json_value *value,
			   void *member)
{
	return pg_decode_fields(decoder, value, metadata_fields, PG_COUNT(metadata_fields), member);
}

#define API_VERSION \
	PG_FIELD("apiVersion", PG_STRING, pg_decode_keep, offsetof(struct members, api_version))
#define KIND	 PG_FIELD("kind", PG_STRING, ignore, 0)
#define METADATA PG_FIELD("metadata", PG_OBJECT, decode_metadata, offsetof(struct members, object))

static const struct pg_field cilium_fields[] = {
	API_VERSION,
	KIND,
	METADATA,
	PG_FIELD("spec", PG_OBJECT, pg_decode_keep, offsetof(struct members, spec),
		 .essential = true),
	PG_FIELD("specs", PG_ARRAY, pg_decode_keep, offsetof(struct members, specs),
		 .essential = true),
	PG_FIELD("description", PG_STRING, ignore, 0, .null_is_usual = true),
	PG_FIELD("status", 0, ignore, 0),
};

static const struct pg_field network_policy_fields[] = {
	API_VERSION,
	KIND,
	METADATA,
	PG_FIELD("spec", PG_OBJECT, pg_decode_keep, offsetof(struct members, spec),
		 .required = true),
	PG_FIELD("status", 0, ignore, 0),
};

static const struct pg_field list_fields[] = {
	API_VERSION,
	KIND,
	PG_FIELD("metadata", PG_OBJECT, ignore, 0),
	PG_FIELD("items", PG_ARRAY, pg_decode_keep, offsetof(struct members, items),
		 .required = true),
};

struct rules {
	const struct pg_object *object;
	struct pg_policy *policy;
};

/* `member` is a struct rules. */
static int decode_spec(struct pg_decoder *decoder, const struct pg_json_value *value, void *member)
{
	const struct rules *rules = member;
	size_t known = rules->policy->rules.count;
	struct pg_rule *rule;
	int r = pg_decode_rule(decoder, value, rules->policy);

	if (r < 0 || rules->policy->rules.count == known)
		return r;
	rule = &rules->policy->rules.items[rules->policy->rules.count - 1];
	r = pg_object_limit_subject(decoder, rules->object, &rule->subject);
	if (r < 0)
		return r;
	pg_array_foreach(entry, &rule->entries) {
		r = pg_object_limit_peers(rules->object, &entry->peers);
		if (r < 0)
			return r;
	}
	return pg_object_name_rule(rules->object, rule);
}

/* Also not as a null. */
static bool is_given(const struct pg_json_value *object, const char *field)
{
	const struct pg_json_value *value = pg_json_member(object, field);

	return value && value->kind != PG_JSON_NULL;
}

static int decode_cilium(struct pg_decoder *decoder, const struct pg_json_value *value,
			 const struct members *members, struct pg_policy *policy)
{
	struct rules rules = { .object = &members->object, .policy = policy };
	int r = 0;

	if (!is_given(value, "spec") && !is_given(value, "specs"))
		pg_error(decoder->diags, pg_json_opening(value), "missing field 'spec'");
	if (members->spec)
		r = decode_spec(decoder, members->spec, &rules);
	if (r == 0 && members->specs)
		r = pg_decode_elements(decoder, members->specs, PG_OBJECT, decode_spec, &rules);
	return r;
}

static int decode_clusterwide(struct pg_decoder *decoder, const struct pg_json_value *value,
			      const struct members *members, struct pg_policy *policy)
{
	const struct pg_json_value *namespace = members->object.namespace;

	if (namespace)
		pg_error(decoder->diags, namespace->key_loc,
			 "'namespace' cannot be given for a '%s'", members->object.kind);
	return decode_cilium(decoder, value, members, policy);
}

static int decode_network_policy(struct pg_decoder *decoder, const struct pg_json_value *value,
				 const struct members *members, struct pg_policy *policy)
{
	(void)value;
	if (!members->spec)
		return 0;
	return pg_decode_network_policy(decoder, members->spec, &members->object, policy);
}

/* `kind` is what the list's elements are: the API server doesn't say it once more in each. */
struct list {
	const char *kind;
	struct pg_policy *policy;
};

static int decode_object(struct pg_decoder *decoder, const struct pg_json_value *value,
			 const char *kind, struct pg_policy *policy);

/* `member` is a struct list. */
static int decode_item(struct pg_decoder *decoder, const struct pg_json_value *value, void *member)
{
	const struct list *list = member;

	return decode_object(decoder, value, list->kind, list->policy);
}

static int decode_kind_list(struct pg_decoder *decoder, const struct pg_json_value *value,
			    const struct members *members, struct pg_policy *policy)
{
	size_t length = strlen(members->object.kind) - strlen("List");
	_cleanup_free_ char *kind = strndup(members->object.kind, length);
	struct list list = { kind, policy };

	(void)value;
	if (!kind)
		return -ENOMEM;
	if (!members->items)
		return 0;
	return pg_decode_elements(decoder, members->items, PG_OBJECT, decode_item, &list);
}

static int decode_list(struct pg_decoder *decoder, const struct pg_json_value *value,
		       const struct members *members, struct pg_policy *policy)
{
	(void)value;
	decoder->nulls = false;
	return members->items ? pg_decode_rules(decoder, members->items, policy) : 0;
}

static const struct kind {
	const char *name, *api_version;
	const struct pg_field *fields;
	size_t count;
	int (*decode)(struct pg_decoder *decoder, const struct pg_json_value *value,
		      const struct members *members, struct pg_policy *policy);
} kinds[] = {
	{ "CiliumNetworkPolicy", "cilium.io/v2", cilium_fields, PG_COUNT(cilium_fields),
	  decode_cilium },
	{ "CiliumClusterwideNetworkPolicy", "cilium.io/v2", cilium_fields, PG_COUNT(cilium_fields),
	  decode_clusterwide },
	{ "NetworkPolicy", "networking.k8s.io/v1", network_policy_fields,
	  PG_COUNT(network_policy_fields), decode_network_policy },
	{ "CiliumNetworkPolicyList", "cilium.io/v2", list_fields, PG_COUNT(list_fields),
	  decode_kind_list },
	{ "CiliumClusterwideNetworkPolicyList", "cilium.io/v2", list_fields, PG_COUNT(list_fields),
	  decode_kind_list },
	{ "NetworkPolicyList", "networking.k8s.io/v1", list_fields, PG_COUNT(list_fields),
	  decode_kind_list },
	{ "List", "v1", list_fields, PG_COUNT(list_fields), decode_list },
};

static const struct kind *kind_named(const char *name)
{
	for (size_t i = 0; i < PG_COUNT(kinds); i++) {
		if (!strcmp(kinds[i].name, name))
			return &kinds[i];
	}
	return NULL;
}

static void report_kind(struct pg_decoder *decoder, const struct pg_json_value *kind)
{
	const char *names[PG_COUNT(kinds)];

	for (size_t i = 0; i < PG_COUNT(kinds); i++)
		names[i] = kinds[i].name;
	pg_decode_unknown_word(decoder, kind, "kind", names, PG_COUNT(kinds));
}

/* NULL, and an error: there is none, or polgen doesn't take such objects. `default_kind` may be NULL. */
static const struct kind *find_kind(struct pg_decoder *decoder, const struct pg_json_value *object,
				    const char *default_kind)
{
	const struct pg_json_value *kind = pg_json_member(object, "kind");
	const struct kind *found;

	if (!kind && default_kind)
		return kind_named(default_kind);
	if (!kind) {
		pg_error(decoder->diags, pg_json_opening(object), "missing field 'kind'");
		return NULL;
	}
	if (!pg_decode_expect(decoder, kind, PG_STRING, "'kind'"))
		return NULL;
	found = kind_named(kind->string);
	if (!found)
		report_kind(decoder, kind);
	return found;
}

static void check_version(struct pg_decoder *decoder, const struct kind *kind,
			  const struct pg_json_value *version)
{
	if (strcmp(version->string, kind->api_version))
		pg_error(decoder->diags, version->loc,
			 "unsupported version '%s' of '%s'; polgen reads '%s'",
			 pg_quote(version->string, version->length).text, kind->name,
			 kind->api_version);
}

bool pg_decode_is_object(const struct pg_json_value *value)
{
	return !pg_json_member(value, "endpointSelector") &&
	       (pg_json_member(value, "apiVersion") || pg_json_member(value, "kind"));
}

static int decode_members(struct pg_decoder *decoder, const struct pg_json_value *value,
			  const struct kind *kind, bool has_version, struct pg_policy *policy)
{
	struct members members = { .object.kind = kind->name };
	int r = pg_decode_fields(decoder, value, kind->fields, kind->count, &members);

	if (r < 0)
		return r;
	if (members.api_version)
		check_version(decoder, kind, members.api_version);
	else if (!has_version && !is_given(value, "apiVersion"))
		pg_error(decoder->diags, pg_json_opening(value), "missing field 'apiVersion'");
	return kind->decode(decoder, value, &members, policy);
}

/* `default_kind` is what the object is if it doesn't say so; NULL: it must. */
static int decode_object(struct pg_decoder *decoder, const struct pg_json_value *value,
			 const char *default_kind, struct pg_policy *policy)
{
	const struct kind *kind = find_kind(decoder, value, default_kind);
	bool nulls = decoder->nulls;
	int r;

	if (!kind)
		return 0;
	decoder->nulls = true;
	r = decode_members(decoder, value, kind, default_kind != NULL, policy);
	decoder->nulls = nulls;
	return r;
}

int pg_decode_object(struct pg_decoder *decoder, const struct pg_json_value *value, void *member)
{
	return decode_object(decoder, value, NULL, member);
}
