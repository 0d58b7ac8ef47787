// SPDX-License-Identifier: GPL-2.0-only
#include "bench/ab_quiet.h"

/* proc_stat(5): user, nice, system, idle, iowait, irq, softirq, steal; what follows is in them already. */
enum { IDLE = 3, IOWAIT = 4, TIMES = 8 };

struct ticks {
	uint64_t busy, total;
};

static struct ticks read_ticks(void)
{
	_cleanup_fclose_ FILE *file = fopen("/proc/stat", "re");
	struct ticks ticks = { 0 };
	unsigned long value;

	if (!file || fscanf(file, "cpu") < 0)
		return ticks;
	for (int i = 0; i < TIMES && fscanf(file, "%lu", &value) == 1; i++) {
		ticks.total += value;
		ticks.busy += i == IDLE || i == IOWAIT ? 0 : value;
	}
	return ticks;
}

void ab_quiet_look(struct ab_quiet *quiet, double seconds)
{
	struct ticks before = read_ticks(), after;
	uint64_t busy, total;

	usleep((useconds_t)(seconds * 1e6));
	after = read_ticks();
	busy = after.busy - before.busy;
	total = after.total - before.total;
	quiet->looks++;
	quiet->busy += busy;
	quiet->total += total;
	if (total)
		quiet->worst = PG_MAX(quiet->worst, (double)busy / (double)total);
}

double ab_quiet_busy(const struct ab_quiet *quiet)
{
	return quiet->total ? (double)quiet->busy / (double)quiet->total : 0;
}
