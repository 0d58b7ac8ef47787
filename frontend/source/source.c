// SPDX-License-Identifier: GPL-2.0-only
#include "frontend/source/source.h"

#include <fcntl.h>
#include <sys/stat.h>

#include "compat/errtext.h"
#include "compat/strbuf.h"
#include "frontend/decode/decode.h"
#include "frontend/quote.h"
#include "frontend/source/docker.h"
#include "frontend/source/source_kernel.h"

static int complain(int err, const char *path, struct pg_diags *diags)
{
	char text[PG_ERRTEXT_MAX];

	if (err == -EFBIG)
		pg_error(diags, PG_LOC_NONE, "'%s' is larger than the %u MiB that are read",
			 pg_quote(path, strlen(path)).text, PG_SOURCE_MAX >> 20);
	else
		pg_error(diags, PG_LOC_NONE, "cannot read '%s': %s",
			 pg_quote(path, strlen(path)).text, pg_errtext(err, text));
	return err;
}

/* Pipes have no size to ask for: reads on until there is no more, or too much. */
static int read_all(int fd, struct pg_strbuf *text)
{
	char block[64 << 10];
	ssize_t length;

	do {
		length = read(fd, block, sizeof(block));
		if (length > 0)
			pg_strbuf_add(text, block, (size_t)length);
		if (text->length > PG_SOURCE_MAX)
			return -EFBIG;
	} while (length > 0 || (length < 0 && errno == EINTR));
	return length < 0 ? -errno : pg_strbuf_error(text);
}

int pg_source_read(const char *path, struct pg_sources *sources, struct pg_diags *diags,
		   uint32_t *ret_source)
{
	_cleanup_strbuf_ struct pg_strbuf text = { 0 };
	_cleanup_close_ int file = -1;
	bool standard = !strcmp(path, "-");
	const char *name = standard ? "standard input" : path;
	int r;

	if (!standard)
		file = open(path, O_RDONLY | O_CLOEXEC);
	if (!standard && file < 0)
		return complain(-errno, name, diags);
	r = read_all(standard ? STDIN_FILENO : file, &text);
	if (r < 0)
		return complain(r, name, diags);
	return pg_sources_add(sources, name, text.text ? text.text : "", text.length, ret_source);
}

static int load_file(const char *path, const struct pg_source_options *options,
		     struct pg_sources *sources, struct pg_diags *diags,
		     struct pg_endpoints *endpoints)
{
	struct pg_decode_options decode = { .lenient = options->lenient };
	uint32_t source;
	int r = pg_source_read(path, sources, diags, &source);

	return r < 0 ? r : pg_decode_endpoints(sources, source, &decode, diags, endpoints);
}

static int load_docker(const struct pg_source_options *options, struct pg_diags *diags,
		       struct pg_endpoints *endpoints)
{
	struct pg_docker_options docker = {
		.host = getenv("DOCKER_HOST"),
		.ignored = options->ignored_labels ?: pg_ignored_labels_default,
		.kernel = options->kernel,
	};

	return pg_docker_load(&docker, diags, endpoints);
}

int pg_source_load(const char *spec, const struct pg_source_options *options,
		   struct pg_sources *sources, struct pg_diags *diags,
		   struct pg_endpoints *ret_endpoints)
{
	_cleanup_endpoints_ struct pg_endpoints endpoints = { 0 };
	int r;

	if (!strcmp(spec, "docker"))
		r = load_docker(options, diags, &endpoints);
	else
		r = load_file(spec, options, sources, diags, &endpoints);
	if (r == 0 && options->kernel)
		r = pg_source_kernel(options->interfaces, diags, &endpoints);
	if (r == 0)
		r = pg_endpoints_finish(&endpoints, diags);
	if (r < 0)
		return r;
	*ret_endpoints = endpoints;
	endpoints = (struct pg_endpoints){ 0 };
	return 0;
}
