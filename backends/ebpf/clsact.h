/* SPDX-License-Identifier: GPL-2.0-only */
/* Filters of a clsact qdisc, tc-bpf(8), for kernels without TCX. */
#ifndef PG_BACKENDS_EBPF_CLSACT_H
#define PG_BACKENDS_EBPF_CLSACT_H

#include "compat/util.h"

/* Makes the qdisc. -EEXIST: there is one. -ENODEV: no such interface. */
int pg_clsact_add_qdisc(uint32_t ifindex);

/* Removes the qdisc unless it holds filters of anybody's. 0 also when there is none. */
int pg_clsact_remove_qdisc(uint32_t ifindex);

/* Adds or replaces our filter of one direction (of the interface: ingress or not). */
int pg_clsact_add(uint32_t ifindex, bool ingress, int program);

/* The id of the program that our filter holds; 0: there is none. */
uint32_t pg_clsact_program(uint32_t ifindex, bool ingress);

int pg_clsact_remove(uint32_t ifindex, bool ingress);

/* How many filters of others there are in one direction. */
int pg_clsact_others(uint32_t ifindex, bool ingress, size_t *ret_count);

#endif
