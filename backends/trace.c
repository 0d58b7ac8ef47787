// SPDX-License-Identifier: GPL-2.0-only
#include "backends/trace.h"

void pg_trace_done(struct pg_trace *trace)
{
	pg_array_foreach(step, &trace->steps) {
		free(step->object);
		free(step->text);
	}
	free(trace->steps.items);
	*trace = (struct pg_trace){ 0 };
}

/* What is live may be somebody else's: a comment may hold anything. */
static char *take_escaped(struct pg_strbuf *buf)
{
	_cleanup_free_ char *raw = pg_strbuf_take(buf);
	struct pg_strbuf escaped = { 0 };

	if (!raw)
		return NULL;
	pg_strbuf_add_escaped(&escaped, raw, strlen(raw));
	return pg_strbuf_take(&escaped);
}

struct pg_trace_step *pg_trace_add(struct pg_trace *trace, struct pg_strbuf *object,
				   struct pg_strbuf *text)
{
	_cleanup_free_ char *object_text = take_escaped(object);
	_cleanup_free_ char *step_text = take_escaped(text);
	struct pg_trace_step *step = NULL;

	if (object_text && step_text)
		step = pg_array_add(&trace->steps);
	if (!step)
		return NULL;
	*step = (struct pg_trace_step){ .direction = PG_DIRECTIONS };
	step->object = PG_TAKE(object_text);
	step->text = PG_TAKE(step_text);
	return step;
}
