// SPDX-License-Identifier: GPL-2.0-only
#include "frontend/source/folder.h"

#include <dirent.h>
#include <sys/stat.h>

#include "compat/errtext.h"
#include "frontend/quote.h"

void pg_folder_done(struct pg_folder *folder)
{
	pg_array_foreach(path, &folder->paths)
		free(*path);
	free(folder->paths.items);
	*folder = (struct pg_folder){ 0 };
}

bool pg_is_folder(const char *path)
{
	struct stat info;

	return stat(path, &info) == 0 && S_ISDIR(info.st_mode);
}

static int is_policy(const struct dirent *entry)
{
	const char *suffix = strrchr(entry->d_name, '.');

	return entry->d_name[0] != '.' && suffix &&
	       (!strcmp(suffix, ".json") || !strcmp(suffix, ".yaml") || !strcmp(suffix, ".yml"));
}

static int compare_names(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

static int add_path(struct pg_folder *folder, const char *path, const char *name)
{
	const char *slash = path[strlen(path) - 1] == '/' ? "" : "/";
	char **added = pg_array_add(&folder->paths);

	if (added && asprintf(added, "%s%s%s", path, slash, name) < 0)
		*added = NULL;
	return added && *added ? 0 : -ENOMEM;
}

int pg_folder_list(const char *path, struct pg_diags *diags, struct pg_folder *ret_folder)
{
	_cleanup_folder_ struct pg_folder folder = { 0 };
	struct dirent **entries;
	int count = scandir(path, &entries, is_policy, compare_names);
	int r = count < 0 ? -errno : 0;

	for (int i = 0; i < count; i++) {
		r = r ? r : add_path(&folder, path, entries[i]->d_name);
		free(entries[i]);
	}
	if (count >= 0)
		free(entries);
	if (r < 0 && r != -ENOMEM)
		pg_error(diags, PG_LOC_NONE, "cannot read '%s': %s",
			 pg_quote(path, strlen(path)).text, PG_ERRTEXT(-r));
	if (r < 0)
		return r;
	if (!count) {
		pg_error(diags, PG_LOC_NONE,
			 "no policy in '%s': no name ends in .json, .yaml or .yml",
			 pg_quote(path, strlen(path)).text);
		return -ENOENT;
	}
	*ret_folder = folder;
	folder = (struct pg_folder){ 0 };
	return 0;
}
