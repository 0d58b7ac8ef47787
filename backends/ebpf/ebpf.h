/* SPDX-License-Identifier: GPL-2.0-only */
/* What the files of this backend share: the handle, and the functions of the seam. */
#ifndef PG_BACKENDS_EBPF_EBPF_H
#define PG_BACKENDS_EBPF_EBPF_H

#include "backends/ebpf/entry.h"
#include "compat/bpffs.h"

enum pg_attach_mode {
	PG_ATTACH_PROBE, /* TCX where the kernel has it, else clsact */
	PG_ATTACH_TCX,
	PG_ATTACH_CLSACT,
};

struct pg_known; /* known.h */

struct pg_backend_handle {
	bool kernel;
	enum pg_attach_mode attach;
	uint32_t flows;		       /* of each family; 0: not asked for */
	char bpffs[PG_BPFFS_PATH];     /* where the lock is */
	char parent[PG_BPFFS_PATH];    /* <bpffs>/polgen */
	char directory[PG_BPFFS_PATH]; /* <bpffs>/polgen/<inode of the network namespace> */
	uint64_t cookie; /* of the network namespace, which no other ever has; 0: not known */
	struct pg_known *known; /* what live() read, as commits keep it; NULL: it has not */
	uint64_t flipped; /* when the last commit's policy began to count: ns of CLOCK_MONOTONIC */
};

int pg_ebpf_open(const struct pg_backend_options *options, bool kernel, struct pg_diags *diags,
		 struct pg_backend_handle **ret_handle);
void pg_ebpf_close(struct pg_backend_handle *handle);
int pg_ebpf_plan(struct pg_backend_handle *handle, const struct pg_intent *intent,
		 struct pg_diags *diags, struct pg_objects *ret_desired);
int pg_ebpf_live(struct pg_backend_handle *handle, struct pg_diags *diags,
		 struct pg_objects *ret_live);
int pg_ebpf_check(struct pg_backend_handle *handle, const struct pg_intent *intent,
		  struct pg_diags *diags);
int pg_ebpf_commit(struct pg_backend_handle *handle, const struct pg_intent *intent,
		   const struct pg_objects *desired, const struct pg_diff *diff,
		   struct pg_diags *diags);
int pg_ebpf_render(struct pg_backend_handle *handle, const struct pg_objects *objects,
		   enum pg_render_form form, struct pg_strbuf *buf);
int pg_ebpf_clear(struct pg_backend_handle *handle, struct pg_diags *diags);
int pg_ebpf_status(struct pg_backend_handle *handle, struct pg_diags *diags,
		   struct pg_backend_status *ret_status);
int pg_ebpf_counters(struct pg_backend_handle *handle, struct pg_diags *diags,
		     struct pg_counters *ret_counters);

int pg_ebpf_trace(struct pg_backend_handle *handle, const struct pg_trace_query *query,
		  struct pg_diags *diags, struct pg_trace *ret_trace);

/* Reports `what failed: why` about no place in a file. Returns err, which is negative. */
int pg_ebpf_error(struct pg_diags *diags, int err, const char *format, ...) PG_PRINTF(3, 4);

#endif
