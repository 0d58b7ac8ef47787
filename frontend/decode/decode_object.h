/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a Kubernetes object says of all its rules. Where it has a namespace, its selectors mean
 * endpoints of that namespace; on a Docker host that is those with a label of this name, as
 * Cilium's agent gives it to pods.
 */
#ifndef PG_FRONTEND_DECODE_OBJECT_H
#define PG_FRONTEND_DECODE_OBJECT_H

#include "frontend/decode/decode_part.h"

#define PG_NAMESPACE_LABEL "io.kubernetes.pod.namespace"

/* The prefix of what stands for the labels of a namespace itself. */
#define PG_NAMESPACE_LABELS "io.cilium.k8s.namespace.labels"

struct pg_object {
	const char *kind;
	const struct pg_json_value *name, *namespace; /* strings; NULL: not given */
};

/* The spec of a NetworkPolicy, an object. */
int pg_decode_network_policy(struct pg_decoder *decoder, const struct pg_json_value *value,
			     const struct pg_object *object, struct pg_policy *policy);

/* Its `from` or `to`; everybody if that is empty or NULL. `entry` has its place. */
int pg_decode_network_peers(struct pg_decoder *decoder, const struct pg_json_value *value,
			    const struct pg_object *object, struct pg_entry *entry);

/* Adds a requirement; `value` may be NULL. -ENOMEM. */
int pg_object_require(struct pg_selector *selector, const char *source, const char *key,
		      enum pg_operator op, const char *value, struct pg_loc loc);

/* Limits the subject to the object's namespace; an error if it asks for another one. */
int pg_object_limit_subject(struct pg_decoder *decoder, const struct pg_object *object,
			    struct pg_selector *subject);

/*
 * Limits a peer's selector that says nothing of namespaces, as Cilium does: to the object's
 * namespace; where it has none, to endpoints, since {} in an object never means the world.
 */
int pg_object_limit_selector(const struct pg_object *object, struct pg_selector *selector);
/* The same for all selectors of an entry. */
int pg_object_limit_peers(const struct pg_object *object, struct pg_peers *peers);

/* Puts the labels on the rule that Cilium gives it: kind, name and namespace. */
int pg_object_name_rule(const struct pg_object *object, struct pg_rule *rule);

#endif
