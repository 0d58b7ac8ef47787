// SPDX-License-Identifier: GPL-2.0-only
#include "frontend/decode/misspelt.h"

#include <ctype.h>

#include "frontend/quote.h"
#include "frontend/suggest.h"

/* The most words that near ones are looked for, in one run. */
#define SEARCHES_MAX 100
/* Of one requirement's values, how many are looked at closely. */
#define VALUES_MAX 8

void pg_known_labels_done(struct pg_known_labels *known)
{
	free(known->list.items);
	free(known->sources.items);
	*known = (struct pg_known_labels){ 0 };
}

/* With NULL for source or value, those don't count. */
static int compare_to(const struct pg_label *label, const char *key, const char *source,
		      const char *value)
{
	int order = strcmp(label->key, key);

	if (!order && source)
		order = strcmp(label->source, source);
	if (!order && value)
		order = strcmp(label->value, value);
	return order;
}

static int compare_labels(const void *a, const void *b)
{
	const struct pg_label *left = *(const struct pg_label *const *)a;
	const struct pg_label *right = *(const struct pg_label *const *)b;

	return compare_to(left, right->key, right->source, right->value);
}

static int compare_texts(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static int collect(const struct pg_identities *identities, struct pg_known_labels *known)
{
	pg_array_foreach(info, &identities->list) {
		pg_array_foreach(label, &info->labels.list) {
			const struct pg_label **added = pg_array_add(&known->list);

			if (!added)
				return -ENOMEM;
			*added = label;
		}
	}
	return 0;
}

static void leave_each_once(struct pg_known_labels *known)
{
	size_t kept = 0;

	qsort(known->list.items, known->list.count, sizeof(*known->list.items), compare_labels);
	for (size_t i = 1; i < known->list.count; i++) {
		if (compare_labels(&known->list.items[kept], &known->list.items[i]))
			known->list.items[++kept] = known->list.items[i];
	}
	known->list.count = kept + 1;
}

static int collect_sources(struct pg_known_labels *known)
{
	size_t kept = 0;

	pg_array_foreach(label, &known->list) {
		const char **added = pg_array_add(&known->sources);

		if (!added)
			return -ENOMEM;
		*added = (*label)->source;
	}
	qsort(known->sources.items, known->sources.count, sizeof(const char *), compare_texts);
	for (size_t i = 1; i < known->sources.count; i++) {
		if (strcmp(known->sources.items[kept], known->sources.items[i]))
			known->sources.items[++kept] = known->sources.items[i];
	}
	known->sources.count = kept + 1;
	return 0;
}

/* There always are labels: those of the reserved identities. */
int pg_known_labels_make(const struct pg_identities *identities, struct pg_known_labels *ret_known)
{
	_cleanup_known_labels_ struct pg_known_labels known = { 0 };
	int err = collect(identities, &known);

	if (err)
		return err;
	leave_each_once(&known);
	err = collect_sources(&known);
	if (err)
		return err;
	*ret_known = known;
	known = (struct pg_known_labels){ 0 };
	return 0;
}

static bool has_source(const struct pg_known_labels *known, const char *source)
{
	return bsearch(&source, known->sources.items, known->sources.count, sizeof(source),
		       compare_texts);
}

/* The first label with this key, of this source and with this value unless these are NULL. */
static const struct pg_label *find(const struct pg_known_labels *known, const char *key,
				   const char *source, const char *value)
{
	size_t low = 0, high = known->list.count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (compare_to(known->list.items[middle], key, source, value) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	if (low == known->list.count || compare_to(known->list.items[low], key, source, value))
		return NULL;
	return known->list.items[low];
}

/* A value without a source can be any source's. */
static bool has_value(const struct pg_known_labels *known, const struct pg_requirement *requirement,
		      const char *value)
{
	if (requirement->source)
		return find(known, requirement->key, requirement->source, value);
	pg_array_foreach(source, &known->sources) {
		if (find(known, requirement->key, *source, value))
			return true;
	}
	return false;
}

/* app1 and app2 are two names, and no slip. */
static bool differ_in_digits_only(const char *a, const char *b)
{
	for (;;) {
		while (isdigit((unsigned char)*a))
			a++;
		while (isdigit((unsigned char)*b))
			b++;
		if (*a != *b || !*a)
			return *a == *b;
		a++;
		b++;
	}
}

struct words {
	struct pg_array(const char *) list;
};

static void words_done(struct words *words)
{
	free(words->list.items);
}

static int add_word(struct words *words, const char *word)
{
	const char **added;

	if (words->list.count && !strcmp(words->list.items[words->list.count - 1], word))
		return 0;
	added = pg_array_add(&words->list);
	if (!added)
		return -ENOMEM;
	*added = word;
	return 0;
}

static bool is_asked_for(const struct pg_requirement *requirement, const char *value)
{
	pg_array_foreach(item, &requirement->values) {
		if (!strcmp(*item, value))
			return true;
	}
	return false;
}

static bool may_search(const struct pg_known_labels *known)
{
	return known->searches < SEARCHES_MAX;
}

/* Keys of the requirement's source; or values of its key, but for those that it asks for already. */
static int collect_words(const struct pg_known_labels *known,
			 const struct pg_requirement *requirement, bool values, struct words *words)
{
	int err = 0;

	if (!may_search(known))
		return 0;
	pg_array_foreach(label, &known->list) {
		if (requirement->source && strcmp((*label)->source, requirement->source))
			continue;
		if (!values)
			err = err ?: add_word(words, (*label)->key);
		else if (!strcmp((*label)->key, requirement->key) &&
			 !is_asked_for(requirement, (*label)->value))
			err = err ?: add_word(words, (*label)->value);
	}
	return err;
}

/* A near word; NULL: there is none, or enough have been looked for. */
static const char *search(struct pg_known_labels *known, const char *word,
			  const char *const *candidates, size_t count)
{
	const char *near;

	if (!may_search(known))
		return NULL;
	known->searches++;
	near = pg_suggest(word, candidates, count);
	return near && differ_in_digits_only(word, near) ? NULL : near;
}

/* What is wrong, and what might be meant. */
struct slip {
	struct pg_known_labels *known;
	const struct pg_requirement *requirement;
	bool all;
	enum pg_severity severity;
	struct pg_diags *diags;
};

static struct pg_quoted quote(const char *text)
{
	return pg_quote(text, strlen(text));
}

static void report(const struct slip *slip, const char *what, const char *word, const char *near)
{
	if (!near && !slip->all)
		return;
	if (near)
		pg_diag_add(slip->diags, slip->severity, slip->requirement->loc,
			    "nothing has a label with the %s '%s'; did you mean '%s'?", what,
			    quote(word).text, quote(near).text);
	else
		pg_diag_add(slip->diags, slip->severity, slip->requirement->loc,
			    "nothing has a label with the %s '%s'", what, quote(word).text);
}

/* The key may be there under another source. */
static void report_other_source(const struct slip *slip, const struct pg_label *other)
{
	pg_diag_add(slip->diags, slip->severity, slip->requirement->loc,
		    "nothing has a label '%s:%s'; did you mean '%s:%s'?",
		    quote(slip->requirement->source).text, quote(slip->requirement->key).text,
		    quote(other->source).text, quote(other->key).text);
}

static int report_key(const struct slip *slip)
{
	PG_CLEANUP(words_done) struct words words = { 0 };
	const char *key = slip->requirement->key;
	int err = collect_words(slip->known, slip->requirement, false, &words);

	if (!err)
		report(slip, "key", key,
		       search(slip->known, key, words.list.items, words.list.count));
	return err;
}

static void report_source(const struct slip *slip)
{
	const struct pg_known_labels *known = slip->known;
	const char *source = slip->requirement->source;

	report(slip, "source", source,
	       search(slip->known, source, known->sources.items, known->sources.count));
}

static int report_value(const struct slip *slip, const char *value)
{
	PG_CLEANUP(words_done) struct words words = { 0 };
	_cleanup_strbuf_ struct pg_strbuf what = { 0 };
	int err = collect_words(slip->known, slip->requirement, true, &words);

	pg_strbuf_printf(&what, "key '%s' and the value", quote(slip->requirement->key).text);
	err = err ?: pg_strbuf_error(&what);
	if (!err)
		report(slip, what.text, value,
		       search(slip->known, value, words.list.items, words.list.count));
	return err;
}

static int check_requirement(const struct slip *slip)
{
	const struct pg_requirement *requirement = slip->requirement;
	const struct pg_known_labels *known = slip->known;
	const struct pg_label *of_any_source = find(known, requirement->key, NULL, NULL);
	size_t unknown = 0;
	int err = 0;

	if (!find(known, requirement->key, requirement->source, NULL)) {
		if (of_any_source)
			report_other_source(slip, of_any_source);
		else if (requirement->source && !has_source(known, requirement->source))
			report_source(slip);
		else
			return report_key(slip);
		return 0;
	}
	pg_array_foreach(value, &requirement->values) {
		if (!err && !has_value(known, requirement, *value) && unknown++ < VALUES_MAX)
			err = report_value(slip, *value);
	}
	return err;
}

/* Something that must not be there is never why a selector selects nobody. */
int pg_misspelt_find(struct pg_known_labels *known, const struct pg_selector *selector, bool all,
		     enum pg_severity severity, struct pg_diags *diags)
{
	int err = 0;

	pg_array_foreach(requirement, &selector->requirements) {
		struct slip slip = {
			.known = known,
			.requirement = requirement,
			.all = all &&
			       (requirement->op == PG_OP_IN || requirement->op == PG_OP_EXISTS),
			.severity = severity,
			.diags = diags,
		};

		err = err ?: check_requirement(&slip);
	}
	return err;
}
