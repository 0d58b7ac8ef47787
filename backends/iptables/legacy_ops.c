// SPDX-License-Identifier: GPL-2.0-only
#include "backends/iptables/legacy_ops.h"

#include <libiptc/libip6tc.h>
#include <libiptc/libiptc.h>

#define WRAP(lib, entry_type)                                                                     \
	static int lib##_is_chain_(const char *chain, struct xtc_handle *handle)                  \
	{                                                                                         \
		return lib##_is_chain(chain, handle);                                             \
	}                                                                                         \
	static const void *lib##_first_rule_(const char *chain, struct xtc_handle *handle)        \
	{                                                                                         \
		return lib##_first_rule(chain, handle);                                           \
	}                                                                                         \
	static const void *lib##_next_rule_(const void *entry, struct xtc_handle *handle)         \
	{                                                                                         \
		return lib##_next_rule(entry, handle);                                            \
	}                                                                                         \
	static const char *lib##_target_(const void *entry, struct xtc_handle *handle)            \
	{                                                                                         \
		return lib##_get_target(entry, handle);                                           \
	}                                                                                         \
	static int lib##_append_(const char *chain, const void *entry, struct xtc_handle *handle) \
	{                                                                                         \
		return lib##_append_entry(chain, (const struct entry_type *)entry, handle);       \
	}                                                                                         \
	static int lib##_insert_(const char *chain, const void *entry, unsigned int position,     \
				 struct xtc_handle *handle)                                       \
	{                                                                                         \
		return lib##_insert_entry(chain, entry, position, handle);                        \
	}                                                                                         \
	static const struct pg_xt_ops lib##_ops_set

#define SET(lib, number, file, name)                                                             \
	{                                                                                        \
		.family = number, .tables = file, .module = name, .init = lib##_init,            \
		.free = lib##_free, .commit = lib##_commit, .first_chain = lib##_first_chain,    \
		.next_chain = lib##_next_chain, .is_chain = lib##_is_chain_,                     \
		.create_chain = lib##_create_chain, .get_policy = lib##_get_policy,              \
		.set_policy = lib##_set_policy, .flush_chain = lib##_flush_entries,              \
		.delete_chain = lib##_delete_chain, .first_rule = lib##_first_rule_,             \
		.next_rule = lib##_next_rule_, .target = lib##_target_, .append = lib##_append_, \
		.insert = lib##_insert_, .delete = lib##_delete_num_entry,                       \
	}

WRAP(iptc, ipt_entry) = SET(iptc, 4, "/proc/thread-self/net/ip_tables_names", "ip_tables");
WRAP(ip6tc, ip6t_entry) = SET(ip6tc, 6, "/proc/thread-self/net/ip6_tables_names", "ip6_tables");

const struct pg_xt_ops *pg_xt_ops(uint8_t family)
{
	return family == 4 ? &iptc_ops_set : &ip6tc_ops_set;
}
