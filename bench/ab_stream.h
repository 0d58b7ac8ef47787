/* SPDX-License-Identifier: GPL-2.0-only */
/* A steady flow of datagrams between client and server, for seeing whether any is lost. */
#ifndef PG_BENCH_AB_STREAM_H
#define PG_BENCH_AB_STREAM_H

#include "bench/ab_traffic.h"

struct ab_stream;

/* Some thousand datagrams a second from here on; the server sends each of them back. */
int ab_stream_start(const struct ab_path *path, struct ab_stream **ret_stream);
/* Ends it and waits for what is under way. How many were sent, and how many never came back. */
void ab_stream_stop(struct ab_stream *stream, size_t *ret_sent, size_t *ret_lost);

#endif
