// SPDX-License-Identifier: GPL-2.0-only
/* The operator's texts, and lines and columns in them. */
#include "policy/loc.h"

void pg_sources_done(struct pg_sources *sources)
{
	pg_array_foreach(source, &sources->list) {
		free(source->name);
		free(source->text);
		free(source->line_starts);
		free(source->characters);
	}
	free(sources->list.items);
	*sources = (struct pg_sources){ 0 };
}

static size_t count_lines(const char *text, size_t length)
{
	const char *at = text, *end = text + length;
	size_t lines = 1;

	while ((at = memchr(at, '\n', (size_t)(end - at)))) {
		lines++;
		at++;
	}
	return lines;
}

/* Offsets of the lines' first bytes; a text has at least one line. NULL: out of memory. */
static uint32_t *find_lines(const char *text, size_t length, size_t count)
{
	uint32_t *starts = reallocarray(NULL, count, sizeof(*starts));
	const char *at = text, *end = text + length;

	if (!starts)
		return NULL;
	starts[0] = 0;
	for (size_t i = 1; i < count; i++) {
		at = memchr(at, '\n', (size_t)(end - at));
		at++;
		starts[i] = (uint32_t)(at - text);
	}
	return starts;
}

/* Characters in UTF-8: every byte but continuation bytes begins one. */
static uint32_t count_characters(const char *bytes, size_t length)
{
	uint32_t count = 0;

	for (size_t i = 0; i < length; i++)
		count += ((unsigned char)bytes[i] & 0xc0) != 0x80;
	return count;
}

/* See struct pg_source. NULL: out of memory. */
static uint32_t *count_blocks(const char *text, size_t length)
{
	size_t blocks = length / PG_SOURCE_BLOCK + 1;
	uint32_t *characters = reallocarray(NULL, blocks, sizeof(*characters));

	if (!characters)
		return NULL;
	characters[0] = 0;
	for (size_t i = 1; i < blocks; i++)
		characters[i] = characters[i - 1] +
				count_characters(text + (i - 1) * PG_SOURCE_BLOCK, PG_SOURCE_BLOCK);
	return characters;
}

static char *copy_bytes(const char *bytes, size_t length)
{
	char *copy = malloc(length + 1);

	if (!copy)
		return NULL;
	if (length)
		memcpy(copy, bytes, length);
	copy[length] = '\0';
	return copy;
}

int pg_sources_add(struct pg_sources *sources, const char *name, const char *text, size_t length,
		   uint32_t *ret_source)
{
	_cleanup_free_ char *own_name = NULL, *own_text = NULL;
	_cleanup_free_ uint32_t *starts = NULL, *characters = NULL;
	struct pg_source *source;
	size_t lines;

	if (length > PG_SOURCE_MAX)
		return -EFBIG;
	own_name = strdup(name);
	own_text = copy_bytes(text, length);
	if (!own_name || !own_text)
		return -ENOMEM;
	lines = count_lines(own_text, length);
	starts = find_lines(own_text, length, lines);
	characters = count_blocks(own_text, length);
	if (!starts || !characters)
		return -ENOMEM;
	source = pg_array_add(&sources->list);
	if (!source)
		return -ENOMEM;
	*source = (struct pg_source){
		.name = PG_TAKE(own_name),
		.text = PG_TAKE(own_text),
		.length = length,
		.line_starts = PG_TAKE(starts),
		.line_count = lines,
		.characters = PG_TAKE(characters),
	};
	*ret_source = (uint32_t)sources->list.count;
	return 0;
}

const struct pg_source *pg_sources_get(const struct pg_sources *sources, struct pg_loc loc)
{
	if (!loc.source || loc.source > sources->list.count)
		return NULL;
	return &sources->list.items[loc.source - 1];
}

/* The index of the line that has the byte at `offset`: the last one that starts at or before it. */
static size_t find_line(const struct pg_source *source, size_t offset)
{
	size_t low = 0, high = source->line_count;

	while (high - low > 1) {
		size_t middle = low + (high - low) / 2;

		if (source->line_starts[middle] <= offset)
			low = middle;
		else
			high = middle;
	}
	return low;
}

/* Characters from the start of the text to a byte of it. */
static uint32_t characters_before(const struct pg_source *source, size_t offset)
{
	size_t block = offset / PG_SOURCE_BLOCK, start = block * PG_SOURCE_BLOCK;

	return source->characters[block] + count_characters(source->text + start, offset - start);
}

/* Of a line that is long, whole blocks needn't be counted again. */
static uint32_t characters_between(const struct pg_source *source, size_t start, size_t end)
{
	if (end - start <= PG_SOURCE_BLOCK)
		return count_characters(source->text + start, end - start);
	return characters_before(source, end) - characters_before(source, start);
}

struct pg_place pg_sources_place(const struct pg_sources *sources, struct pg_loc loc)
{
	const struct pg_source *source = pg_sources_get(sources, loc);
	size_t offset, line;

	if (!source)
		return (struct pg_place){ 0 };
	offset = PG_MIN((size_t)loc.offset, source->length);
	line = find_line(source, offset);
	return (struct pg_place){
		.file = source->name,
		.line = (uint32_t)line + 1,
		.column = characters_between(source, source->line_starts[line], offset) + 1,
	};
}
