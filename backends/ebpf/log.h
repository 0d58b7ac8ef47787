/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What libbpf says, the verifier's log included: kept instead of printed, of each thread its own.
 */
#ifndef PG_BACKENDS_EBPF_LOG_H
#define PG_BACKENDS_EBPF_LOG_H

#include "compat/strbuf.h"
#include "policy/diag.h"

/* From here on libbpf is silent. */
void pg_bpf_log_init(void);

/* Forgets what was said so far. */
void pg_bpf_log_clear(void);

/* Adds the last lines of what was said since, as notes. */
void pg_bpf_log_report(struct pg_diags *diags);

#endif
