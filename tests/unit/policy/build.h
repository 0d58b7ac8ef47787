/* SPDX-License-Identifier: GPL-2.0-only */
/* Policies and endpoints made in a line or two. Everything asserts that it worked. */
#ifndef PG_TESTS_UNIT_POLICY_BUILD_H
#define PG_TESTS_UNIT_POLICY_BUILD_H

#include "tests/unit/unit.h"

#include "policy/endpoint.h"
#include "policy/identity.h"
#include "policy/rule.h"

/* "app=web,tier" means {app In (web), tier Exists}; "app=a|b", "app!=a|b" and "!app" too; "" is {}. */
void build_selector(struct pg_selector *selector, const char *text);

/* A rule that closes its subject in both directions or in none. */
struct pg_rule *build_rule(struct pg_policy *policy, const char *subject, bool default_deny);
/* An allow entry of the rule's, without peer field. */
struct pg_entry *build_entry(struct pg_rule *rule, enum pg_direction direction);
struct pg_entry *build_deny(struct pg_rule *rule, enum pg_direction direction);

void build_peer(struct pg_entry *entry, const char *selector);
void build_requires(struct pg_entry *entry, const char *selector);
/* `excepts` may be NULL; else prefixes between commas. */
void build_cidr(struct pg_entry *entry, const char *prefix, const char *excepts);
void build_entities(struct pg_entry *entry, unsigned int entities);
void build_ports(struct pg_entry *entry, pg_proto proto, uint16_t first, uint16_t last);
/* As build_ports(), with a list of one rule that asks for the path. */
void build_http(struct pg_entry *entry, pg_proto proto, uint16_t port, const char *path);

/* Labels as "k8s:app=web,k8s:tier=db"; an address of either family. */
struct pg_endpoint *build_endpoint(struct pg_endpoints *endpoints, const char *name,
				   const char *addr, const char *labels);
struct pg_addr build_addr(const char *text);
struct pg_prefix build_prefix(const char *text);
void build_finish(struct pg_endpoints *endpoints);

/* The identity of an endpoint. */
pg_identity build_id(const struct pg_endpoints *endpoints, const struct pg_identities *identities,
		     const char *name);

#endif
