/* SPDX-License-Identifier: GPL-2.0-only */
/* A steady flow of datagrams between client and server, for seeing whether any is lost. */
#ifndef PG_BENCH_AB_STREAM_H
#define PG_BENCH_AB_STREAM_H

#include "bench/ab_traffic.h"

struct ab_stream;

struct ab_stream_report {
	size_t sent, lost; /* lost: never came back */
	double pause;	   /* the longest time between two that came back, ms */
};

/* Some thousand datagrams a second from here on; the server sends each of them back. */
int ab_stream_start(const struct ab_path *path, struct ab_stream **ret_stream);
/* Ends it and waits for what is under way. */
void ab_stream_stop(struct ab_stream *stream, struct ab_stream_report *ret_report);

#endif
