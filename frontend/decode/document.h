/* SPDX-License-Identifier: GPL-2.0-only */
/* A source as a tree of values, whether it is JSON or YAML. */
#ifndef PG_FRONTEND_DOCUMENT_H
#define PG_FRONTEND_DOCUMENT_H

#include "frontend/decode/json.h"

/*
 * A source whose name ends in .yaml or .yml is YAML, one that ends in .json is JSON; any other
 * (standard input) is JSON if its first character that is no blank is a bracket. Errors: see
 * pg_json_load() and pg_yaml_load().
 */
int pg_document_load(const struct pg_sources *sources, uint32_t source, struct pg_diags *diags,
		     struct pg_json *ret_json);

#endif
