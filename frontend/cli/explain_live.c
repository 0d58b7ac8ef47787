// SPDX-License-Identifier: GPL-2.0-only
/* What the kernel's objects do with the flow, beside what the policy says of it. */
#include "compat/hex.h"
#include "frontend/cli/explain.h"
#include "frontend/cli/record.h"
#include "frontend/quote.h"

void pg_explain_live_done(struct pg_explain_live *live)
{
	pg_trace_done(&live->trace);
	*live = (struct pg_explain_live){ 0 };
}

static const char *network_of(const struct pg_endpoint *endpoint)
{
	return endpoint->network ? endpoint->network : "";
}

static int make_end(const struct pg_explanation *explanation, enum pg_direction direction,
		    struct pg_trace_end *ret_end)
{
	const struct pg_explain_end *end = &explanation->ends[direction];
	const struct pg_party *party = pg_explain_party(explanation, direction);

	if (!party->addr.family) {
		pg_error(&explanation->input->diags, PG_LOC_NONE,
			 "--%s: the host's IPv%u address is not known", end->option,
			 explanation->family);
		return -EINVAL;
	}
	*ret_end = (struct pg_trace_end){ .addr = party->addr, .host = end->host };
	if (end->endpoint)
		ret_end->interface = end->endpoint->interface;
	return 0;
}

/* Endpoints of one network have their interfaces on one bridge. */
static int make_query(const struct pg_explanation *explanation, struct pg_trace_query *ret_query)
{
	const struct pg_endpoint *src = explanation->ends[PG_EGRESS].endpoint;
	const struct pg_endpoint *dst = explanation->ends[PG_INGRESS].endpoint;
	struct pg_trace_query query = {
		.proto = explanation->flow.proto,
		.dport = explanation->flow.dport,
		.bridged = src && dst && !src->node && !dst->node &&
			   !strcmp(network_of(src), network_of(dst)),
	};
	int err = make_end(explanation, PG_EGRESS, &query.end[PG_EGRESS]);

	err = err ? err : make_end(explanation, PG_INGRESS, &query.end[PG_INGRESS]);
	if (err)
		return err;
	*ret_query = query;
	return 0;
}

/* A request that is answered with 403 has its connection. */
static bool policy_drops(const struct pg_evaluation *evaluation)
{
	return evaluation->verdict == PG_VERDICT_DENY && !evaluation->http_403;
}

/* What isn't polgen's among its objects may decide otherwise. */
static bool has_stray(const struct pg_trace *trace)
{
	pg_array_foreach(step, &trace->steps) {
		if (step->stray)
			return true;
	}
	return false;
}

static int ask(const struct pg_explanation *explanation, const struct pg_backend *backend,
	       struct pg_backend_handle *handle, const struct pg_intent *intent,
	       struct pg_explain_live *live)
{
	struct pg_diags *diags = &explanation->input->diags;
	struct pg_trace_query query;
	int err = make_query(explanation, &query);

	err = err ? err : backend->status(handle, diags, &live->status);
	if (err)
		return err;
	live->current = live->status.enforcing &&
			!memcmp(live->status.digest, intent->digest, sizeof(intent->digest));
	memcpy(live->expected, intent->digest, sizeof(live->expected));
	if (live->status.enforcing && !explanation->reasoning.to_itself)
		err = backend->trace(handle, &query, diags, &live->trace);
	live->agrees = live->trace.dropped == policy_drops(&explanation->reasoning.evaluation);
	live->sure = !has_stray(&live->trace);
	return err;
}

int pg_explain_ask_live(struct pg_explanation *explanation, const struct pg_intent *intent)
{
	struct pg_diags *diags = &explanation->input->diags;
	struct pg_backend_options options;
	const struct pg_backend *backend = pg_choose_backend(explanation->options, &options);
	struct pg_explain_live *live = &explanation->live;
	struct pg_backend_handle *handle;
	int err;

	if (!backend->trace) {
		pg_error(diags, PG_LOC_NONE, "backend '%s' can't be asked about a flow",
			 backend->name);
		return -EOPNOTSUPP;
	}
	err = backend->open(&options, true, diags, &handle);
	if (err)
		return err;
	live->backend = backend->name;
	err = ask(explanation, backend, handle, intent, live);
	backend->close(handle);
	return err;
}

static const char *fate(bool dropped)
{
	return dropped ? "deny" : "allow";
}

static void print_head(const struct pg_explain_live *live)
{
	const struct pg_backend_status *status = &live->status;
	char digest[PG_DIGEST_TEXT_MAX], expected[PG_DIGEST_TEXT_MAX];

	pg_digest_format(status->digest, digest);
	pg_digest_format(live->expected, expected);
	if (!status->enforcing)
		printf("\nlive: not what is enforced: %s enforces nothing here; run polgen apply\n",
		       live->backend);
	else if (live->current)
		printf("\nlive: %s (%s, %s) enforces this policy, digest %.16s\n", live->backend,
		       status->flavour, status->layout, digest);
	else
		printf("\nlive: not what is enforced: %s (%s, %s) has digest %.16s, and this policy "
		       "comes to %.16s; run polgen apply\n",
		       live->backend, status->flavour, status->layout, digest, expected);
}

static void print_step(const struct pg_trace_step *step, int width)
{
	char packets[24] = "", bytes[24] = "";

	if (step->counted) {
		snprintf(packets, sizeof(packets), "%llu", (unsigned long long)step->packets);
		snprintf(bytes, sizeof(bytes), "%llu", (unsigned long long)step->bytes);
	}
	printf("%c %-*s %10s %12s  %s%s\n",
	       step->stray			  ? '?'
	       : step->verdict != PG_VERDICT_NONE ? '>'
						  : ' ',
	       width, step->object, packets, bytes, step->text,
	       step->stray ? "  (not followed)" : "");
}

static void print_steps(const struct pg_trace *trace)
{
	int width = 6;

	pg_array_foreach(step, &trace->steps)
		width = PG_MAX(width, (int)strlen(step->object));
	if (trace->steps.count)
		printf("  %-*s %10s %12s  %s\n", width, "OBJECT", "PACKETS", "BYTES",
		       "WHAT IT SAYS");
	pg_array_foreach(step, &trace->steps)
		print_step(step, width);
}

static void print_conclusion(const struct pg_explain_live *live)
{
	const char *says = fate(live->trace.dropped);

	if (live->agrees) {
		printf("live: %s, as the policy says%s\n", says,
		       live->sure ? "" : ", BUT WHAT WAS NOT FOLLOWED MAY DECIDE OTHERWISE");
		return;
	}
	printf("live: %s, AND THE POLICY SAYS %s\n", says, live->trace.dropped ? "ALLOW" : "DENY");
	if (live->current)
		printf("somebody changed what polgen installed, or polgen is wrong; polgen apply puts "
		       "the former right\n");
}

void pg_explain_print_live(const struct pg_explain_live *live)
{
	print_head(live);
	print_steps(&live->trace);
	print_conclusion(live);
}

static json_t *step_to_json(const struct pg_trace_step *step)
{
	json_t *object = json_pack("{s:s, s:s, s:b}", "object", step->object, "text", step->text,
				   "stray", step->stray);

	if (step->direction != PG_DIRECTIONS)
		json_object_set_new(object, "direction",
				    json_string(pg_direction_name(step->direction)));
	if (step->verdict != PG_VERDICT_NONE)
		json_object_set_new(object, "verdict", json_string(pg_verdict_name(step->verdict)));
	if (step->rule[0])
		json_object_set_new(object, "rule", json_string(step->rule));
	if (step->counted) {
		json_object_set_new(object, "packets", json_integer((json_int_t)step->packets));
		json_object_set_new(object, "bytes", json_integer((json_int_t)step->bytes));
	}
	return object;
}

json_t *pg_explain_live_to_json(const struct pg_explain_live *live)
{
	json_t *steps = json_array();
	char digest[PG_DIGEST_TEXT_MAX], expected[PG_DIGEST_TEXT_MAX];

	pg_digest_format(live->status.digest, digest);
	pg_digest_format(live->expected, expected);
	pg_array_foreach(step, &live->trace.steps)
		json_array_append_new(steps, step_to_json(step));
	return json_pack("{s:s, s:s, s:s, s:b, s:b, s:s, s:s, s:s, s:b, s:b, s:o}", "backend",
			 live->backend, "flavour", live->status.flavour, "layout",
			 live->status.layout, "enforcing", live->status.enforcing, "current",
			 live->current, "digest", digest, "expectedDigest", expected, "verdict",
			 fate(live->trace.dropped), "agrees", live->agrees, "sure", live->sure,
			 "steps", steps);
}
