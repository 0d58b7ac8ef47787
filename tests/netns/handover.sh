#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Running connections and flows go on when they leave the short way: when eBPF is cleared, another backend
# takes its place, or they are asked to go through the stack. By then connection tracking has forgotten
# their first packets, and nothing but what is known passes Docker's rules and the policy's.
cd "${top_srcdir:-$(dirname "$0")/../..}" || exit 1
. tests/tap.sh
tap_sandbox "$0" "$@"
# shellcheck source=tests/netns/networks.sh
. tests/netns/networks.sh

for tool in iptables-nft-restore ip6tables-nft-restore nft perl bridge; do
	command -v $tool >/dev/null || tap_skip_all "no $tool"
done

# app1 is spoken to, and opens nothing.
cat >"$SANDBOX/policy.json" <<'END'
[{
  "endpointSelector": {"matchLabels": {"id": "app1"}},
  "ingress": [{"fromEndpoints": [{"matchLabels": {"id": "app2"}}]}],
  "egress": [{}]
}]
END

apply() {
	polgen apply --endpoints="$SANDBOX/endpoints.json" "$@" "$SANDBOX/policy.json"
}

# timeouts SECONDS: how long connection tracking remembers what it is not told of; "" for its own.
timeouts() {
	flip_sysctl net/netfilter/nf_conntrack_tcp_timeout_syn_recv "${1:-60}"
	flip_sysctl net/netfilter/nf_conntrack_tcp_timeout_established "${1:-432000}"
	flip_sysctl net/netfilter/nf_conntrack_udp_timeout "${1:-30}"
	flip_sysctl net/netfilter/nf_conntrack_udp_timeout_stream "${1:-120}"
}

# What it knows, by the tuples of first packets.
known() {
	flip_run grep -E ' (tcp|udp) ' /proc/net/nf_conntrack |
		sed 's/.*\(src=[^ ]* dst=[^ ]* sport=[^ ]* dport=[^ ]*\) .*src=.*/\1/' | sort
}

# forgotten: all that it didn't know before.
forgotten() {
	local try

	for ((try = 0; try < 200; try++)); do
		[ -n "$(comm -13 <(echo "$before") <(known))" ] || return 0
		sleep 0.1
	done
	flip_run cat /proc/net/nf_conntrack
	return 1
}

# Flows of both families, in which the client has the word or the server.
begin_flows() {
	local family proto

	for family in 4 6; do
		for proto in tcp udp; do
			hold "client-$proto$family" app2 $proto "$(at $family app1)" 80
			hold "server-$proto$family" app1 accept-$proto 900$family
			nsenter --net=/run/netns/app2 perl "$traffic" answer $proto \
				"$(at $family app1)" 900$family &
			answers+=($!)
		done
	done
}

each_flow() {
	local family proto who

	for family in 4 6; do
		for proto in tcp udp; do
			for who in client server; do
				"$@" "$who-$proto$family" || return
			done
		done
	done
}

runs() {
	local answer

	answer=$(say "$1" "$rounds")
	[ "$answer" = ok ] || {
		echo "$1: $answer"
		return 1
	}
}

# check_leaving NAME COMMAND...: the command ends the short way.
check_leaving() {
	local name=$1 answers=() rounds=20 busy before
	shift

	before=$(known)
	networks_rules nat
	timeouts 1
	tap_check "$name: apply with eBPF" apply --backend=ebpf
	begin_flows
	tap_check "$name: flows run" each_flow runs
	goes short "$name: past the bridge" each_flow runs
	tap_check "$name: connection tracking has forgotten them" forgotten
	timeouts ""
	nsenter --net=/run/netns/app2 perl "$traffic" talk tcp "${ipv4[app1]}" 80 30000 &
	busy=$!
	until [ "$(passed)" -gt 0 ]; do kill -0 $busy || break; done
	networks_rules nat DROP
	tap_check "$name: no other one can begin" closed talk tcp app2 "${ipv4[app1]}" 80
	tap_check "$name: the short way ends" "$@"
	rounds=5
	tap_check "$name: the flows go on" each_flow runs
	tap_check "$name: and one that never rests" wait $busy
	tap_check "$name: still no other one can begin" closed talk tcp app2 "${ipv4[app1]}" 80
	each_flow release
	kill "${answers[@]}" 2>/dev/null
	wait "${answers[@]}" 2>/dev/null
	tap_check "$name: clear" polgen clear
}

networks_up
[ -e /proc/net/nf_conntrack ] || tap_skip_all "the kernel doesn't list the connections that it knows"
networks_endpoints "$SANDBOX/endpoints.json"
count_up
server app1 80
check_leaving "clear" polgen clear
check_leaving "to iptables" apply --backend=iptables-nft
check_leaving "to nftables" apply --backend=nftables
check_leaving "to the stack" apply --backend=ebpf --same-host=stack
tap_done
