/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * YAML text as the same tree of values that JSON gives, with the same exact places. What Kubernetes
 * takes, and no more of YAML than JSON can say: no anchors, aliases, tags or merge keys, keys are
 * strings. libyaml parses; its marks say where everything is.
 */
#ifndef PG_FRONTEND_YAML_H
#define PG_FRONTEND_YAML_H

#include "frontend/decode/json.h"

/*
 * Parses one source. If it has several documents they become one array, and `documents` is set. Plain scalars are
 * what YAML 1.2's core schema makes of them; words that are booleans to older YAML only (yes, no, on,
 * off, y, n) are errors, since readers disagree about them. -EINVAL: the error in `diags` says where
 * and what; limits are those of JSON. -ENOMEM.
 */
int pg_yaml_load(const struct pg_sources *sources, uint32_t source, struct pg_diags *diags,
		 struct pg_json *ret_json);

#endif
