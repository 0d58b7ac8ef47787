// SPDX-License-Identifier: GPL-2.0-only
#include "translate/ipset.h"

#include <arpa/inet.h>

#include "compat/hash.h"

void pg_set_done(struct pg_set *set)
{
	pg_array_foreach(element, &set->elements)
		free(element->comment);
	free(set->elements.items);
	free(set->foreign);
	*set = (struct pg_set){ 0 };
}

void pg_sets_done(struct pg_sets *sets)
{
	pg_array_foreach(set, &sets->list)
		pg_set_done(set);
	free(sets->list.items);
	*sets = (struct pg_sets){ 0 };
}

struct pg_set *pg_sets_add(struct pg_sets *sets, const char *name, enum pg_set_kind kind)
{
	struct pg_set *set = pg_array_add(&sets->list);

	if (!set)
		return NULL;
	snprintf(set->name, sizeof(set->name), "%s", name);
	set->kind = kind;
	return set;
}

static int compare_sets(const void *a, const void *b)
{
	return strcmp(((const struct pg_set *)a)->name, ((const struct pg_set *)b)->name);
}

void pg_sets_sort(struct pg_sets *sets)
{
	if (sets->list.count)
		qsort(sets->list.items, sets->list.count, sizeof(struct pg_set), compare_sets);
}

const struct pg_set *pg_sets_find(const struct pg_sets *sets, const char *name)
{
	struct pg_set wanted = { 0 };

	if (!sets->list.count)
		return NULL;
	snprintf(wanted.name, sizeof(wanted.name), "%s", name);
	return bsearch(&wanted, sets->list.items, sets->list.count, sizeof(wanted), compare_sets);
}

int pg_set_add_addr(struct pg_set *set, const struct pg_addr *addr)
{
	struct pg_set_element *added = pg_array_add(&set->elements);

	if (!added)
		return -ENOMEM;
	added->addr = *addr;
	set->family = addr->family;
	return 0;
}

int pg_set_add_port(struct pg_set *set, uint16_t port, const char *comment, struct pg_origin origin)
{
	struct pg_set_element *added = pg_array_add(&set->elements);

	if (!added)
		return -ENOMEM;
	added->port = port;
	added->origin = origin;
	added->comment = strdup(comment);
	return added->comment ? 0 : -ENOMEM;
}

/* Elements of one set have only the one or the other. */
static int compare_elements(const void *a, const void *b)
{
	const struct pg_set_element *left = a, *right = b;
	int order = pg_addr_compare(&left->addr, &right->addr);

	return order ? order : (left->port > right->port) - (left->port < right->port);
}

void pg_set_sort(struct pg_set *set)
{
	if (set->elements.count)
		qsort(set->elements.items, set->elements.count, sizeof(struct pg_set_element),
		      compare_elements);
}

static const struct pg_set_element *find(const struct pg_set *set,
					 const struct pg_set_element *wanted)
{
	if (!set->elements.count)
		return NULL;
	return bsearch(wanted, set->elements.items, set->elements.count, sizeof(*wanted),
		       compare_elements);
}

const struct pg_set_element *pg_set_find_addr(const struct pg_set *set, const struct pg_addr *addr)
{
	const struct pg_set_element wanted = { .addr = *addr };

	return set->kind == PG_SET_ADDRESSES ? find(set, &wanted) : NULL;
}

const struct pg_set_element *pg_set_find_port(const struct pg_set *set, uint16_t port)
{
	const struct pg_set_element wanted = { .port = port };

	return set->kind == PG_SET_PORTS ? find(set, &wanted) : NULL;
}

static uint64_t hash_element(uint64_t hash, const struct pg_set_element *element)
{
	const uint8_t port[2] = { (uint8_t)(element->port >> 8), (uint8_t)element->port };

	hash = pg_hash_bytes(hash, &element->addr.family, 1);
	hash = pg_hash_bytes(hash, element->addr.bytes, sizeof(element->addr.bytes));
	hash = pg_hash_bytes(hash, port, sizeof(port));
	if (element->comment)
		hash = pg_hash_bytes(hash, element->comment, strlen(element->comment));
	return hash;
}

uint64_t pg_set_hash(const struct pg_set *set)
{
	const uint8_t head[] = { (uint8_t)set->kind,	     set->family,
				 (uint8_t)(set->first >> 8), (uint8_t)set->first,
				 (uint8_t)(set->last >> 8),  (uint8_t)set->last };
	uint64_t hash = pg_hash_bytes(PG_HASH_START, head, sizeof(head));

	pg_array_foreach(element, &set->elements)
		hash = hash_element(hash, element);
	return hash;
}

void pg_set_format_type(const struct pg_set *set, struct pg_strbuf *buf)
{
	if (set->kind == PG_SET_FOREIGN)
		pg_strbuf_puts(buf, set->foreign);
	else if (set->kind == PG_SET_PORTS)
		pg_strbuf_printf(buf, "bitmap:port range %u-%u counters comment", set->first,
				 set->last);
	else
		pg_strbuf_printf(buf, "hash:ip family %s", set->family == 4 ? "inet" : "inet6");
}

void pg_set_format_key(const struct pg_set *set, const struct pg_set_element *element,
		       struct pg_strbuf *buf)
{
	char text[PG_ADDR_TEXT_MAX];

	if (set->kind == PG_SET_PORTS)
		pg_strbuf_printf(buf, "%u", element->port);
	else
		pg_strbuf_puts(buf, pg_addr_format(&element->addr, text));
}

/* A hash grows by itself, but not beyond the number of elements that it was made for. */
void pg_set_format_room(const char *type, size_t elements, struct pg_strbuf *buf)
{
	size_t buckets = 64;

	if (strncmp(type, "hash:", 5) != 0)
		return;
	while (buckets < elements / 2)
		buckets *= 2;
	pg_strbuf_printf(buf, " hashsize %zu maxelem %zu", buckets,
			 PG_MAX(elements, (size_t)65536));
}

static void format_element(const struct pg_set *set, const struct pg_set_element *element,
			   struct pg_strbuf *buf)
{
	pg_strbuf_printf(buf, "add %s ", set->name);
	pg_set_format_key(set, element, buf);
	if (element->packets)
		pg_strbuf_printf(buf, " packets %llu bytes %llu",
				 (unsigned long long)element->packets,
				 (unsigned long long)element->bytes);
	if (element->comment)
		pg_strbuf_printf(buf, " comment \"%s\"", element->comment);
	pg_strbuf_putc(buf, '\n');
}

void pg_set_format(const struct pg_set *set, struct pg_strbuf *buf)
{
	_cleanup_strbuf_ struct pg_strbuf type = { 0 };

	pg_set_format_type(set, &type);
	pg_strbuf_printf(buf, "create %s %s", set->name, type.text ? type.text : "");
	if (type.text)
		pg_set_format_room(type.text, set->elements.count, buf);
	pg_strbuf_putc(buf, '\n');
	pg_array_foreach(element, &set->elements)
		format_element(set, element, buf);
}

/* The next word of a line, or what is between quotes; NULL: there is none. */
static char *next_word(char **line)
{
	char *word = *line + strspn(*line, " ");
	bool quoted = *word == '"';
	char *end;

	if (!*word)
		return NULL;
	word += quoted;
	end = word + strcspn(word, quoted ? "\"" : " ");
	*line = *end ? end + 1 : end;
	*end = '\0';
	return word;
}

/* Sizes and the hash's seed are the kernel's own business. */
static bool is_size(const char *word)
{
	static const char *const sizes[] = { "hashsize", "maxelem", "bucketsize", "initval" };

	for (size_t i = 0; i < PG_COUNT(sizes); i++) {
		if (!strcmp(word, sizes[i]))
			return true;
	}
	return false;
}

/* What says how a set was made, without sizes. */
static void collect_type(char *line, struct pg_strbuf *type)
{
	for (char *word = next_word(&line); word; word = next_word(&line)) {
		if (is_size(word)) {
			next_word(&line);
			continue;
		}
		if (type->length)
			pg_strbuf_putc(type, ' ');
		pg_strbuf_add_escaped(type, word, strlen(word));
	}
}

static bool parse_number(const char *text, uint64_t most, uint64_t *ret_number)
{
	char *end;
	unsigned long long number;

	errno = 0;
	number = strtoull(text, &end, 10);
	if (errno || end == text || *end || *text == '-' || number > most)
		return false;
	*ret_number = number;
	return true;
}

static bool parse_range(const char *text, struct pg_set *set)
{
	unsigned int first, last;
	int length = 0;

	if (sscanf(text, "bitmap:port range %5u-%5u%n", &first, &last, &length) != 2 ||
	    first > last || last > 65535)
		return false;
	set->first = (uint16_t)first;
	set->last = (uint16_t)last;
	return true;
}

/* Says of what kind a set is whose type, written anew, is what was read. */
static void find_kind(struct pg_set *set, const char *type)
{
	static const struct {
		enum pg_set_kind kind;
		uint8_t family;
	} kinds[] = { { PG_SET_ADDRESSES, 4 }, { PG_SET_ADDRESSES, 6 }, { PG_SET_PORTS, 0 } };

	for (size_t i = 0; i < PG_COUNT(kinds); i++) {
		_cleanup_strbuf_ struct pg_strbuf wanted = { 0 };

		set->kind = kinds[i].kind;
		set->family = kinds[i].family;
		if (set->kind == PG_SET_PORTS && !parse_range(type, set))
			continue;
		pg_set_format_type(set, &wanted);
		if (wanted.text && !strcmp(wanted.text, type))
			return;
	}
	set->kind = PG_SET_FOREIGN;
}

static int parse_create(char *line, struct pg_sets *sets)
{
	_cleanup_strbuf_ struct pg_strbuf type = { 0 };
	const char *name = next_word(&line);
	struct pg_set *set;

	if (!name || strlen(name) >= PG_SET_NAME_MAX)
		return -EBADMSG;
	collect_type(line, &type);
	set = pg_sets_add(sets, name, PG_SET_FOREIGN);
	if (!set || pg_strbuf_error(&type))
		return -ENOMEM;
	set->foreign = pg_strbuf_take(&type);
	if (!set->foreign)
		return -ENOMEM;
	find_kind(set, set->foreign);
	return 0;
}

static bool parse_key(const struct pg_set *set, const char *text, struct pg_set_element *element)
{
	uint64_t port = 0;

	if (set->kind == PG_SET_ADDRESSES)
		return !pg_addr_parse(text, &element->addr) && element->addr.family == set->family;
	if (!parse_number(text, 65535, &port))
		return false;
	element->port = (uint16_t)port;
	return true;
}

/* Only printable text: it is shown to people. */
static char *copy_comment(const char *text)
{
	_cleanup_strbuf_ struct pg_strbuf buf = { 0 };

	pg_strbuf_add_escaped(&buf, text, strlen(text));
	return pg_strbuf_error(&buf) ? NULL : pg_strbuf_take(&buf);
}

static int parse_options(char *line, struct pg_set_element *element)
{
	for (char *word = next_word(&line); word; word = next_word(&line)) {
		const char *value = next_word(&line);

		if (!value)
			return -EBADMSG;
		if (!strcmp(word, "comment") && !element->comment) {
			element->comment = copy_comment(value);
			if (!element->comment)
				return -ENOMEM;
		} else if (!strcmp(word, "packets")) {
			if (!parse_number(value, UINT64_MAX, &element->packets))
				return -EBADMSG;
		} else if (strcmp(word, "bytes") ||
			   !parse_number(value, UINT64_MAX, &element->bytes)) {
			return -EBADMSG;
		}
	}
	return 0;
}

/* Of the set before it: that is how they come. */
static int parse_add(char *line, struct pg_sets *sets)
{
	struct pg_set *set = sets->list.count ? &sets->list.items[sets->list.count - 1] : NULL;
	const char *name = next_word(&line), *key = name ? next_word(&line) : NULL;
	struct pg_set_element *element;

	if (!set || !key || strcmp(name, set->name))
		return -EBADMSG;
	if (set->kind == PG_SET_FOREIGN)
		return 0;
	element = pg_array_add(&set->elements);
	if (!element)
		return -ENOMEM;
	return parse_key(set, key, element) ? parse_options(line, element) : -EBADMSG;
}

static int parse_line(char *line, struct pg_sets *sets)
{
	char *word = next_word(&line);

	if (!word)
		return 0;
	if (!strcmp(word, "create"))
		return parse_create(line, sets);
	return strcmp(word, "add") ? -EBADMSG : parse_add(line, sets);
}

int pg_sets_parse(char *text, struct pg_sets *sets)
{
	size_t begin = sets->list.count;

	while (*text) {
		char *end = strchrnul(text, '\n');
		char *next = *end ? end + 1 : end;
		int err;

		*end = '\0';
		err = parse_line(text, sets);
		if (err)
			return err;
		text = next;
	}
	for (size_t i = begin; i < sets->list.count; i++)
		pg_set_sort(&sets->list.items[i]);
	return 0;
}
