// SPDX-License-Identifier: GPL-2.0-only
#include "backends/revoke.h"

#include <linux/membarrier.h>
#include <sys/syscall.h>
#include <time.h>

#include "compat/errtext.h"

/* How often the flows are looked through at most, should there always be one to cut. */
#define PASSES_MAX 3

/* A flow that was expected by one that was expected by ...: RTP, by H.245, by Q.931. */
#define MASTERS_MAX 8

struct sweep {
	const struct pg_intent *intent;
	struct pg_nfnl dump, requests; /* the socket of a dump is busy until its end */
	size_t cut;
	size_t failed; /* in this pass */
	int err;       /* the first failure's */
};

static void sweep_done(struct sweep *sweep)
{
	pg_nfnl_done(&sweep->dump);
	pg_nfnl_done(&sweep->requests);
}

static struct pg_addr make_addr(uint8_t family, const uint8_t bytes[16])
{
	struct pg_addr addr = { .family = family };

	memcpy(addr.bytes, bytes, sizeof(addr.bytes));
	return addr;
}

static const struct pg_address *find(const struct pg_intent *intent, const struct pg_addr *addr)
{
	static const struct pg_address world = { .id = PG_IDENTITY_WORLD };
	const struct pg_address *found = pg_identities_find_addr(intent->identities, addr);

	return found ? found : &world;
}

static bool denies(const struct pg_intent *intent, const struct pg_address *subject,
		   enum pg_direction direction, const struct pg_address *peer, pg_proto proto,
		   uint16_t port)
{
	struct pg_origin origin;

	return pg_verdict_table_judge(intent->table, subject->id, direction, peer->id, proto, port,
				      &origin) == PG_VERDICT_DENY;
}

/* What a flow asks for: ports are those after DNAT, as addresses are. */
static uint16_t port_of(const struct pg_ct_flow *flow)
{
	bool icmp = flow->proto == PG_PROTO_ICMP.n || flow->proto == PG_PROTO_ICMPV6.n;

	return icmp ? flow->original.icmp_type : flow->reply.sport;
}

/*
 * The host, which may reach its endpoints by its loopback addresses too: where DNAT leads from 127.0.0.1
 * to a container, and no proxy.
 */
static bool is_host(const struct pg_address *who, const struct pg_addr *addr)
{
	static const struct pg_addr loopback6 = { 6, { [15] = 1 } };

	return who->id.n == PG_IDENTITY_HOST.n || (addr->family == 4 && addr->bytes[0] == 127) ||
	       !pg_addr_compare(addr, &loopback6);
}

bool pg_revoke_is_denied(const struct pg_intent *intent, const struct pg_ct_flow *flow)
{
	struct pg_addr from = make_addr(flow->family, flow->original.src);
	struct pg_addr to = make_addr(flow->family, flow->reply.src);
	const struct pg_address *src = find(intent, &from), *dst = find(intent, &to);
	pg_proto proto = { flow->proto };
	uint16_t port = port_of(flow);

	/* To itself: such a flow is allowed, as nobody else has a part in it. */
	if (!pg_addr_compare(&from, &to))
		return false;
	if (src->endpoint && denies(intent, src, PG_EGRESS, dst, proto, port))
		return true;
	if (!dst->endpoint || (intent->host_policy == PG_HOST_POLICY_ALLOW && is_host(src, &from)))
		return false;
	return denies(intent, dst, PG_INGRESS, src, proto, port);
}

/*
 * Whether a flow has to go. Of a flow that has ended nobody knows any more whether it would be allowed:
 * those that it let in then go. 1, 0, or what the kernel said.
 */
static int is_revoked(struct sweep *sweep, const struct pg_ct_flow *flow)
{
	struct pg_ct_flow current = *flow;

	for (int i = 0; i < MASTERS_MAX; i++) {
		int err;

		if (!pg_revoke_is_denied(sweep->intent, &current))
			return 0;
		err = pg_ct_master(&sweep->requests, &current, &current);
		if (err)
			return err == -ENOENT ? 1 : err;
	}
	return 1;
}

static int visit(const struct pg_ct_flow *flow, void *data)
{
	struct sweep *sweep = data;
	int revoked = is_revoked(sweep, flow);
	int err = revoked > 0 ? pg_ct_delete(&sweep->requests, flow) : revoked;

	if (!err) {
		sweep->cut += revoked;
	} else if (err != -ENOENT) {
		sweep->failed++;
		sweep->err = sweep->err ? sweep->err : err;
	}
	return 0;
}

/*
 * A packet that the rules before these let pass makes its flow known only where it leaves the host.
 * Packets are on that way within RCU read-side sections.
 */
static void wait_for_packets(void)
{
	struct timespec pause = { .tv_nsec = 50000000 };

	/* Not on kernels with nohz_full; there a pause, ample for some microseconds of rules. */
	if (syscall(__NR_membarrier, MEMBARRIER_CMD_GLOBAL, 0, 0))
		nanosleep(&pause, NULL);
}

/* A dump of a table that grew may be of two moments: what it lacks, the next pass finds. */
static int look_through(struct sweep *sweep)
{
	size_t before;
	int err;

	for (int pass = 0; pass < PASSES_MAX; pass++) {
		before = sweep->cut;
		sweep->failed = 0;
		sweep->err = 0;
		err = pg_ct_dump(&sweep->dump, visit, sweep);
		if (err && err != -EINTR)
			return err;
		if (!err && sweep->cut == before)
			return 0;
	}
	return err;
}

static int open_sockets(struct sweep *sweep)
{
	int err = pg_nfnl_open(&sweep->dump);

	return err ? err : pg_nfnl_open(&sweep->requests);
}

static void report(const struct sweep *sweep, int err, struct pg_diags *diags)
{
	_cleanup_strbuf_ struct pg_strbuf what = { 0 };

	if (sweep->failed)
		pg_strbuf_printf(&what, "forget %zu of them", sweep->failed);
	else
		pg_strbuf_puts(&what, "look for them");
	pg_error(
		diags, PG_LOC_NONE,
		"the policy is enforced, but running flows that it denies may go on: cannot %s: %s",
		what.text ? what.text : "cut them", PG_ERRTEXT(err));
}

int pg_revoke(const struct pg_intent *intent, struct pg_diags *diags, size_t *ret_flows)
{
	PG_CLEANUP(sweep_done) struct sweep sweep = { .intent = intent };
	int err = 0;

	if (intent->endpoints->list.count) {
		wait_for_packets();
		err = open_sockets(&sweep);
		if (!err)
			err = look_through(&sweep);
		err = err ? err : sweep.err;
	}
	if (err) {
		report(&sweep, err, diags);
		return err;
	}
	*ret_flows = sweep.cut;
	return 0;
}

int pg_revoke_check(const struct pg_intent *intent, struct pg_diags *diags)
{
	_cleanup_nfnl_ struct pg_nfnl nfnl = { 0 };
	int err;

	if (intent->on_revoke != PG_ON_REVOKE_CUT || !intent->endpoints->list.count)
		return 0;
	err = pg_nfnl_open(&nfnl);
	if (!err)
		err = pg_ct_probe(&nfnl);
	if (err == -EOPNOTSUPP || err == -EPROTONOSUPPORT) {
		pg_error(diags, PG_LOC_NONE,
			 "this kernel lets nobody look at running flows, so those that the policy "
			 "denies can't be cut; load it: modprobe nf_conntrack_netlink; or let them "
			 "end: --on-revoke=keep");
		return -EOPNOTSUPP;
	}
	if (err)
		pg_error(diags, PG_LOC_NONE,
			 "cannot look at running flows, to cut those that the policy denies: %s",
			 PG_ERRTEXT(err));
	return err;
}
