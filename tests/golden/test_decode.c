// SPDX-License-Identifier: GPL-2.0-only
/*
 * Decodes every NAME.json and NAME.yaml in tests/golden/decode and compares what is said about it
 * with NAME.err. The start of the name says what it is: policy-, endpoints-, case-, lenient- (a policy); what has
 * lenient- in it is read so.
 * With PG_GOLDEN_UPDATE=1 in the environment the .err files are written instead.
 */
#include <dirent.h>
#include <unistd.h>

#include "compat/strbuf.h"
#include "frontend/decode/case.h"
#include "frontend/decode/decode.h"
#include "frontend/report.h"

static bool starts_with(const char *text, const char *prefix)
{
	return !strncmp(text, prefix, strlen(prefix));
}

static int read_file(const char *path, struct pg_strbuf *buf)
{
	_cleanup_fclose_ FILE *file = fopen(path, "re");
	char part[4096];
	size_t length;

	if (!file)
		return -errno;
	while ((length = fread(part, 1, sizeof(part), file)) > 0)
		pg_strbuf_add(buf, part, length);
	return ferror(file) ? -EIO : pg_strbuf_error(buf);
}

static int decode_endpoints(const struct pg_sources *sources, uint32_t source,
			    const struct pg_decode_options *options, struct pg_diags *diags)
{
	_cleanup_endpoints_ struct pg_endpoints endpoints = { 0 };
	int r = pg_decode_endpoints(sources, source, options, diags, &endpoints);

	return r < 0 ? r : pg_endpoints_finish(&endpoints, diags);
}

static int decode_case(const struct pg_sources *sources, uint32_t source,
		       const struct pg_decode_options *options, struct pg_diags *diags)
{
	_cleanup_case_ struct pg_case test = { 0 };
	int r = pg_case_decode(sources, source, options, diags, &test);

	return r < 0 ? r : pg_case_assign(&test, diags);
}

static int decode(const char *name, const struct pg_sources *sources, uint32_t source,
		  struct pg_diags *diags)
{
	struct pg_decode_options options = { .lenient = strstr(name, "lenient-") };
	_cleanup_policy_ struct pg_policy policy = { 0 };

	if (starts_with(name, "endpoints-"))
		return decode_endpoints(sources, source, &options, diags);
	if (starts_with(name, "case-"))
		return decode_case(sources, source, &options, diags);
	return pg_decode_policy(sources, source, &options, diags, &policy);
}

/* What is said of a text, with a last line that says what came of it. */
static char *describe(const char *name, const char *text, size_t length)
{
	_cleanup_sources_ struct pg_sources sources = { 0 };
	_cleanup_diags_ struct pg_diags diags = { 0 };
	uint32_t source;
	char *said = NULL;
	size_t said_length;
	FILE *out;
	int r;

	if (pg_sources_add(&sources, name, text, length, &source) < 0)
		return NULL;
	r = decode(name, &sources, source, &diags);
	out = open_memstream(&said, &said_length);
	if (!out)
		return NULL;
	pg_report(out, &sources, &diags);
	fprintf(out, "%zu errors, %zu warnings: %s\n", diags.errors, diags.warnings,
		r == 0	       ? "accepted"
		: r == -EINVAL ? "refused"
			       : strerror(-r));
	fclose(out);
	return said;
}

static bool update(const char *path, const char *said)
{
	_cleanup_fclose_ FILE *file = fopen(path, "we");

	return file && fputs(said, file) >= 0;
}

static bool compare(const char *path, const char *said)
{
	_cleanup_strbuf_ struct pg_strbuf wanted = { 0 };
	int r = read_file(path, &wanted);

	if (r == 0 && wanted.text && !strcmp(wanted.text, said))
		return true;
	printf("# %s: %s\n# said now:\n", path, r < 0 ? strerror(-r) : "differs");
	for (const char *line = said; *line; line += strcspn(line, "\n") + 1)
		printf("# %.*s\n", (int)strcspn(line, "\n"), line);
	return false;
}

static bool run(const char *folder, const char *name)
{
	_cleanup_strbuf_ struct pg_strbuf text = { 0 }, golden = { 0 };
	_cleanup_free_ char *path = NULL, *said = NULL;

	if (asprintf(&path, "%s/%s", folder, name) < 0 || read_file(path, &text) < 0)
		return false;
	said = describe(name, text.text ? text.text : "", text.length);
	pg_strbuf_add(&golden, path, (size_t)(strrchr(path, '.') - path));
	pg_strbuf_puts(&golden, ".err");
	if (!said || pg_strbuf_error(&golden))
		return false;
	return getenv("PG_GOLDEN_UPDATE") ? update(golden.text, said) : compare(golden.text, said);
}

static int is_input(const struct dirent *entry)
{
	const char *suffix = strrchr(entry->d_name, '.');

	return suffix && (!strcmp(suffix, ".json") || !strcmp(suffix, ".yaml"));
}

int main(void)
{
	const char *top = getenv("top_srcdir");
	_cleanup_free_ char *folder = NULL;
	struct dirent **entries;
	int count, failed = 0;

	if (asprintf(&folder, "%s/tests/golden/decode", top ? top : ".") < 0)
		return 1;
	count = scandir(folder, &entries, is_input, alphasort);
	if (count <= 0) {
		printf("Bail out! no golden files in %s\n", folder);
		return 1;
	}
	printf("1..%d\n", count);
	for (int i = 0; i < count; i++) {
		bool good = run(folder, entries[i]->d_name);

		printf("%sok %d - %s\n", good ? "" : "not ", i + 1, entries[i]->d_name);
		failed += !good;
		free(entries[i]);
	}
	free(entries);
	return failed ? 1 : 0;
}
