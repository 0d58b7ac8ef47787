// SPDX-License-Identifier: GPL-2.0-only
#include "backends/iptables/sets_kernel.h"

#include <time.h>

#include "backends/iptables/objects.h"
#include "backends/iptables/sets.h"
#include "compat/errtext.h"
#include "compat/ipset.h"

static const char *const types[] = { "hash:ip", "bitmap:port" };

bool pg_ipt_sets_are_here(void)
{
	for (size_t i = 0; i < PG_COUNT(types); i++) {
		if (pg_ipset_has_type(types[i]) != 1)
			return false;
	}
	return true;
}

int pg_ipt_sets_check(struct pg_diags *diags)
{
	for (size_t i = 0; i < PG_COUNT(types); i++) {
		char text[PG_ERRTEXT_MAX];
		int has = pg_ipset_has_type(types[i]);

		if (!has)
			pg_error(
				diags, PG_LOC_NONE,
				"layout 'set' needs ipset, and the kernel has no sets of type '%s'; "
				"use --layout=tree",
				types[i]);
		else if (has < 0)
			pg_error(diags, PG_LOC_NONE, "cannot ask the kernel for its sets: %s",
				 pg_errtext(has, text));
		if (has <= 0)
			return has ? has : -EOPNOTSUPP;
	}
	return 0;
}

static int report(int err, const char *what, const struct pg_strbuf *why, struct pg_diags *diags)
{
	char text[PG_ERRTEXT_MAX];

	pg_error(diags, PG_LOC_NONE, "cannot %s: %s", what,
		 why && why->length ? why->text : pg_errtext(err, text));
	return err;
}

static int read_names(struct pg_diags *diags, struct pg_ipset_names *ret_names)
{
	int err = pg_ipset_names_read(ret_names);

	return err ? report(err, "ask the kernel for its sets", NULL, diags) : 0;
}

/* Lists the kernel's sets of ours; foreign ones may be huge, and are never read. */
static int save_ours(const struct pg_ipset_names *names, uint8_t family, struct pg_diags *diags,
		     struct pg_strbuf *text)
{
	_cleanup_free_ const char **ours = calloc(names->sorted.count + 1, sizeof(*ours));
	_cleanup_strbuf_ struct pg_strbuf why = { 0 };
	size_t count = 0;
	int err;

	if (!ours)
		return -ENOMEM;
	pg_array_foreach(number, &names->sorted) {
		const char *name = names->list.items[*number];

		if (pg_ipt_set_is_ours(name) && pg_ipt_set_family(name) == family)
			ours[count++] = name;
	}
	err = pg_ipset_save(ours, count, text, &why);
	return err ? report(err, "list sets", &why, diags) : 0;
}

static int parse(struct pg_strbuf *text, struct pg_diags *diags, struct pg_sets *sets)
{
	int err = text->length ? pg_sets_parse(text->text, sets) : 0;

	return err ? report(err, "list sets", NULL, diags) : 0;
}

static int read_family(const struct pg_ipset_names *names, uint8_t family, struct pg_diags *diags,
		       struct pg_sets *ret_sets)
{
	_cleanup_strbuf_ struct pg_strbuf text = { 0 };
	_cleanup_sets_ struct pg_sets sets = { 0 };
	int err = save_ours(names, family, diags, &text);

	if (!err)
		err = parse(&text, diags, &sets);
	if (err)
		return err;
	pg_sets_sort(&sets);
	*ret_sets = sets;
	sets = (struct pg_sets){ 0 };
	return 0;
}

int pg_ipt_sets_read(struct pg_diags *diags, struct pg_sets *ret_v4, struct pg_sets *ret_v6)
{
	_cleanup_ipset_names_ struct pg_ipset_names names = { 0 };
	_cleanup_sets_ struct pg_sets v4 = { 0 };
	int err = read_names(diags, &names);

	if (!err)
		err = read_family(&names, 4, diags, &v4);
	if (!err)
		err = read_family(&names, 6, diags, ret_v6);
	if (err)
		return err;
	*ret_v4 = v4;
	v4 = (struct pg_sets){ 0 };
	return 0;
}

void pg_ipt_sets_made_done(struct pg_ipt_sets_made *made)
{
	pg_array_foreach(name, &made->names)
		free(*name);
	free(made->names.items);
}

/* What is to be said to the kernel, and what the undoing would be. */
struct making {
	const struct pg_ipset_names *there;
	struct pg_diags *diags;
	struct pg_strbuf lines;
	struct pg_ipt_sets_made made;
};

static void making_done(struct making *making)
{
	pg_strbuf_done(&making->lines);
	pg_ipt_sets_made_done(&making->made);
}

static bool is_there(const struct pg_ipset_names *there, const char *name)
{
	uint16_t number;

	return !pg_ipset_names_find(there, name, &number);
}

/* The live set whose place a set of ports takes; NULL: there is none. */
static const char *find_before(const struct pg_ipset_names *there, const char *wanted)
{
	size_t stem = pg_ipt_set_stem(wanted);

	pg_array_foreach(name, &there->list) {
		if (*name && pg_ipt_set_is_ours(*name) && !strncmp(*name, wanted, stem) &&
		    pg_ipt_set_stem(*name) == stem)
			return *name;
	}
	return NULL;
}

static void take_counters(const struct pg_set *before, struct pg_set *set)
{
	pg_array_foreach(element, &set->elements) {
		const struct pg_set_element *old = pg_set_find_port(before, element->port);

		if (!old || !old->comment || strcmp(old->comment, element->comment) != 0)
			continue;
		element->packets = old->packets;
		element->bytes = old->bytes;
	}
}

static int carry_counters(const struct making *making, const char *name, struct pg_set *set)
{
	_cleanup_strbuf_ struct pg_strbuf text = { 0 }, why = { 0 };
	_cleanup_sets_ struct pg_sets sets = { 0 };
	const char *before = find_before(making->there, name);
	int err;

	if (!before)
		return 0;
	err = pg_ipset_save(&before, 1, &text, &why);
	if (err)
		return report(err, "list sets", &why, making->diags);
	err = parse(&text, making->diags, &sets);
	if (!err && sets.list.count)
		take_counters(&sets.list.items[0], set);
	return err;
}

static int add_made(struct making *making, const char *name)
{
	char **added = pg_array_add(&making->made.names);

	if (added)
		*added = strdup(name);
	return added && *added ? 0 : -ENOMEM;
}

/*
 * Ports with what they have counted so far, in the set that `name` is to take the place of. The wanted
 * set itself isn't ours to change.
 */
static int format_counted(struct making *making, const char *name, const struct pg_set *set)
{
	_cleanup_free_ struct pg_set_element *elements =
		calloc(set->elements.count + 1, sizeof(*elements));
	struct pg_set copy = *set;
	int err;

	if (!elements)
		return -ENOMEM;
	if (set->elements.count)
		memcpy(elements, set->elements.items, set->elements.count * sizeof(*elements));
	copy.elements.items = elements;
	err = set->kind == PG_SET_PORTS ? carry_counters(making, name, &copy) : 0;
	if (!err)
		pg_set_format(&copy, &making->lines);
	return err;
}

static int make_one(struct making *making, const struct pg_set *set)
{
	int err = format_counted(making, set->name, set);

	return err ? err : add_made(making, set->name);
}

/* One at a time: the name is good for all, and that of a set of ours, should we be killed. */
#define SPARE "polgen-%u-spare-00000000"

static int mend(struct making *making, const struct pg_set *set)
{
	struct pg_set spare = *set;
	int err;

	snprintf(spare.name, sizeof(spare.name), SPARE, pg_ipt_set_family(set->name));
	err = format_counted(making, set->name, &spare);
	pg_strbuf_printf(&making->lines, "swap %s %s\ndestroy %s\n", spare.name, set->name,
			 spare.name);
	return err;
}

/* Changes are in the order of their keys, the families' sets in that of their names. */
static int make_family(struct making *making, const struct pg_sets *wanted,
		       const struct pg_diff *diff)
{
	pg_array_foreach(set, &wanted->list) {
		int err = 0;

		if (!is_there(making->there, set->name))
			err = make_one(making, set);
		else if (pg_ipt_objects_change_set(diff, set->name))
			err = mend(making, set);
		if (err)
			return err;
	}
	return 0;
}

/* Of a commit that was killed. */
static void destroy_spares(struct making *making)
{
	for (unsigned int family = 4; family <= 6; family += 2) {
		char name[PG_SET_NAME_MAX];

		snprintf(name, sizeof(name), SPARE, family);
		if (is_there(making->there, name))
			pg_strbuf_printf(&making->lines, "destroy %s\n", name);
	}
}

static int make_all(struct making *making, const struct pg_sets *const wanted[2],
		    const struct pg_diff *diff)
{
	_cleanup_strbuf_ struct pg_strbuf why = { 0 };
	int err;

	destroy_spares(making);
	err = make_family(making, wanted[0], diff);
	if (!err)
		err = make_family(making, wanted[1], diff);
	if (!err)
		err = pg_strbuf_error(&making->lines);
	if (err)
		return err;
	err = pg_ipset_restore(&making->lines, &why);
	if (!err)
		return 0;
	pg_ipt_sets_undo(&making->made);
	return report(err, "make sets", &why, making->diags);
}

int pg_ipt_sets_make(const struct pg_sets *const wanted[2], const struct pg_diff *diff,
		     struct pg_diags *diags, struct pg_ipt_sets_made *ret_made)
{
	_cleanup_ipset_names_ struct pg_ipset_names there = { 0 };
	PG_CLEANUP(making_done) struct making making = { .there = &there, .diags = diags };
	int err = 0;

	*ret_made = (struct pg_ipt_sets_made){ 0 };
	if (!wanted[0]->list.count && !wanted[1]->list.count)
		return 0;
	err = read_names(diags, &there);
	if (!err)
		err = make_all(&making, wanted, diff);
	if (err)
		return err;
	*ret_made = making.made;
	making.made = (struct pg_ipt_sets_made){ 0 };
	return 0;
}

static int destroy(const char *name, struct pg_strbuf *why)
{
	_cleanup_strbuf_ struct pg_strbuf line = { 0 };

	pg_strbuf_printf(&line, "destroy %s\n", name);
	return pg_ipset_restore(&line, why);
}

void pg_ipt_sets_undo(const struct pg_ipt_sets_made *made)
{
	/* Those behind the line that failed aren't there. */
	pg_array_foreach(name, &made->names) {
		_cleanup_strbuf_ struct pg_strbuf why = { 0 };

		destroy(*name, &why);
	}
}

/* nf_tables lets go of what a rule held a little after the rule is gone, and tells nobody when. */
#define PATIENCE_MS 2000
#define PAUSE_MS    5

static int list_unwanted(const struct pg_ipset_names *there, const struct pg_sets *const wanted[2],
			 struct pg_ipset_names *unwanted)
{
	pg_array_foreach(name, &there->list) {
		char **added;

		if (!*name || !pg_ipt_set_is_ours(*name) ||
		    pg_sets_find(wanted[pg_ipt_set_family(*name) == 6], *name))
			continue;
		added = pg_array_add(&unwanted->list);
		if (added)
			*added = strdup(*name);
		if (!added || !*added)
			return -ENOMEM;
	}
	return 0;
}

/* All at once, up to the first that is in use still. -EIO: not all of them. */
static int drop_once(const struct pg_sets *const wanted[2], struct pg_diags *diags)
{
	_cleanup_ipset_names_ struct pg_ipset_names there = { 0 }, unwanted = { 0 };
	_cleanup_strbuf_ struct pg_strbuf lines = { 0 }, why = { 0 };
	int err = read_names(diags, &there);

	if (!err)
		err = list_unwanted(&there, wanted, &unwanted);
	if (err)
		return err;
	pg_array_foreach(name, &unwanted.list)
		pg_strbuf_printf(&lines, "destroy %s\n", *name);
	return pg_ipset_restore(&lines, &why);
}

/* Whatever can go does. */
static int drop_rest(const struct pg_sets *const wanted[2], struct pg_diags *diags)
{
	_cleanup_ipset_names_ struct pg_ipset_names there = { 0 }, unwanted = { 0 };
	int err = read_names(diags, &there);

	if (!err)
		err = list_unwanted(&there, wanted, &unwanted);
	pg_array_foreach(name, &unwanted.list) {
		_cleanup_strbuf_ struct pg_strbuf why = { 0 };

		if (!err && destroy(*name, &why))
			pg_warning(diags, PG_LOC_NONE, "set '%s' is left behind: %s", *name,
				   why.length ? why.text : "?");
	}
	return err;
}

int pg_ipt_sets_drop(const struct pg_sets *const wanted[2], struct pg_diags *diags)
{
	const struct timespec pause = { .tv_nsec = PAUSE_MS * 1000000 };
	int err = drop_once(wanted, diags);

	for (int waited = 0; err == -EIO && waited < PATIENCE_MS; waited += PAUSE_MS) {
		nanosleep(&pause, NULL);
		err = drop_once(wanted, diags);
	}
	return err == -EIO ? drop_rest(wanted, diags) : err;
}
