// SPDX-License-Identifier: GPL-2.0-only
/* Policy tests: who is meant by a name or an address. */
#include "frontend/decode/case_part.h"
#include "frontend/quote.h"
#include "frontend/suggest.h"

void pg_case_names_done(struct pg_case_names *names)
{
	free(names->names.items);
	free(names->owners.items);
	*names = (struct pg_case_names){ 0 };
}

static int add_name(struct pg_case_names *names, const char *name)
{
	const char **added = pg_array_add(&names->names);

	if (!added)
		return -ENOMEM;
	*added = name;
	return 0;
}

int pg_case_names_make(struct pg_case *test, struct pg_case_names *ret_names)
{
	_cleanup_case_names_ struct pg_case_names names = { .test = test };
	int r = test->host_name ? add_name(&names, test->host_name) : 0;

	pg_array_foreach(endpoint, &test->endpoints.list)
		r = r ? r : add_name(&names, endpoint->name);
	pg_array_foreach(outsider, &test->outsiders.list)
		r = r ? r : add_name(&names, outsider->name);
	if (r < 0)
		return r;
	*ret_names = names;
	names = (struct pg_case_names){ 0 };
	return 0;
}

static int compare_owners(const void *a, const void *b)
{
	const struct pg_case_owner *left = a, *right = b;

	return pg_addr_compare(&left->addr, &right->addr);
}

/* Those of one address: outsiders last. */
static int compare_ranked_owners(const void *a, const void *b)
{
	const struct pg_case_owner *left = a, *right = b;
	int order = compare_owners(a, b);

	if (order)
		return order;
	if (left->kind != right->kind)
		return left->kind < right->kind ? -1 : 1;
	return (left->endpoint > right->endpoint) - (left->endpoint < right->endpoint);
}

static int add_owner(struct pg_case_names *names, const struct pg_addr *addr,
		     enum pg_party_kind kind, size_t endpoint)
{
	struct pg_case_owner *owner;

	if (!addr->family)
		return 0;
	owner = pg_array_add(&names->owners);
	if (!owner)
		return -ENOMEM;
	*owner = (struct pg_case_owner){ .addr = *addr, .kind = kind, .endpoint = endpoint };
	return 0;
}

static int add_owners(struct pg_case_names *names, const struct pg_endpoints *endpoints,
		      enum pg_party_kind kind)
{
	int r = 0;

	for (size_t i = 0; i < endpoints->list.count && r == 0; i++) {
		r = add_owner(names, &endpoints->list.items[i].ipv4, kind, i);
		if (r == 0)
			r = add_owner(names, &endpoints->list.items[i].ipv6, kind, i);
	}
	return r;
}

/* Who is both here and elsewhere. Among endpoints and the host pg_endpoints_finish() finds that. */
static void check_outsiders(const struct pg_case_names *names, struct pg_diags *diags)
{
	const struct pg_case_owner *owners = names->owners.items;

	for (size_t i = 1; i < names->owners.count; i++) {
		struct pg_case_party party = { .kind = owners[i].kind,
					       .endpoint = owners[i].endpoint };
		struct pg_case_party other = { .kind = owners[i - 1].kind,
					       .endpoint = owners[i - 1].endpoint };
		const struct pg_endpoint *outsider, *first;
		char text[PG_ADDR_TEXT_MAX];

		if (party.kind != PG_PARTY_OUTSIDER || compare_owners(&owners[i - 1], &owners[i]))
			continue;
		outsider = pg_case_party_endpoint(names->test, &party);
		first = pg_case_party_endpoint(names->test, &other);
		pg_error(diags, outsider->loc, "'%s' has the address '%s' of %s%s%s",
			 pg_quote(outsider->name, strlen(outsider->name)).text,
			 pg_addr_format(&owners[i].addr, text), first ? "'" : "",
			 first ? pg_quote(first->name, strlen(first->name)).text : "the host",
			 first ? "'" : "");
	}
}

int pg_case_names_add_addresses(struct pg_case_names *names, struct pg_diags *diags)
{
	const struct pg_case *test = names->test;
	int r = add_owners(names, &test->endpoints, PG_PARTY_ENDPOINT);

	if (r == 0)
		r = add_owners(names, &test->outsiders, PG_PARTY_OUTSIDER);
	pg_array_foreach(addr, &test->endpoints.host_addrs)
		r = r ? r : add_owner(names, addr, PG_PARTY_HOST, 0);
	if (r < 0 || !names->owners.count)
		return r;
	qsort(names->owners.items, names->owners.count, sizeof(*names->owners.items),
	      compare_ranked_owners);
	check_outsiders(names, diags);
	return 0;
}

const struct pg_case_owner *pg_case_names_owner(const struct pg_case_names *names,
						const struct pg_addr *addr)
{
	struct pg_case_owner wanted = { .addr = *addr };

	if (!names->owners.count)
		return NULL;
	return bsearch(&wanted, names->owners.items, names->owners.count,
		       sizeof(*names->owners.items), compare_owners);
}

static bool find_in(const struct pg_endpoints *endpoints, const char *name, size_t *ret_index)
{
	const struct pg_endpoint *endpoint = pg_endpoints_find(endpoints, name);

	if (!endpoint)
		return false;
	*ret_index = (size_t)(endpoint - endpoints->list.items);
	return true;
}

int pg_case_names_find(const struct pg_case_names *names, const char *name,
		       struct pg_case_party *party)
{
	const struct pg_case *test = names->test;

	if (test->host_name && !strcmp(test->host_name, name))
		party->kind = PG_PARTY_HOST;
	else if (find_in(&test->endpoints, name, &party->endpoint))
		party->kind = PG_PARTY_ENDPOINT;
	else if (find_in(&test->outsiders, name, &party->endpoint))
		party->kind = PG_PARTY_OUTSIDER;
	else
		return -ENOENT;
	return 0;
}

struct pg_endpoint *pg_case_party_endpoint(struct pg_case *test, const struct pg_case_party *party)
{
	struct pg_endpoints *endpoints = party->kind == PG_PARTY_ENDPOINT   ? &test->endpoints
					 : party->kind == PG_PARTY_OUTSIDER ? &test->outsiders
									    : NULL;

	return endpoints && party->endpoint < endpoints->list.count
		       ? &endpoints->list.items[party->endpoint]
		       : NULL;
}

void pg_case_names_report(struct pg_case_names *names, struct pg_decoder *decoder,
			  struct pg_loc loc, const char *name)
{
	struct pg_quoted text = pg_quote(name, strlen(name));
	const char *meant = NULL;

	if (names->suggested++ < PG_CASE_SUGGESTIONS)
		meant = pg_suggest(name, names->names.items, names->names.count);
	if (meant)
		pg_error(decoder->diags, loc, "unknown endpoint '%s'; did you mean '%s'?",
			 text.text, pg_quote(meant, strlen(meant)).text);
	else
		pg_error(decoder->diags, loc, "unknown endpoint '%s'", text.text);
}
