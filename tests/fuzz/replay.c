// SPDX-License-Identifier: GPL-2.0-only
/*
 * Gives a fuzz target its committed corpus, as an ordinary test: tests/fuzz/corpus/NAME of the
 * program fuzz_NAME, or the files named on the command line.
 */
#include <dirent.h>

#include "compat/strbuf.h"
#include "tests/fuzz/fuzz.h"

static bool run_file(const char *path)
{
	_cleanup_fclose_ FILE *file = fopen(path, "re");
	_cleanup_strbuf_ struct pg_strbuf data = { 0 };
	char part[4096];
	size_t length;

	if (!file)
		return false;
	while ((length = fread(part, 1, sizeof(part), file)) > 0)
		pg_strbuf_add(&data, part, length);
	LLVMFuzzerTestOneInput((const uint8_t *)(data.text ? data.text : ""), data.length);
	return true;
}

static int is_input(const struct dirent *entry)
{
	return entry->d_name[0] != '.';
}

static bool run_entry(const char *folder, const char *name)
{
	_cleanup_free_ char *path = NULL;

	return asprintf(&path, "%s/%s", folder, name) >= 0 && run_file(path);
}

static int run_folder(const char *folder)
{
	struct dirent **entries;
	int count = scandir(folder, &entries, is_input, alphasort), failed = 0;

	if (count <= 0) {
		printf("Bail out! no corpus in %s\n", folder);
		return 1;
	}
	printf("1..%d\n", count);
	for (int i = 0; i < count; i++) {
		bool good = run_entry(folder, entries[i]->d_name);

		printf("%sok %d - %s\n", good ? "" : "not ", i + 1, entries[i]->d_name);
		fflush(stdout);
		failed += !good;
		free(entries[i]);
	}
	free(entries);
	return failed ? 1 : 0;
}

int main(int argc, char *argv[])
{
	const char *top = getenv("top_srcdir"), *name = strstr(argv[0], "fuzz_");
	_cleanup_free_ char *folder = NULL;
	bool good = true;

	for (int i = 1; i < argc; i++)
		good = run_file(argv[i]) && good;
	if (argc > 1)
		return good ? 0 : 1;
	if (!name || asprintf(&folder, "%s/tests/fuzz/corpus/%s", top ? top : ".",
			      name + strlen("fuzz_")) < 0)
		return 1;
	return run_folder(folder);
}
