/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What is being done, for work that takes over a second: one line on stderr, rewritten each second and
 * erased at the end, and only if stderr is a terminal. There is one stderr, so there is one such line.
 */
#ifndef PG_FRONTEND_PROGRESS_H
#define PG_FRONTEND_PROGRESS_H

/*
 * From now on this is being done ("reading policies"); the text is borrowed until the next call. The
 * first call starts the second's wait.
 */
void pg_progress(const char *what);
/* Nothing is being done any more: to be called before anything else is printed. May be repeated. */
void pg_progress_end(void);

#endif
