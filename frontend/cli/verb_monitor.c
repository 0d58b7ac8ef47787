// SPDX-License-Identifier: GPL-2.0-only
/* polgen monitor: packets that the eBPF backend drops, as they are dropped. */
#include <signal.h>
#include <time.h>

#include "backends/ebpf/events.h"
#include "frontend/cli/record.h"
#include "frontend/cli/verbs.h"

/* Who has which address, from the record of the last apply. */
struct monitor {
	bool json;
	json_t *record;
};

static volatile sig_atomic_t stopped;

static void stop(PG_UNUSED int number)
{
	stopped = 1;
}

/* Without SA_RESTART: the wait for events is to end. */
static void stop_on_signals(void)
{
	struct sigaction action = { .sa_handler = stop };

	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
}

/* The event's clock counts from the start of the machine. */
static double wall_time(uint64_t monotonic)
{
	struct timespec wall, since_boot;

	clock_gettime(CLOCK_REALTIME, &wall);
	clock_gettime(CLOCK_MONOTONIC, &since_boot);
	return (double)(wall.tv_sec - since_boot.tv_sec) +
	       (double)(wall.tv_nsec - since_boot.tv_nsec) / 1e9 + (double)monotonic / 1e9;
}

/* The endpoint's name, else the address, else "?". */
static const char *party_name(const struct monitor *monitor, const struct pg_addr *addr,
			      char text[PG_ADDR_TEXT_MAX])
{
	const char *key = addr->family == 4 ? "ipv4" : "ipv6";
	size_t index;
	json_t *endpoint;

	if (!addr->family)
		return "?";
	pg_addr_format(addr, text);
	json_array_foreach(json_object_get(monitor->record, "endpoints"), index, endpoint) {
		const char *known = json_string_value(json_object_get(endpoint, key));

		if (known && !strcmp(known, text))
			return json_string_value(json_object_get(endpoint, "name")) ?: text;
	}
	return text;
}

static void format_service(const struct pg_drop *drop, char text[32])
{
	const char *name = drop->proto.n ? pg_proto_name(drop->proto) : NULL;

	if (name && drop->proto.n == PG_PROTO_ICMP.n)
		snprintf(text, 32, "icmp type %u", drop->dport);
	else if (name)
		snprintf(text, 32, "%s/%u", name, drop->dport);
	else if (drop->proto.n)
		snprintf(text, 32, "protocol %u", drop->proto.n);
	else
		snprintf(text, 32, "-");
}

static void print_text(const struct monitor *monitor, const struct pg_drop *drop)
{
	_cleanup_strbuf_ struct pg_strbuf line = { 0 };
	char src[PG_ADDR_TEXT_MAX], dst[PG_ADDR_TEXT_MAX], service[32], clock[16];
	const char *from = party_name(monitor, &drop->src, src);
	const char *to = party_name(monitor, &drop->dst, dst);
	double when = wall_time(drop->time);
	time_t seconds = (time_t)when;
	struct tm local;

	format_service(drop, service);
	strftime(clock, sizeof(clock), "%H:%M:%S", localtime_r(&seconds, &local));
	pg_strbuf_printf(&line, "%s.%03d  ", clock, (int)((when - (double)seconds) * 1000));
	pg_strbuf_add_escaped(&line, from, strlen(from));
	pg_strbuf_puts(&line, " -> ");
	pg_strbuf_add_escaped(&line, to, strlen(to));
	pg_strbuf_printf(&line, " %s  %s %s%s%s", service, pg_direction_name(drop->direction),
			 drop->reason, *drop->rule ? " " : "", drop->rule);
	puts(line.text ? line.text : "");
}

static void set_address(json_t *object, const char *key, const struct pg_addr *addr)
{
	char text[PG_ADDR_TEXT_MAX];

	if (addr->family)
		json_object_set_new(object, key, json_string(pg_addr_format(addr, text)));
}

static void print_json(const struct pg_drop *drop)
{
	json_t *object = json_pack(
		"{s:f, s:s, s:s, s:i, s:i, s:i, s:i, s:i, s:i, s:i}", "time", wall_time(drop->time),
		"reason", drop->reason, "direction", pg_direction_name(drop->direction), "ifindex",
		(int)drop->ifindex, "subject", (int)drop->subject.n, "peer", (int)drop->peer.n,
		"protocol", (int)drop->proto.n, "sport", (int)drop->sport, "dport",
		(int)drop->dport, "length", (int)drop->length);

	if (*drop->rule)
		json_object_set_new(object, "rule", json_string(drop->rule));
	set_address(object, "source", &drop->src);
	set_address(object, "destination", &drop->dst);
	json_dumpf(object, stdout, JSON_COMPACT);
	putchar('\n');
	json_decref(object);
}

static int print_drop(void *context, const struct pg_drop *drop)
{
	const struct monitor *monitor = context;

	if (monitor->json)
		print_json(drop);
	else
		print_text(monitor, drop);
	return fflush(stdout) ? -EPIPE : 0;
}

static int watch(struct pg_backend_handle *handle, const struct pg_options *options,
		 struct pg_diags *diags)
{
	struct monitor monitor = { .json = options->json };
	struct pg_drops *drops;
	int err = pg_drops_open(handle, true, diags, &drops);

	if (err)
		return err;
	monitor.record = pg_record_read();
	stop_on_signals();
	while (!stopped && err >= 0)
		err = pg_drops_read(drops, -1, print_drop, &monitor);
	json_decref(monitor.record);
	pg_drops_close(drops);
	return stopped ? 0 : err;
}

int pg_verb_monitor(const struct pg_options *options)
{
	_cleanup_input_ struct pg_input input = { 0 };
	struct pg_backend_options backend_options = { .bpffs = options->bpffs };
	struct pg_backend_handle *handle;
	int err;

	if (options->file_count)
		return pg_usage_error("'monitor' takes no files");
	if (geteuid())
		return pg_needs_root("monitor");
	err = pg_backend_ebpf.open(&backend_options, true, &input.diags, &handle);
	if (err)
		return pg_finish(&input, err);
	err = watch(handle, options, &input.diags);
	pg_backend_ebpf.close(handle);
	if (err == -ENOENT && !input.diags.errors)
		pg_error(&input.diags, PG_LOC_NONE, "backend 'ebpf' enforces nothing here");
	return pg_finish(&input, err);
}
