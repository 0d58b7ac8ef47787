// SPDX-License-Identifier: GPL-2.0-only
/* polgen status: what is enforced, by which backend, and its counters. */
#include "compat/errtext.h"
#include "compat/hex.h"
#include "frontend/cli/enforce.h"
#include "frontend/cli/record.h"

/* What one backend says of itself. */
struct report {
	const struct pg_backend *backend;
	struct pg_backend_status status;
	struct pg_counters counters;
};

static int ask(const struct pg_backend *backend, const struct pg_options *options,
	       struct pg_diags *diags, struct report *ret_report)
{
	_cleanup_diags_ struct pg_diags ignored = { 0 };
	struct pg_backend_options backend_options = { .bpffs = options->bpffs };
	struct report report = { .backend = backend };
	struct pg_backend_handle *handle;
	int err = backend->open(&backend_options, true, &ignored, &handle);

	if (err == -EOPNOTSUPP)
		return 0;
	if (err) {
		pg_error(diags, PG_LOC_NONE, "cannot ask backend '%s': %s", backend->name,
			 PG_ERRTEXT(-err));
		return err;
	}
	err = backend->status(handle, diags, &report.status);
	if (!err && report.status.enforcing)
		err = backend->counters(handle, diags, &report.counters);
	backend->close(handle);
	if (err)
		return err;
	pg_counters_sort(&report.counters);
	*ret_report = report;
	return 0;
}

/* Whether the record on disk speaks of what this backend enforces. */
static bool record_fits(const json_t *record, const struct report *report)
{
	const char *digest = json_string_value(json_object_get(record, "digest"));
	char live[PG_DIGEST_TEXT_MAX];

	pg_digest_format(report->status.digest, live);
	return digest && !strcmp(digest, live);
}

static const char *text_of(const json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));

	return text ? text : "-";
}

static bool any_ipv6(const json_t *endpoints)
{
	size_t index;
	json_t *endpoint;

	json_array_foreach(endpoints, index, endpoint) {
		if (json_object_get(endpoint, "ipv6"))
			return true;
	}
	return false;
}

static void print_endpoints(const json_t *endpoints)
{
	int ipv6 = any_ipv6(endpoints) ? PG_IPV6_COLUMN : 0;
	size_t index;
	json_t *endpoint;

	printf("\n%-20s %-10s %-16s %-*s%s\n", "ENDPOINT", "IDENTITY", "IPV4", ipv6,
	       ipv6 ? "IPV6" : "", "INTERFACE");
	json_array_foreach(endpoints, index, endpoint) {
		const char *name = text_of(endpoint, "name");
		const char *interface = text_of(endpoint, "interface");
		_cleanup_strbuf_ struct pg_strbuf shown = { 0 }, link = { 0 };

		pg_strbuf_add_escaped(&shown, name, strlen(name));
		pg_strbuf_add_escaped(&link, interface, strlen(interface));
		printf("%-20s %-10lld %-16s ", shown.text ? shown.text : "?",
		       (long long)json_integer_value(json_object_get(endpoint, "identity")),
		       text_of(endpoint, "ipv4"));
		if (ipv6)
			printf("%-*s ", ipv6 - 1, text_of(endpoint, "ipv6"));
		printf("%s\n", link.text ? link.text : "?");
	}
}

static void print_counters(const struct pg_counters *counters)
{
	printf("\n%12s %14s  %-8s %-8s %s\n", "PACKETS", "BYTES", "SIDE", "VERDICT", "RULE");
	pg_array_foreach(counter, &counters->list)
		printf("%12llu %14llu  %-8s %-8s %s\n", (unsigned long long)counter->packets,
		       (unsigned long long)counter->bytes, pg_direction_name(counter->direction),
		       pg_verdict_name(counter->verdict), counter->rule);
}

static void print_text(const struct report *report, const json_t *record)
{
	const struct pg_backend_status *status = &report->status;
	char digest[PG_DIGEST_TEXT_MAX];

	pg_digest_format(status->digest, digest);
	printf("backend     %s (%s, %s)\n", report->backend->name, status->flavour, status->layout);
	printf("attached    %s\n", status->attached);
	printf("objects     %zu\n", status->objects);
	if (status->generation)
		printf("generation  %llu\n", (unsigned long long)status->generation);
	printf("on-revoke   %s\n", pg_on_revoke_name(status->on_revoke));
	if (*status->same_host)
		printf("same-host   %s\n", status->same_host);
	if (*status->uplink)
		printf("uplink      %s\n", status->uplink);
	printf("digest      %s\n", digest);
	if (record_fits(record, report)) {
		printf("identities  %zu\n", json_array_size(json_object_get(record, "identities")));
		printf("endpoints   %zu\n", json_array_size(json_object_get(record, "endpoints")));
		print_endpoints(json_object_get(record, "endpoints"));
	} else {
		printf("endpoints   not known: the record of the last apply is of another policy\n");
	}
	print_counters(&report->counters);
}

static json_t *counters_to_json(const struct pg_counters *counters)
{
	json_t *array = json_array();

	pg_array_foreach(counter, &counters->list)
		json_array_append_new(array,
				      json_pack("{s:s, s:s, s:s, s:I, s:I}", "rule", counter->rule,
						"direction", pg_direction_name(counter->direction),
						"verdict", pg_verdict_name(counter->verdict),
						"packets", (json_int_t)counter->packets, "bytes",
						(json_int_t)counter->bytes));
	return array;
}

static json_t *report_to_json(const struct report *report, json_t *record)
{
	const struct pg_backend_status *status = &report->status;
	char digest[PG_DIGEST_TEXT_MAX];
	json_t *object;

	pg_digest_format(status->digest, digest);
	object = json_pack(
		"{s:s, s:s, s:s, s:s, s:s, s:s, s:I, s:I, s:o}", "backend", report->backend->name,
		"flavour", status->flavour, "layout", status->layout, "attached", status->attached,
		"onRevoke", pg_on_revoke_name(status->on_revoke), "digest", digest, "objects",
		(json_int_t)status->objects, "generation", (json_int_t)status->generation,
		"counters", counters_to_json(&report->counters));
	if (*status->same_host)
		json_object_set_new(object, "sameHost", json_string(status->same_host));
	if (*status->uplink)
		json_object_set_new(object, "uplink", json_string(status->uplink));
	if (record_fits(record, report)) {
		json_object_set(object, "endpoints", json_object_get(record, "endpoints"));
		json_object_set(object, "identities", json_object_get(record, "identities"));
	}
	return object;
}

static void print_all(const struct pg_options *options, const struct report *reports)
{
	json_t *record = pg_record_read();
	json_t *enforced = json_array();
	bool any = false;

	for (const struct report *report = reports; report->backend; report++) {
		if (!report->status.enforcing)
			continue;
		if (options->json)
			json_array_append_new(enforced, report_to_json(report, record));
		else
			print_text(report, record);
		any = true;
	}
	if (options->json) {
		json_t *whole = json_pack("{s:O}", "enforced", enforced);

		json_dumpf(whole, stdout, JSON_INDENT(2));
		putchar('\n');
		json_decref(whole);
	} else if (!any) {
		puts("nothing is enforced");
	}
	json_decref(enforced);
	json_decref(record);
}

int pg_verb_status(const struct pg_options *options)
{
	_cleanup_input_ struct pg_input input = { 0 };
	struct report reports[4] = { 0 };
	int err = 0;

	if (options->file_count)
		return pg_usage_error("'status' takes no files");
	if (geteuid())
		return pg_needs_root("status");
	for (size_t i = 0; pg_backends[i] && !err; i++) {
		reports[i].backend = pg_backends[i];
		err = ask(pg_backends[i], options, &input.diags, &reports[i]);
	}
	if (!err)
		print_all(options, reports);
	for (size_t i = 0; i < PG_COUNT(reports); i++)
		pg_counters_done(&reports[i].counters);
	return pg_finish(&input, err);
}
