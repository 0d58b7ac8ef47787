// SPDX-License-Identifier: GPL-2.0-only
#include "backends/ebpf/way.h"

#include "backends/ebpf/attach.h"
#include "backends/ebpf/batch.h"
#include "compat/strbuf.h"

/* Why not; NULL: it may. */
static const char *find_obstacle(const struct pg_rtnl_link *link, const struct pg_pins *pins)
{
	if (strcmp(link->kind, "veth"))
		return "no veth";
	if (link->peer_ns < 0)
		return "its other end is in this network namespace";
	if (strcmp(link->qdisc, "noqueue"))
		return "it has a queueing discipline";
	if (!pg_attach_is_alone(pins, link->index))
		return "another program is attached to it";
	return NULL;
}

void pg_way_find(struct pg_rtnl *rtnl, const struct pg_pins *pins, enum pg_same_host same_host,
		 uint32_t ifindex, struct pg_way *ret_way)
{
	struct pg_rtnl_link link;

	*ret_way = (struct pg_way){ 0 };
	if (same_host != PG_SAME_HOST_REDIRECT)
		return;
	if (!rtnl || pg_rtnl_link(rtnl, ifindex, &link)) {
		ret_way->obstacle = "it can't be looked at";
		return;
	}
	ret_way->obstacle = find_obstacle(&link, pins);
	ret_way->flags = ret_way->obstacle ? 0 : PG_ABI_ENDPOINT_SHORT;
	/* An MTU of veth's is 65535 at most. */
	ret_way->mtu = (uint16_t)PG_MIN(link.mtu, UINT16_MAX);
}

struct survey {
	const struct pg_pins *pins;
	struct pg_rtnl *rtnl;
	size_t all, able;
	char interface[IFNAMSIZ + 1]; /* the first by name that isn't able */
	uint32_t ifindex;
};

static int survey_endpoint(void *context, const void *key, void *value)
{
	struct survey *survey = context;
	const struct pg_halves *halves = &pg_map_types[PG_MAP_ENDPOINTS].halves;
	const struct pg_map_endpoint_half *half =
		pg_halves_counting(halves, value, pg_pins_generation(survey->pins));

	if (halves->absent(half))
		return 0;
	survey->all++;
	if (half->flags & PG_ABI_ENDPOINT_SHORT) {
		survey->able++;
		return 0;
	}
	if (*survey->interface && strncmp(survey->interface, half->interface, IFNAMSIZ) <= 0)
		return 0;
	memcpy(survey->interface, half->interface, IFNAMSIZ);
	memcpy(&survey->ifindex, key, sizeof(survey->ifindex));
	return 0;
}

/* What was in the way when the policy was applied may be gone. */
static const char *explain(const struct survey *survey)
{
	struct pg_way way;

	pg_way_find(survey->rtnl, survey->pins, PG_SAME_HOST_REDIRECT, survey->ifindex, &way);
	return way.obstacle ? way.obstacle : "nothing is in the way any more: apply again";
}

static int describe(const struct survey *survey, struct pg_strbuf *text)
{
	pg_strbuf_printf(text, ", %zu of %zu interface%s", survey->able, survey->all,
			 survey->all == 1 ? "" : "s");
	if (*survey->interface) {
		pg_strbuf_puts(text, " (");
		pg_strbuf_add_escaped(text, survey->interface, strlen(survey->interface));
		pg_strbuf_printf(text, ": %s)", explain(survey));
	}
	return pg_strbuf_error(text);
}

int pg_way_describe(const struct pg_pins *pins, char *ret_text, size_t size)
{
	const struct pg_map_meta_half *half = &pins->meta->half[pg_pins_generation(pins) & 1];
	_cleanup_strbuf_ struct pg_strbuf text = { 0 };
	_cleanup_rtnl_ struct pg_rtnl *rtnl = NULL;
	struct survey survey = { .pins = pins };
	union pg_map_value value;
	int err = 0;

	pg_strbuf_puts(&text, pg_same_host_name(half->same_host));
	if (half->same_host == PG_SAME_HOST_REDIRECT) {
		pg_rtnl_new(&rtnl);
		survey.rtnl = rtnl;
		err = pg_batch_each(pins->maps[PG_MAP_ENDPOINTS], &value, survey_endpoint, &survey);
		if (!err)
			err = describe(&survey, &text);
	}
	if (err)
		return err;
	snprintf(ret_text, size, "%s", text.text);
	return 0;
}
