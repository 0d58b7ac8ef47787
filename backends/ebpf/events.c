// SPDX-License-Identifier: GPL-2.0-only
#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "backends/ebpf/events.h"
#include "backends/ebpf/outcome.h"
#include "backends/ebpf/slots.h"

struct pg_drops {
	struct pg_pins pins;
	struct ring_buffer *ring;
	/* of the read that is going on; fn NULL: pass over */
	int (*fn)(void *context, const struct pg_drop *drop);
	void *context;
};

static struct pg_addr addr_of(const struct pg_map_event *event, const uint8_t bytes[16])
{
	struct pg_addr addr = { .family = event->family };

	memcpy(addr.bytes, bytes, event->family == 4 ? 4 : 16);
	return event->family ? addr : (struct pg_addr){ 0 };
}

/* The policy may have changed since: then the slot may be another rule's, or free. */
static void name_rule(const struct pg_drops *drops, uint32_t slot, char name[PG_RULE_NAME_MAX])
{
	struct pg_map_rule rule;

	if (!bpf_map_lookup_elem(drops->pins.maps[PG_MAP_RULES], &slot, &rule))
		snprintf(name, PG_RULE_NAME_MAX, "%.*s", (int)sizeof(rule.name) - 1, rule.name);
}

static int take(void *context, void *data, size_t size)
{
	struct pg_drops *drops = context;
	struct pg_map_event event;
	struct pg_drop drop;

	if (!drops->fn || size < sizeof(event))
		return 0;
	memcpy(&event, data, sizeof(event));
	drop = (struct pg_drop){
		.time = event.time,
		.reason = pg_outcome_name(event.outcome),
		.direction = event.direction,
		.ifindex = event.ifindex,
		.subject = { event.subject },
		.peer = { event.peer },
		.src = addr_of(&event, event.saddr),
		.dst = addr_of(&event, event.daddr),
		.proto = { event.proto },
		.sport = event.sport,
		.dport = event.dport,
		.length = event.length,
	};
	if (event.outcome == PG_OUTCOME_POLICY)
		name_rule(drops, event.slot, drop.rule);
	return drops->fn(drops->context, &drop);
}

int pg_drops_open(struct pg_backend_handle *handle, bool from_now, struct pg_diags *diags,
		  struct pg_drops **ret_drops)
{
	struct pg_drops *drops = calloc(1, sizeof(*drops));
	int err;

	if (!drops)
		return -ENOMEM;
	pg_pins_init(&drops->pins);
	err = pg_pins_open(handle, diags, &drops->pins);
	if (!err) {
		drops->ring = ring_buffer__new(drops->pins.maps[PG_MAP_EVENTS], take, drops, NULL);
		if (!drops->ring)
			err = pg_ebpf_error(diags, -errno, "cannot open the eBPF events");
	}
	if (!err && from_now)
		ring_buffer__consume(drops->ring);
	if (err) {
		pg_drops_close(drops);
		return err;
	}
	*ret_drops = drops;
	return 0;
}

void pg_drops_close(struct pg_drops *drops)
{
	if (!drops)
		return;
	ring_buffer__free(drops->ring);
	pg_pins_done(&drops->pins);
	free(drops);
}

int pg_drops_read(struct pg_drops *drops, int timeout_ms,
		  int (*fn)(void *context, const struct pg_drop *drop), void *context)
{
	int count;

	drops->fn = fn;
	drops->context = context;
	count = ring_buffer__consume(drops->ring);
	if (!count)
		count = ring_buffer__poll(drops->ring, timeout_ms);
	drops->fn = NULL;
	return count;
}
