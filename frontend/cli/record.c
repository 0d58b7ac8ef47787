// SPDX-License-Identifier: GPL-2.0-only
#include "frontend/cli/record.h"

#include "compat/errtext.h"
#include "compat/hex.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>

#define RECORD	  "record.json"
#define PATH_SIZE 128

static void make_path(const char *file, char path[PATH_SIZE])
{
	struct stat self = { 0 };

	if (stat("/proc/thread-self/ns/net", &self))
		self.st_ino = 0;
	snprintf(path, PATH_SIZE, PG_RUN_DIR "/%llu%s%s", (unsigned long long)self.st_ino,
		 *file ? "/" : "", file);
}

static int make_directories(struct pg_diags *diags)
{
	char path[PATH_SIZE];
	int err;

	make_path("", path);
	if ((!mkdir(PG_RUN_DIR, 0755) || errno == EEXIST) &&
	    (!mkdir(path, 0755) || errno == EEXIST))
		return 0;
	err = -errno;
	pg_error(diags, PG_LOC_NONE, "cannot make '%s': %s", path, PG_ERRTEXT(errno));
	return err;
}

/* The lock's file may have been removed by its last owner while this process waited for it. */
static bool is_current(int fd, const char *path)
{
	struct stat mine, current;

	return !fstat(fd, &mine) && !stat(path, &current) && mine.st_ino == current.st_ino &&
	       mine.st_dev == current.st_dev;
}

static int lock_file(const char *path, int *ret_fd)
{
	_cleanup_close_ int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);

	if (fd < 0)
		return -errno;
	if (flock(fd, LOCK_EX | LOCK_NB)) {
		fputs("polgen: note: waiting for another polgen to finish\n", stderr);
		while (flock(fd, LOCK_EX)) {
			if (errno != EINTR)
				return -errno;
		}
	}
	if (!is_current(fd, path))
		return -ESTALE;
	*ret_fd = PG_TAKE_FD(fd);
	return 0;
}

int pg_record_lock(struct pg_diags *diags, int *ret_fd)
{
	char path[PATH_SIZE];
	int err;

	make_path("lock", path);
	do {
		err = make_directories(diags);
		if (err)
			return err;
		err = lock_file(path, ret_fd);
	} while (err == -ESTALE || err == -ENOENT);
	if (err)
		pg_error(diags, PG_LOC_NONE, "cannot lock '%s': %s", path, PG_ERRTEXT(-err));
	return err;
}

/* A JSON string of any bytes: what is not UTF-8 is escaped. */
static json_t *any_string(const char *text)
{
	_cleanup_strbuf_ struct pg_strbuf escaped = { 0 };
	json_t *plain = json_string(text);

	if (plain)
		return plain;
	pg_strbuf_add_escaped(&escaped, text, strlen(text));
	return json_string(escaped.text ? escaped.text : "");
}

static void set_text(json_t *object, const char *key, const char *text)
{
	if (text)
		json_object_set_new(object, key, any_string(text));
}

static void set_address(json_t *object, const char *key, const struct pg_addr *addr)
{
	char text[PG_ADDR_TEXT_MAX];

	if (addr->family)
		json_object_set_new(object, key, json_string(pg_addr_format(addr, text)));
}

static json_t *labels_to_json(const struct pg_labels *labels)
{
	json_t *array = json_array();

	pg_array_foreach(label, &labels->list) {
		_cleanup_strbuf_ struct pg_strbuf text = { 0 };

		pg_strbuf_printf(&text, "%s:%s=%s", label->source, label->key, label->value);
		json_array_append_new(array, any_string(text.text ? text.text : ""));
	}
	return array;
}

json_t *pg_endpoints_to_json(const struct pg_endpoints *endpoints,
			     const struct pg_identities *identities)
{
	json_t *array = json_array();

	for (size_t i = 0; i < endpoints->list.count; i++) {
		const struct pg_endpoint *endpoint = &endpoints->list.items[i];
		json_t *object = json_object();

		set_text(object, "name", endpoint->name);
		json_object_set_new(object, "identity",
				    json_integer(identities->endpoint_ids.items[i].n));
		set_address(object, "ipv4", &endpoint->ipv4);
		set_address(object, "ipv6", &endpoint->ipv6);
		set_text(object, "interface", endpoint->interface);
		if (endpoint->ifindex)
			json_object_set_new(object, "ifindex", json_integer(endpoint->ifindex));
		set_text(object, "network", endpoint->network);
		set_text(object, "netns", endpoint->netns);
		set_text(object, "container", endpoint->container);
		set_text(object, "node", endpoint->node);
		json_object_set_new(object, "labels", labels_to_json(&endpoint->labels));
		json_array_append_new(array, object);
	}
	return array;
}

json_t *pg_identities_to_json(const struct pg_identities *identities)
{
	json_t *array = json_array();

	pg_array_foreach(info, &identities->list) {
		json_t *object = json_pack("{s:I, s:I, s:o}", "identity", (json_int_t)info->id.n,
					   "endpoints", (json_int_t)info->endpoints.count, "labels",
					   labels_to_json(&info->labels));

		json_array_append_new(array, object);
	}
	return array;
}

json_t *pg_record_make(const char *backend, const struct pg_options *options,
		       const struct pg_intent *intent)
{
	char digest[PG_DIGEST_TEXT_MAX];
	json_t *files = json_array();
	json_t *record;

	pg_digest_format(intent->digest, digest);
	for (size_t i = 0; i < options->file_count; i++)
		json_array_append_new(files, any_string(options->files[i]));
	record = json_pack("{s:i, s:s, s:s, s:o, s:s, s:s, s:s, s:s, s:o, s:o}", "version", 1,
			   "backend", backend, "digest", digest, "policies", files, "enforcement",
			   pg_enforcement_name(options->enforcement), "hostPolicy",
			   pg_host_policy_name(intent->host_policy), "onRevoke",
			   pg_on_revoke_name(intent->on_revoke), "sameHost",
			   pg_same_host_name(intent->same_host), "endpoints",
			   pg_endpoints_to_json(intent->endpoints, intent->identities),
			   "identities", pg_identities_to_json(intent->identities));
	if (options->bpffs && options->backend == PG_CHOICE_EBPF)
		set_text(record, "bpffs", options->bpffs);
	return record;
}

int pg_record_write(json_t *record, struct pg_diags *diags)
{
	char path[PATH_SIZE], temporary[PATH_SIZE];
	int err = 0;

	make_path(RECORD, path);
	make_path(RECORD ".new", temporary);
	if (!record || json_dump_file(record, temporary, JSON_INDENT(1)))
		err = errno ? -errno : -ENOMEM;
	else if (rename(temporary, path))
		err = -errno;
	if (err)
		pg_warning(diags, PG_LOC_NONE,
			   "cannot write '%s': %s; 'polgen status' will show less", path,
			   PG_ERRTEXT(-err));
	return err;
}

json_t *pg_record_read(void)
{
	char path[PATH_SIZE];

	make_path(RECORD, path);
	return json_load_file(path, 0, NULL);
}

void pg_record_remove(void)
{
	char path[PATH_SIZE];

	make_path(RECORD ".new", path);
	unlink(path);
	make_path(RECORD, path);
	unlink(path);
	make_path("lock", path);
	unlink(path);
	make_path("", path);
	rmdir(path);
	rmdir(PG_RUN_DIR);
}

void pg_record_tidy(void)
{
	char path[PATH_SIZE];

	make_path(RECORD, path);
	if (access(path, F_OK) && errno == ENOENT)
		pg_record_remove();
}

char *pg_record_bpffs(void)
{
	json_t *record = pg_record_read();
	const char *path = json_string_value(json_object_get(record, "bpffs"));
	char *copy = path ? strdup(path) : NULL;

	json_decref(record);
	return copy;
}
