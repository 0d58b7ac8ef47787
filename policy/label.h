/* SPDX-License-Identifier: GPL-2.0-only */
/* Labels and label sets: `source:key=value`. */
#ifndef PG_POLICY_LABEL_H
#define PG_POLICY_LABEL_H

#include "compat/strbuf.h"

#define PG_LABEL_MAX  4096 /* bytes of one label in text form */
#define PG_LABELS_MAX 1024 /* labels of one endpoint */

/* Any bytes but NUL are possible: labels come from outside. The struct owns its strings. */
struct pg_label {
	char *source; /* "container", "k8s", "reserved", ...; never empty */
	char *key;    /* never empty */
	char *value;  /* may be empty */
	size_t order; /* pg_labels_sort()'s own: where it stood before */
};

/* Sorted by source, key, value once pg_labels_sort() ran; at most one of each source and key. */
struct pg_labels {
	struct pg_array(struct pg_label) list;
};

void pg_labels_done(struct pg_labels *labels);
#define _cleanup_labels_ PG_CLEANUP(pg_labels_done)

/*
 * Parses "source:key=value" and appends. Without a source, `default_source` is it ("unspec" for
 * files, "container" for Docker). The source ends at the first ':' before any '='.
 * -EINVAL: empty key or source. -E2BIG: over PG_LABEL_MAX or PG_LABELS_MAX. -ENOMEM.
 */
int pg_labels_parse(struct pg_labels *labels, const char *text, const char *default_source);
/* Appends copies. Errors as above. */
int pg_labels_add(struct pg_labels *labels, const char *source, const char *key, const char *value);
int pg_labels_copy(const struct pg_labels *labels, struct pg_labels *ret_copy);

/* Sorts; of two labels with one source and key the later one in the list stays. */
void pg_labels_sort(struct pg_labels *labels);
/* Both sorted. <0, 0, >0. */
int pg_labels_compare(const struct pg_labels *a, const struct pg_labels *b);

/* "container:app=web,container:tier=front", escaped for people. */
void pg_labels_format(const struct pg_labels *labels, struct pg_strbuf *buf);

#endif
