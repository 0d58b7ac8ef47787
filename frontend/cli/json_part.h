/* SPDX-License-Identifier: GPL-2.0-only */
/* What reports for programs have in common. */
#ifndef PG_FRONTEND_CLI_JSON_PART_H
#define PG_FRONTEND_CLI_JSON_PART_H

#include <jansson.h>

#include "policy/label.h"

json_t *pg_text_to_json(const struct pg_strbuf *text);
/* An array of labels as people write them. */
json_t *pg_labels_to_json(const struct pg_labels *labels);

#endif
