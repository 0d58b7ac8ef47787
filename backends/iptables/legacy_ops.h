/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * libiptc has every function twice, for struct ipt_entry and for struct ip6t_entry. Here they are one
 * set of functions a family. Positions count from 0; functions that return int return 0 for failure
 * and set errno, as in libiptc.
 */
#ifndef PG_BACKENDS_IPTABLES_LEGACY_OPS_H
#define PG_BACKENDS_IPTABLES_LEGACY_OPS_H

#include <libiptc/xtcshared.h>

#include "compat/util.h"

struct pg_xt_ops {
	uint8_t family;
	const char *tables; /* file with the names of the tables that this namespace has */
	const char *module; /* of the kernel, for where it isn't built in */

	struct xtc_handle *(*init)(const char *table);
	void (*free)(struct xtc_handle *handle);
	int (*commit)(struct xtc_handle *handle);

	const char *(*first_chain)(struct xtc_handle *handle);
	const char *(*next_chain)(struct xtc_handle *handle);
	int (*is_chain)(const char *chain, struct xtc_handle *handle);
	/* NULL: not a built-in chain. */
	const char *(*get_policy)(const char *chain, struct xt_counters *counters,
				  struct xtc_handle *handle);
	int (*set_policy)(const char *chain, const char *policy, struct xt_counters *counters,
			  struct xtc_handle *handle);
	int (*create_chain)(const char *chain, struct xtc_handle *handle);
	int (*flush_chain)(const char *chain, struct xtc_handle *handle);
	int (*delete_chain)(const char *chain, struct xtc_handle *handle);

	const void *(*first_rule)(const char *chain, struct xtc_handle *handle);
	const void *(*next_rule)(const void *entry, struct xtc_handle *handle);
	const char *(*target)(const void *entry, struct xtc_handle *handle);
	int (*append)(const char *chain, const void *entry, struct xtc_handle *handle);
	int (*insert)(const char *chain, const void *entry, unsigned int position,
		      struct xtc_handle *handle);
	int (*delete)(const char *chain, unsigned int position, struct xtc_handle *handle);
};

/* 4 or 6. */
const struct pg_xt_ops *pg_xt_ops(uint8_t family);

#endif
