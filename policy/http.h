/* SPDX-License-Identifier: GPL-2.0-only */
/* HTTP rules: whether a request is one that a list allows. */
#ifndef PG_POLICY_HTTP_H
#define PG_POLICY_HTTP_H

#include "policy/evaluate.h"

/* Whether it compiles (PCRE2's syntax, over bytes): 0, or -EINVAL and in `error` what is wrong. */
int pg_http_regex_check(const char *regex, char error[128]);

/*
 * 1: some rule of the list allows the request, 0: none does, -EDOM: a match limit was reached,
 * -ENOMEM. An empty list allows all. Method, path and host must match in full; the host's case doesn't
 * count, nor does that of headers' names. An expression that doesn't compile matches nothing. The path is normalised first (RFC 3986, 5.2.4 and 6.2.2:
 * dot segments removed, percent-encoded unreserved characters decoded, "//" folded), its query is
 * not part of it.
 */
int pg_http_list_allows(const struct pg_http_list *list, const struct pg_http_request *request);

/* The path as it is matched; the caller frees it. NULL: out of memory. */
char *pg_http_normalise_path(const char *path);

#endif
