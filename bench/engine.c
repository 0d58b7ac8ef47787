// SPDX-License-Identifier: GPL-2.0-only
/*
 * What everything between the operator's files and a backend costs, from JSON text to planned objects,
 * and what one container or rule more costs once that is done.
 *
 *	bench/engine [--csv | --json] [RULES...]
 *
 * For N rules there are N endpoints of N/10 label sets (N at most 650,000). Most rules let one
 * application reach another's port; some name one of 256 CIDRs, a whole team of 50 applications or the
 * world, and some deny. Each size runs in a process of its own, whose peak memory is shown. Times are
 * the process's own: other work on the machine counts only by the caches it takes.
 */
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>

#include "backends/backend.h"
#include "compat/strbuf.h"
#include "frontend/decode/decode.h"
#include "frontend/intent.h"
#include "policy/classify.h"
#include "policy/engine.h"

/* How often each small change is made and taken back. */
#define ROUNDS 200

enum form {
	FORM_TEXT,
	FORM_CSV,
	FORM_JSON,
};

struct bench {
	enum form form;
	uint32_t rules;
	bool first_row;
	uint64_t random;
	double at; /* when the last stage ended */
	struct pg_sources sources;
	struct pg_diags diags;
	struct pg_policy policy;
	struct pg_endpoints endpoints;
	struct pg_backend_handle *handle;
};

static double seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static void must(const char *what, int err)
{
	if (!err)
		return;
	fprintf(stderr, "engine: %s: %s\n", what, strerror(-err));
	exit(5);
}

/* splitmix64 (Steele, Lea, Flood 2014): a number below `limit`. */
static uint32_t draw(struct bench *bench, uint32_t limit)
{
	uint64_t z = bench->random += 0x9e3779b97f4a7c15;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
	z = (z ^ z >> 27) * 0x94d049bb133111eb;
	return (uint32_t)((z ^ z >> 31) % limit);
}

static uint32_t applications(const struct bench *bench)
{
	return PG_MAX(bench->rules / 10, 1u);
}

static void write_endpoint(struct bench *bench, struct pg_strbuf *text, uint32_t i)
{
	uint32_t app = i % applications(bench), addr = i + 2;

	pg_strbuf_printf(text, "{\"name\": \"c%u\", \"labels\": [\"container:app=app%u\", ", i,
			 app);
	pg_strbuf_printf(text, "\"container:team=team%u\", \"container:tier=t%u\"], ", app / 50,
			 app % 7);
	pg_strbuf_printf(text, "\"ipv4\": \"10.%u.%u.%u\", \"interface\": \"veth%u\"}",
			 64 + (addr >> 16), addr >> 8 & 255, addr & 255, i);
}

static void write_endpoints(struct bench *bench, struct pg_strbuf *text)
{
	pg_strbuf_puts(text, "{\"endpoints\": [\n");
	for (uint32_t i = 0; i < bench->rules; i++) {
		pg_strbuf_puts(text, i ? ",\n" : "");
		write_endpoint(bench, text, i);
	}
	pg_strbuf_puts(text, "], \"host\": {\"addresses\": [\"10.64.0.1\"]}}\n");
}

static void write_peer(struct bench *bench, struct pg_strbuf *text, uint32_t kind)
{
	uint32_t app = draw(bench, applications(bench)), n = draw(bench, 256);

	if (kind < 10)
		pg_strbuf_printf(text, "\"fromCIDR\": [\"172.16.%u.0/24\"]", n);
	else if (kind < 15)
		pg_strbuf_printf(text,
				 "\"fromEndpoints\": [{\"matchLabels\": {\"team\": \"team%u\"}}]",
				 app / 50);
	else if (kind < 16)
		pg_strbuf_puts(text, "\"fromEntities\": [\"world\"]");
	else
		pg_strbuf_printf(
			text, "\"fromEndpoints\": [{\"matchLabels\": {\"app\": \"app%u\"}}]", app);
}

static void write_rule(struct bench *bench, struct pg_strbuf *text, uint32_t i)
{
	uint32_t kind = draw(bench, 100);

	pg_strbuf_printf(text, "{\"labels\": [\"name=rule%u\"],\n", i);
	pg_strbuf_printf(text, " \"endpointSelector\": {\"matchLabels\": {\"app\": \"app%u\"}},\n",
			 i % applications(bench));
	pg_strbuf_printf(text, " \"%s\": [{\n  ", kind >= 97 ? "ingressDeny" : "ingress");
	write_peer(bench, text, kind);
	pg_strbuf_printf(text, ",\n  \"toPorts\": [{\"ports\": [{\"port\": \"%u\", ",
			 1024 + draw(bench, 30000));
	pg_strbuf_puts(text, "\"protocol\": \"TCP\"}]}]\n }]}");
}

static void write_policy(struct bench *bench, struct pg_strbuf *text)
{
	pg_strbuf_puts(text, "[\n");
	for (uint32_t i = 0; i < bench->rules; i++) {
		pg_strbuf_puts(text, i ? ",\n" : "");
		write_rule(bench, text, i);
	}
	pg_strbuf_puts(text, "]\n");
}

static void print_row(struct bench *bench, const char *stage, double ms, double worst, size_t count)
{
	struct rusage usage;
	double mib;

	getrusage(RUSAGE_SELF, &usage);
	mib = (double)usage.ru_maxrss / 1024;
	if (bench->form == FORM_CSV)
		printf("%u,%s,%.4f,%.4f,%zu,%.0f\n", bench->rules, stage, ms, worst, count, mib);
	else if (bench->form == FORM_JSON)
		printf("%s  {\"rules\": %u, \"stage\": \"%s\", \"ms\": %.4f, \"worst_ms\": %.4f, "
		       "\"count\": %zu, \"peak_mib\": %.0f}",
		       bench->first_row ? "" : ",\n", bench->rules, stage, ms, worst, count, mib);
	else
		printf("%8u  %-28s %11.3f %11.3f %10zu %8.0f\n", bench->rules, stage, ms, worst,
		       count, mib);
	bench->first_row = false;
}

/* A stage that ran once, since the last one. */
static void report(struct bench *bench, const char *stage, size_t count)
{
	double ms = (seconds() - bench->at) * 1e3;

	print_row(bench, stage, ms, ms, count);
	bench->at = seconds();
}

static uint32_t add_source(struct bench *bench, const char *name, struct pg_strbuf *text)
{
	uint32_t source;

	must(name, pg_strbuf_error(text));
	must(name, pg_sources_add(&bench->sources, name, text->text, text->length, &source));
	return source;
}

static void decode(struct bench *bench)
{
	_cleanup_strbuf_ struct pg_strbuf policy = { 0 }, endpoints = { 0 };
	struct pg_decode_options options = { 0 };
	uint32_t source;

	write_endpoints(bench, &endpoints);
	write_policy(bench, &policy);
	bench->at = seconds();
	source = add_source(bench, "endpoints.json", &endpoints);
	must("endpoints", pg_decode_endpoints(&bench->sources, source, &options, &bench->diags,
					      &bench->endpoints));
	must("endpoints", pg_endpoints_finish(&bench->endpoints, &bench->diags));
	report(bench, "decode endpoints", bench->endpoints.list.count);
	source = add_source(bench, "policy.json", &policy);
	must("policy",
	     pg_decode_policy(&bench->sources, source, &options, &bench->diags, &bench->policy));
	report(bench, "decode policy", bench->policy.rules.count);
}

/* The parts of pg_prepare() one by one, and the classes, which are part of eBPF's plan. */
static void resolve(struct bench *bench)
{
	_cleanup_identities_ struct pg_identities identities = { 0 };
	_cleanup_verdict_table_ struct pg_verdict_table table = { 0 };
	_cleanup_classes_ struct pg_classes classes = { 0 };

	must("identities", pg_identities_make(&bench->endpoints, &bench->policy, &identities));
	report(bench, "identities", identities.list.count);
	must("resolve", pg_resolve(&bench->policy, &identities, PG_ENFORCEMENT_DEFAULT, &table));
	report(bench, "resolve", table.entries.count);
	must("classify", pg_classify(&table, PG_PLAN_MAX, &classes));
	report(bench, "classify", classes.list.count);
}

static void plan(struct bench *bench)
{
	_cleanup_prepared_ struct pg_prepared prepared = { 0 };
	_cleanup_objects_ struct pg_objects objects = { 0 };
	struct pg_intent_options options = { 0 };

	bench->at = seconds();
	must("prepare", pg_prepare(&bench->sources, &bench->policy, &bench->endpoints, &options,
				   &bench->diags, &prepared));
	report(bench, "prepare with digest", prepared.table.entries.count);
	must("plan",
	     pg_backend_ebpf.plan(bench->handle, &prepared.intent, &bench->diags, &objects));
	report(bench, "plan ebpf", objects.list.count);
}

/* What the names of a view's rules come from. */
struct names {
	const struct pg_sources *sources;
	const struct pg_policy *policy;
};

static void rule_name(const void *context, struct pg_origin origin, char name[PG_RULE_NAME_MAX])
{
	const struct names *names = context;

	pg_rule_name(names->sources, names->policy, origin, name);
}

static void plan_view(struct bench *bench, const struct pg_view *view, struct pg_objects *objects)
{
	const struct names names = { &bench->sources, &view->policy };
	const struct pg_intent intent = {
		.endpoints = &view->endpoints,
		.identities = &view->identities,
		.table = &view->table,
		.rule_name = rule_name,
		.context = &names,
	};

	must("plan", pg_backend_ebpf.plan(bench->handle, &intent, &bench->diags, objects));
}

/* From a change of the engine's to the objects to add, replace and delete; how many they are. */
static size_t replan(struct bench *bench, struct pg_engine *engine)
{
	_cleanup_delta_ struct pg_delta delta = { 0 };
	_cleanup_objects_ struct pg_objects before = { 0 }, after = { 0 };
	_cleanup_diff_ struct pg_diff diff = { 0 };

	must("settle", pg_engine_settle(engine, &delta));
	plan_view(bench, &delta.before, &before);
	plan_view(bench, &delta.after, &after);
	must("diff", pg_diff_make(&after, &before, &diff));
	return diff.changes.count;
}

/* One change there and back. */
typedef void (*change)(struct bench *bench, struct pg_engine *engine, uint32_t round, bool back);

static void change_endpoint(struct pg_engine *engine, uint32_t app, uint32_t round, bool back,
			    const char *more)
{
	struct pg_endpoint endpoint = { .ipv4 = { 4, { 10, 250, 0, (uint8_t)round } } };
	char name[32], value[32];
	int err;

	snprintf(name, sizeof(name), "new%u", round);
	if (back) {
		must("remove", pg_engine_remove_endpoint(engine, name));
		return;
	}
	endpoint.name = strdup(name);
	endpoint.interface = strdup(name);
	snprintf(value, sizeof(value), "app%u", app);
	err = pg_labels_add(&endpoint.labels, "container", "app", value);
	snprintf(value, sizeof(value), "team%u", app / 50);
	err = err ?: pg_labels_add(&endpoint.labels, "container", "team", value);
	snprintf(value, sizeof(value), "t%u%s", app % 7, more);
	err = err ?: pg_labels_add(&endpoint.labels, "container", "tier", value);
	must("labels", endpoint.name && endpoint.interface ? err : -ENOMEM);
	pg_labels_sort(&endpoint.labels);
	must("add", pg_engine_add_endpoint(engine, &endpoint));
	pg_endpoint_done(&endpoint);
}

static void change_replica(struct bench *bench, struct pg_engine *engine, uint32_t round, bool back)
{
	change_endpoint(engine, round * 37 % applications(bench), round, back, "");
}

static void change_identity(struct bench *bench, struct pg_engine *engine, uint32_t round,
			    bool back)
{
	change_endpoint(engine, round * 37 % applications(bench), round, back, "new");
}

/* The rules to come, decoded before anything is measured. */
static struct pg_policy spare;

static void change_rule(struct bench *bench, struct pg_engine *engine, uint32_t round, bool back)
{
	size_t at = (size_t)round * 7919 % (bench->rules + 1);

	if (back)
		must("remove rule", pg_engine_remove_rule(engine, at));
	else
		must("add rule", pg_engine_add_rule(engine, at, &spare.rules.items[round]));
}

static int compare_times(const void *a, const void *b)
{
	const double *left = a, *right = b;

	return (*left > *right) - (*left < *right);
}

static double measure(struct bench *bench, struct pg_engine *engine, change make, uint32_t round,
		      bool back, size_t *changes)
{
	double start = seconds();

	make(bench, engine, round, back);
	*changes += replan(bench, engine);
	return (seconds() - start) * 1e3;
}

/* Median and worst of many; the objects that changed on average. */
static void measure_change(struct bench *bench, struct pg_engine *engine, const char *more,
			   const char *less, change make)
{
	double there[ROUNDS], back[ROUNDS];
	size_t added = 0, removed = 0;

	for (uint32_t i = 0; i < ROUNDS; i++) {
		there[i] = measure(bench, engine, make, i, false, &added);
		back[i] = measure(bench, engine, make, i, true, &removed);
	}
	qsort(there, ROUNDS, sizeof(double), compare_times);
	qsort(back, ROUNDS, sizeof(double), compare_times);
	print_row(bench, more, there[ROUNDS / 2], there[ROUNDS - 1], added / ROUNDS);
	print_row(bench, less, back[ROUNDS / 2], back[ROUNDS - 1], removed / ROUNDS);
}

static void decode_spare(struct bench *bench)
{
	_cleanup_strbuf_ struct pg_strbuf text = { 0 };
	struct pg_decode_options options = { 0 };
	uint32_t source;

	pg_strbuf_puts(&text, "[\n");
	for (uint32_t i = 0; i < ROUNDS; i++) {
		pg_strbuf_puts(&text, i ? ",\n" : "");
		write_rule(bench, &text, bench->rules + i * 37);
	}
	pg_strbuf_puts(&text, "]\n");
	source = add_source(bench, "spare.json", &text);
	must("spare rules",
	     pg_decode_policy(&bench->sources, source, &options, &bench->diags, &spare));
}

static void change_things(struct bench *bench)
{
	struct pg_engine_options options = { 0 };
	_cleanup_engine_ struct pg_engine *engine = NULL;

	decode_spare(bench);
	bench->at = seconds();
	must("engine", pg_engine_new(&options, &bench->endpoints, &bench->policy, &engine));
	report(bench, "engine", bench->rules);
	measure_change(bench, engine, "one replica more", "one replica less", change_replica);
	measure_change(bench, engine, "one label set more", "one label set less", change_identity);
	measure_change(bench, engine, "one rule more", "one rule less", change_rule);
}

static void run(struct bench *bench)
{
	const struct pg_backend_options options = { 0 };

	must("open", pg_backend_ebpf.open(&options, false, &bench->diags, &bench->handle));
	decode(bench);
	resolve(bench);
	plan(bench);
	change_things(bench);
	pg_backend_ebpf.close(bench->handle);
	pg_policy_done(&spare);
	pg_policy_done(&bench->policy);
	pg_endpoints_done(&bench->endpoints);
	pg_sources_done(&bench->sources);
	pg_diags_done(&bench->diags);
}

/* In a process of its own; true: it went well. */
static bool run_apart(struct bench *bench)
{
	int status = -1;
	pid_t child;

	fflush(stdout);
	child = fork();
	if (!child) {
		run(bench);
		fflush(stdout);
		_exit(0);
	}
	return child > 0 && waitpid(child, &status, 0) == child && !status;
}

static void print_head(enum form form)
{
	if (form == FORM_CSV)
		printf("rules,stage,ms,worst_ms,count,peak_mib\n");
	else if (form == FORM_JSON)
		printf("[\n");
	else
		printf("%8s  %-28s %11s %11s %10s %8s\n", "rules", "stage", "ms", "worst ms",
		       "count", "peak MiB");
}

int main(int argc, char **argv)
{
	static const uint32_t usual[] = { 1000, 10000, 100000 };
	enum form form = argc < 2		      ? FORM_TEXT
			 : !strcmp(argv[1], "--csv")  ? FORM_CSV
			 : !strcmp(argv[1], "--json") ? FORM_JSON
						      : FORM_TEXT;
	int first = form == FORM_TEXT ? 1 : 2;
	size_t sizes = argc > first ? (size_t)(argc - first) : PG_COUNT(usual);
	bool well = true;

	print_head(form);
	for (size_t i = 0; i < sizes; i++) {
		struct bench bench = {
			.form = form,
			.rules = argc > first ? (uint32_t)strtoul(argv[first + (int)i], NULL, 10)
					      : usual[i],
			.first_row = !i,
		};

		well &= bench.rules >= 1 && bench.rules <= 650000 && run_apart(&bench);
	}
	if (form == FORM_JSON)
		printf("\n]\n");
	return well ? 0 : 5;
}
