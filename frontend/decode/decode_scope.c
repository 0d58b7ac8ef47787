// SPDX-License-Identifier: GPL-2.0-only
/* Namespaces of Kubernetes objects, as requirements of selectors. */
#include "frontend/decode/decode_object.h"
#include "frontend/quote.h"

int pg_object_require(struct pg_selector *selector, const char *source, const char *key,
		      enum pg_operator op, const char *value, struct pg_loc loc)
{
	struct pg_requirement *requirement = pg_array_add(&selector->requirements);
	char **copy;

	if (!requirement)
		return -ENOMEM;
	requirement->op = op;
	requirement->loc = loc;
	requirement->source = source ? strdup(source) : NULL;
	requirement->key = strdup(key);
	if (!requirement->key || (source && !requirement->source))
		return -ENOMEM;
	if (!value)
		return 0;
	copy = pg_array_add(&requirement->values);
	if (!copy)
		return -ENOMEM;
	*copy = strdup(value);
	return *copy ? 0 : -ENOMEM;
}

static const struct pg_requirement *find_namespace(const struct pg_selector *selector)
{
	pg_array_foreach(requirement, &selector->requirements) {
		if (!strcmp(requirement->key, PG_NAMESPACE_LABEL))
			return requirement;
	}
	return NULL;
}

/* Whether an endpoint of the namespace may meet this. */
static bool admits(const struct pg_requirement *requirement, const char *namespace)
{
	bool named = false;

	pg_array_foreach(value, &requirement->values)
		named = named || !strcmp(*value, namespace);
	if (requirement->op == PG_OP_IN)
		return named;
	return requirement->op == PG_OP_EXISTS || (requirement->op == PG_OP_NOT_IN && !named);
}

/* The subject's own word on the namespace gives the source. */
int pg_object_limit_subject(struct pg_decoder *decoder, const struct pg_object *object,
			    struct pg_selector *subject)
{
	const struct pg_requirement *own = find_namespace(subject);
	_cleanup_free_ char *source = NULL;

	if (!object->namespace)
		return 0;
	if (own && !admits(own, object->namespace->string)) {
		pg_error(decoder->diags, own->loc,
			 "a policy of the namespace '%s' selects no endpoint of another",
			 pg_quote(object->namespace->string, object->namespace->length).text);
		pg_note(decoder->diags, object->namespace->loc, "the policy's namespace is here");
		return 0;
	}
	if (own && own->source) {
		source = strdup(own->source);
		if (!source)
			return -ENOMEM;
	}
	return pg_object_require(subject, source, PG_NAMESPACE_LABEL, PG_OP_IN,
				 object->namespace->string, object->namespace->loc);
}

/* Asks for something that is not an endpoint, or for labels of a namespace. */
static bool has_scope(const struct pg_selector *selector)
{
	pg_array_foreach(requirement, &selector->requirements) {
		if (requirement->source && !strcmp(requirement->source, "reserved"))
			return true;
		if (!strncmp(requirement->key, PG_NAMESPACE_LABELS, strlen(PG_NAMESPACE_LABELS)))
			return true;
	}
	return false;
}

/* Only endpoints have none of these labels: what is in a CIDR has that of the world. */
static int limit_to_endpoints(struct pg_selector *selector)
{
	static const char *const others[] = { "host", "remote-node", "world" };
	int r = 0;

	for (size_t i = 0; i < PG_COUNT(others) && r == 0; i++)
		r = pg_object_require(selector, "reserved", others[i], PG_OP_DOES_NOT_EXIST, NULL,
				      selector->loc);
	return r;
}

int pg_object_limit_selector(const struct pg_object *object, struct pg_selector *selector)
{
	if (find_namespace(selector) || has_scope(selector))
		return 0;
	if (!object->namespace)
		return limit_to_endpoints(selector);
	return pg_object_require(selector, NULL, PG_NAMESPACE_LABEL, PG_OP_IN,
				 object->namespace->string, object->namespace->loc);
}

int pg_object_limit_peers(const struct pg_object *object, struct pg_peers *peers)
{
	int r = 0;

	pg_array_foreach(selector, &peers->endpoints)
		r = r ? r : pg_object_limit_selector(object, selector);
	pg_array_foreach(selector, &peers->requires)
		r = r ? r : pg_object_limit_selector(object, selector);
	return r;
}

static int add_label(struct pg_rule *rule, const char *key, const char *value)
{
	int r = pg_labels_add(&rule->labels, "k8s", key, value);

	/* Too long or too many for a label: the rule is none the worse without. */
	return r == -ENOMEM ? r : 0;
}

int pg_object_name_rule(const struct pg_object *object, struct pg_rule *rule)
{
	int r = add_label(rule, "io.cilium.k8s.policy.derived-from", object->kind);

	if (r == 0 && object->name)
		r = add_label(rule, "io.cilium.k8s.policy.name", object->name->string);
	if (r == 0 && object->namespace)
		r = add_label(rule, "io.cilium.k8s.policy.namespace", object->namespace->string);
	pg_labels_sort(&rule->labels);
	return r;
}
