// SPDX-License-Identifier: GPL-2.0-only
/* What the engine holds, all of it or what changed, as everything else of polgen reads it. */
#include "policy/engine_part.h"

void pg_view_done(struct pg_view *view)
{
	free(view->policy.rules.items);
	free(view->endpoints.list.items);
	free(view->endpoints.host_addrs.items);
	free(view->endpoints.remote_node_addrs.items);
	pg_identities_done(&view->identities);
	pg_verdict_table_done(&view->table);
	*view = (struct pg_view){ 0 };
}

void pg_delta_done(struct pg_delta *delta)
{
	pg_view_done(&delta->before);
	pg_view_done(&delta->after);
}

/* Which of two moments is shown. */
enum moment {
	BEFORE,
	NOW,
};

/* What a view is made of. */
struct scene {
	struct pg_engine *engine;
	enum moment moment;
	struct pg_array(const struct pg_engine_subject *) subjects;
	struct pg_array(struct pg_engine_endpoint *) endpoints;
	struct pg_array(const struct pg_engine_place *) places;
	struct pg_array(uint32_t) slots; /* of the rules that are spoken of, in their order */
	struct pg_view view;
};

static void scene_done(struct scene *scene)
{
	free(scene->subjects.items);
	free(scene->endpoints.items);
	free(scene->places.items);
	free(scene->slots.items);
	pg_view_done(&scene->view);
}

static int compare_numbers(uint32_t a, uint32_t b)
{
	return (a > b) - (a < b);
}

static int compare_slots(const void *a, const void *b, void *rule_numbers)
{
	const uint32_t *numbers = rule_numbers;

	return compare_numbers(numbers[*(const uint32_t *)a], numbers[*(const uint32_t *)b]);
}

static int add_slot(struct scene *scene, uint32_t slot)
{
	uint32_t *added;

	/* Many rows of one rule stand together. */
	if (scene->slots.count && scene->slots.items[scene->slots.count - 1] == slot)
		return 0;
	added = pg_array_add(&scene->slots);
	if (!added)
		return -ENOMEM;
	*added = slot;
	return 0;
}

static void sort_slots(struct scene *scene)
{
	uint32_t *list = scene->slots.items;
	size_t kept = 0;

	if (!scene->slots.count)
		return;
	qsort_r(list, scene->slots.count, sizeof(*list), compare_slots,
		scene->engine->rule_numbers.items);
	for (size_t i = 1; i < scene->slots.count; i++) {
		if (list[kept] != list[i])
			list[++kept] = list[i];
	}
	scene->slots.count = kept + 1;
}

/* All rules, in their order. */
static int list_all_rules(struct scene *scene)
{
	int err = 0;

	pg_array_foreach(slot, &scene->engine->order)
		err = err ?: add_slot(scene, *slot);
	return err;
}

/* Those that a few subjects' rows come from. */
static int list_rules_of(struct scene *scene)
{
	int err = 0;

	pg_array_foreach(subject, &scene->subjects) {
		for (size_t i = 0; i < PG_DIRECTIONS; i++) {
			if ((*subject)->closed_by[i])
				err = err ?: add_slot(scene, (*subject)->closed_by[i] - 1);
		}
		pg_array_foreach(row, &(*subject)->rows.list)
			err = err ?: add_slot(scene, row->slot);
	}
	sort_slots(scene);
	return err;
}

static int show_policy(struct scene *scene)
{
	pg_array_foreach(slot, &scene->slots) {
		struct pg_rule *rule = pg_array_add(&scene->view.policy.rules);

		if (!rule)
			return -ENOMEM;
		*rule = scene->engine->slots.items[*slot]->rule;
	}
	return 0;
}

/* The rule's number in the view. */
static uint32_t number_of(const struct scene *scene, uint32_t slot)
{
	const uint32_t *numbers = scene->engine->rule_numbers.items;
	size_t low = 0, high = scene->slots.count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (numbers[scene->slots.items[middle]] < numbers[slot])
			low = middle + 1;
		else
			high = middle;
	}
	return (uint32_t)low + 1;
}

/* Whether two rows differ in their origin only. */
static bool same_key(const struct pg_engine_row *a, const struct pg_engine_row *b)
{
	return a->direction == b->direction && a->peer == b->peer && a->proto == b->proto &&
	       a->first == b->first && a->last == b->last && a->verdict == b->verdict;
}

static int show_rows(struct scene *scene, const struct pg_engine_subject *subject)
{
	const struct pg_engine_row *last = NULL;

	pg_array_foreach(row, &subject->rows.list) {
		struct pg_verdict_entry *entry;

		if (last && same_key(last, row))
			continue;
		last = row;
		entry = pg_array_add(&scene->view.table.entries);
		if (!entry)
			return -ENOMEM;
		*entry = (struct pg_verdict_entry){
			.subject = subject->id,
			.direction = (enum pg_direction)row->direction,
			.peer = { row->peer },
			.proto = { row->proto },
			.first = row->first,
			.last = row->last,
			.verdict = (enum pg_verdict)row->verdict,
			.origin = { number_of(scene, row->slot), row->entry },
		};
	}
	return 0;
}

static int show_subject(struct scene *scene, const struct pg_engine_subject *subject)
{
	struct pg_subject *shown = pg_array_add(&scene->view.table.subjects);

	if (!shown)
		return -ENOMEM;
	shown->id = subject->id;
	for (size_t i = 0; i < PG_DIRECTIONS; i++) {
		shown->enforced[i] = subject->enforced[i];
		if (subject->closed_by[i])
			shown->closed_by[i].rule = number_of(scene, subject->closed_by[i] - 1);
	}
	return show_rows(scene, subject);
}

static int compare_subjects(const void *a, const void *b)
{
	const struct pg_engine_subject *left = *(const struct pg_engine_subject *const *)a;
	const struct pg_engine_subject *right = *(const struct pg_engine_subject *const *)b;

	return compare_numbers(left->id.n, right->id.n);
}

static int show_table(struct scene *scene)
{
	int err = 0;

	if (scene->subjects.count)
		qsort(scene->subjects.items, scene->subjects.count, sizeof(*scene->subjects.items),
		      compare_subjects);
	pg_array_foreach(subject, &scene->subjects)
		err = err ?: show_subject(scene, *subject);
	return err;
}

static int compare_endpoints(const void *a, const void *b)
{
	const struct pg_engine_endpoint *left = *(struct pg_engine_endpoint *const *)a;
	const struct pg_engine_endpoint *right = *(struct pg_engine_endpoint *const *)b;

	return strcmp(left->endpoint.name, right->endpoint.name);
}

static pg_identity id_of(const struct scene *scene, const struct pg_engine_endpoint *endpoint)
{
	const struct pg_engine_identity *identity;

	if (scene->moment == BEFORE && endpoint->touched)
		return endpoint->before;
	if (endpoint->gone)
		return PG_IDENTITY_ANY;
	identity = endpoint->identity.list.items[0].owner;
	return identity->info.id;
}

static int show_endpoint(struct scene *scene, struct pg_engine_endpoint *endpoint)
{
	struct pg_endpoint *shown = pg_array_add(&scene->view.endpoints.list);
	pg_identity *id = pg_array_add(&scene->view.identities.endpoint_ids);

	if (!shown || !id)
		return -ENOMEM;
	*shown = endpoint->endpoint;
	*id = id_of(scene, endpoint);
	endpoint->index = (uint32_t)scene->view.endpoints.list.count;
	return 0;
}

static int show_nodes(struct scene *scene)
{
	struct pg_endpoints *shown = &scene->view.endpoints;

	shown->host_known = scene->engine->host_known;
	pg_array_foreach(addr, &scene->engine->host_addrs) {
		struct pg_addr *added = pg_array_add(&shown->host_addrs);

		if (!added)
			return -ENOMEM;
		*added = *addr;
	}
	pg_array_foreach(addr, &scene->engine->remote_node_addrs) {
		struct pg_addr *added = pg_array_add(&shown->remote_node_addrs);

		if (!added)
			return -ENOMEM;
		*added = *addr;
	}
	return 0;
}

static int show_endpoints(struct scene *scene)
{
	int err = show_nodes(scene);

	if (scene->endpoints.count)
		qsort(scene->endpoints.items, scene->endpoints.count,
		      sizeof(*scene->endpoints.items), compare_endpoints);
	pg_array_foreach(endpoint, &scene->endpoints)
		err = err ?: show_endpoint(scene, *endpoint);
	return err;
}

static int compare_places(const void *a, const void *b)
{
	const struct pg_engine_place *left = *(const struct pg_engine_place *const *)a;
	const struct pg_engine_place *right = *(const struct pg_engine_place *const *)b;

	return pg_prefix_compare(&left->prefix, &right->prefix);
}

static struct pg_engine_address address_at(const struct scene *scene,
					   const struct pg_engine_place *place)
{
	return scene->moment == BEFORE && place->touched ? place->before
							 : pg_engine_address_of(place);
}

static int show_addresses(struct scene *scene)
{
	if (scene->places.count)
		qsort(scene->places.items, scene->places.count, sizeof(*scene->places.items),
		      compare_places);
	pg_array_foreach(place, &scene->places) {
		struct pg_engine_address at = address_at(scene, *place);
		struct pg_address *address;

		if (at.id.n == PG_IDENTITY_ANY.n)
			continue;
		address = pg_array_add(&scene->view.identities.addresses);
		if (!address)
			return -ENOMEM;
		*address = (struct pg_address){
			.prefix = (*place)->prefix,
			.id = at.id,
			.endpoint = at.endpoint ? at.endpoint->index : 0,
		};
	}
	return 0;
}

static int add_subject(struct scene *scene, const struct pg_engine_subject *subject)
{
	const struct pg_engine_subject **added;

	if (subject->id.n == PG_IDENTITY_ANY.n)
		return 0;
	added = pg_array_add(&scene->subjects);
	if (!added)
		return -ENOMEM;
	*added = subject;
	return 0;
}

static int add_endpoint(struct scene *scene, struct pg_engine_endpoint *endpoint)
{
	struct pg_engine_endpoint **added;

	if (id_of(scene, endpoint).n == PG_IDENTITY_ANY.n)
		return 0;
	added = pg_array_add(&scene->endpoints);
	if (!added)
		return -ENOMEM;
	*added = endpoint;
	return 0;
}

static int add_place(struct scene *scene, const struct pg_engine_place *place)
{
	const struct pg_engine_place **added = pg_array_add(&scene->places);

	if (!added)
		return -ENOMEM;
	*added = place;
	return 0;
}

static bool same_subject(const struct pg_engine_subject *a, const struct pg_engine_subject *b)
{
	size_t count = a->rows.list.count;

	return a->id.n == b->id.n && !memcmp(a->enforced, b->enforced, sizeof(a->enforced)) &&
	       !memcmp(a->closed_by, b->closed_by, sizeof(a->closed_by)) &&
	       count == b->rows.list.count &&
	       (!count || !memcmp(a->rows.list.items, b->rows.list.items,
				  count * sizeof(*a->rows.list.items)));
}

static bool same_address(struct pg_engine_address a, struct pg_engine_address b)
{
	return a.id.n == b.id.n && a.endpoint == b.endpoint;
}

/* What changed. */
static int choose_changes(struct scene *scene)
{
	const struct pg_engine *engine = scene->engine;
	int err = 0;

	pg_array_foreach(item, &engine->touched_subjects) {
		const struct pg_engine_identity *identity = *item;

		if (!same_subject(&identity->before, &identity->now))
			err = err
				      ?: add_subject(scene, scene->moment == BEFORE
								    ? &identity->before
								    : &identity->now);
	}
	pg_array_foreach(endpoint, &engine->touched_endpoints)
		err = err ?: add_endpoint(scene, *endpoint);
	pg_array_foreach(place, &engine->touched_places) {
		if (!same_address((*place)->before, pg_engine_address_of(*place)))
			err = err ?: add_place(scene, *place);
	}
	return err ?: list_rules_of(scene);
}

static int choose_all(struct scene *scene)
{
	const struct pg_engine *engine = scene->engine;
	int err = 0;

	pg_hash_foreach(slot, &engine->label_sets)
	{
		const struct pg_engine_identity *identity = slot->item;

		err = err ?: add_subject(scene, &identity->now);
	}
	pg_hash_foreach(slot, &engine->endpoints) err = err ?: add_endpoint(scene, slot->item);
	pg_hash_foreach(slot, &engine->places) err = err ?: add_place(scene, slot->item);
	return err ?: list_all_rules(scene);
}

static int show(struct scene *scene)
{
	int err = show_policy(scene);

	err = err ?: show_table(scene);
	err = err ?: show_endpoints(scene);
	return err ?: show_addresses(scene);
}

static void take_view(struct scene *scene, struct pg_view *ret_view)
{
	*ret_view = scene->view;
	scene->view = (struct pg_view){ 0 };
}

static int show_changes(struct pg_engine *engine, enum moment moment, struct pg_view *ret_view)
{
	PG_CLEANUP(scene_done) struct scene scene = { .engine = engine, .moment = moment };
	int err = choose_changes(&scene);

	err = err ?: show(&scene);
	if (!err)
		take_view(&scene, ret_view);
	return err;
}

int pg_engine_settle(struct pg_engine *engine, struct pg_delta *ret_delta)
{
	_cleanup_delta_ struct pg_delta delta = { 0 };
	int err = pg_engine_settle_rows(engine);

	if (err)
		return err;
	if (!engine->settled) {
		err = show_changes(engine, BEFORE, &delta.before);
		err = err ?: show_changes(engine, NOW, &delta.after);
		if (err)
			return pg_engine_end(engine, err);
	}
	engine->settled = true;
	*ret_delta = delta;
	delta = (struct pg_delta){ 0 };
	return 0;
}

static int compare_indexes(const void *a, const void *b)
{
	return compare_numbers(*(const uint32_t *)a, *(const uint32_t *)b);
}

static int show_identity(struct scene *scene, const struct pg_engine_identity *identity)
{
	struct pg_identity_info *info = pg_array_add(&scene->view.identities.list);
	int err = info ? pg_labels_copy(&identity->info.labels, &info->labels) : -ENOMEM;

	if (err)
		return err;
	info->id = identity->info.id;
	info->cidr = identity->info.cidr;
	pg_array_foreach(link, &identity->endpoints.list) {
		const struct pg_engine_endpoint *endpoint = link->owner;
		uint32_t *index = pg_array_add(&info->endpoints);

		if (!index)
			return -ENOMEM;
		*index = endpoint->index - 1;
	}
	if (info->endpoints.count)
		qsort(info->endpoints.items, info->endpoints.count, sizeof(uint32_t),
		      compare_indexes);
	return 0;
}

static int compare_infos(const void *a, const void *b)
{
	const struct pg_identity_info *left = a, *right = b;

	return compare_numbers(left->id.n, right->id.n);
}

static int show_identities(struct scene *scene)
{
	int err = 0;

	pg_hash_foreach(slot, &scene->engine->numbers) err =
		err ?: show_identity(scene, slot->item);
	if (scene->view.identities.list.count)
		qsort(scene->view.identities.list.items, scene->view.identities.list.count,
		      sizeof(struct pg_identity_info), compare_infos);
	return err;
}

int pg_engine_view(struct pg_engine *engine, struct pg_view *ret_view)
{
	PG_CLEANUP(scene_done) struct scene scene = { .engine = engine, .moment = NOW };
	int err = pg_engine_settle_rows(engine);

	err = err ?: choose_all(&scene);
	err = err ?: show(&scene);
	err = err ?: show_identities(&scene);
	if (!err)
		take_view(&scene, ret_view);
	return err;
}
