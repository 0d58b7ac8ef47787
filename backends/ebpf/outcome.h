/* SPDX-License-Identifier: GPL-2.0-only */
/* What became of packets, by name: for counters and events. */
#ifndef PG_BACKENDS_EBPF_OUTCOME_H
#define PG_BACKENDS_EBPF_OUTCOME_H

#include "backends/backend.h"
#include "backends/ebpf/bpf/abi.h"

/* "spoofed"; "?" for a number that is none. */
const char *pg_outcome_name(enum pg_outcome outcome);

/* How it is counted: PG_VERDICT_NONE for what no packet is. */
enum pg_verdict pg_outcome_verdict(enum pg_outcome outcome);

#endif
