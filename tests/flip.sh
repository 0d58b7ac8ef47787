#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# What tests with real packets on Flip have in common: sourced, not run, after tests/tap.sh and
# tap_sandbox. Who sends is a container of Flip's, flip itself, or world.
# shellcheck source=scripts/flip.sh
. scripts/flip.sh

# What it says on stderr is shown only if it fails.
polgen() {
	flip_run "$POLGEN" "$@" 2>"$SANDBOX/errors" || {
		cat "$SANDBOX/errors"
		return 1
	}
}

# For how many seconds an answer is waited for: long where there must be one, since it ends with it.
patience=10

# denied COMMAND...: fails, as it should.
denied() {
	local patience=1

	! "$@"
}

# ping FROM TO [OPTION...]: one packet, of either family, is answered.
ping() {
	local from=$1 to=$2
	shift 2

	flip_run_in "$from" busybox ping -c 1 -W "$patience" "$@" "$to" >/dev/null 2>&1
}

# connect FROM TO PORT: somebody listens there, and answers.
connect() {
	flip_run_in "$1" timeout "$patience" bash -c "exec 3<>'/dev/tcp/$2/$3'" 2>/dev/null
}

# count RULE SIDE: packets.
count() {
	polgen status | awk -v rule="$1" -v side="$2" '
		$3 == side && $5 == rule { packets += $1 }
		END { print packets + 0 }'
}

# later NAME COMMAND...: as tap_check, but at the same time as others; settle waits and reports them.
late_names=()
late_pids=()

later() {
	late_names+=("$1")
	shift
	"$@" &
	late_pids+=($!)
}

settle() {
	local i

	for i in "${!late_pids[@]}"; do
		if wait "${late_pids[i]}"; then
			tap_ok "${late_names[i]}"
		else
			tap_not_ok "${late_names[i]}" <<<"exit code $?"
		fi
	done
	late_names=()
	late_pids=()
}

# The neighbour's link-layer address is known: its answer came.
is_resolved() {
	flip_run_in "$1" ip -6 neighbour show "$2" | grep -q lladdr
}

# endpoints6: Flip's endpoints with an IPv6 address each.
endpoints6() {
	sed 's/"ipv4": "10.0.192.\([234]\)"/&, "ipv6": "fd00::\1"/
	     s/"10.0.192.1"/&, "fd00::1"/' examples/flip/endpoints.json
}

# world_up FLIP WORLD: a namespace behind Flip's uplink up0, whose addresses these are, with prefix
# lengths.
world_up() {
	local nodad=

	[[ $1 != *:* ]] || nodad=nodad
	ip netns add world
	flip_run ip link add up0 type veth peer name eth0 netns world
	flip_run ip address add "$1" dev up0 $nodad
	flip_run ip link set up0 up
	flip_run_in world ip address add "$2" dev eth0 $nodad
	flip_run_in world ip link set eth0 up
	flip_run_in world ip route add default via "${1%/*}"
}
