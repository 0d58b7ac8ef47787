#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# The eBPF backend through the command and with real traffic: what a packet that is only made for a
# test can't show, such as fragments and segments of real stacks.
cd "${top_srcdir:-$(dirname "$0")/../..}" || exit 1
. tests/tap.sh
tap_sandbox "$0" "$@"
# shellcheck source=tests/flip.sh
. tests/flip.sh

for tool in busybox tc jq; do
	command -v $tool >/dev/null || tap_skip_all "no $tool"
done

# app2 may do everything at app1, app3 may use one port; app2 and app3 are open.
cat >"$SANDBOX/policy.json" <<'END'
[{
  "endpointSelector": {"matchLabels": {"id": "app1"}},
  "ingress": [
    {"fromEndpoints": [{"matchLabels": {"id": "app2"}}]},
    {"fromEndpoints": [{"matchLabels": {"id": "app3"}}],
     "toPorts": [{"ports": [{"port": "80", "protocol": "TCP"}, {"port": "80", "protocol": "UDP"}]}]}
  ],
  "egress": [{"toEndpoints": [{"matchLabels": {"id": "app2"}}]}]
}]
END
cat >"$SANDBOX/closed.json" <<'END'
[{"endpointSelector": {"matchLabels": {"id": "app1"}}, "ingress": [{}], "egress": [{}]}]
END

apply() {
	polgen apply --backend=ebpf --endpoints=examples/flip/endpoints.json "$@"
}

# listen PORT: app1 stores what it gets, once. It ends when the other end does: it has more to say.
listen() {
	rm -f "$SANDBOX/got"
	# not by a function: then the number were a shell's
	nsenter --net=/run/netns/app1 timeout 60 busybox nc -l -p "$1" \
		>"$SANDBOX/got" <&"$silence" &
	listener=$!
	until flip_run_in app1 ss -ltn "sport = :$1" | grep -q LISTEN; do
		kill -0 "$listener" || return
	done
}

# transfers FROM PORT: a megabyte arrives whole.
transfers() {
	local status=0

	listen "$2" || return
	flip_run_in "$1" busybox nc -w 2 10.0.192.2 "$2" <"$SANDBOX/megabyte" || status=1
	[ "$status" -eq 0 ] || kill "$listener"
	wait "$listener"
	[ "$status" -eq 0 ] && cmp "$SANDBOX/megabyte" "$SANDBOX/got"
}

# counter RULE VERDICT: packets.
counter() {
	polgen status --json | jq "[.. | objects |
		select(.rule? == \"$1\" and .verdict? == \"$2\").packets] | add // 0"
}

link_local() {
	flip_run_in "$1" ip -6 -o address show dev eth0 scope link | awk '{ sub(/\/.*/, "", $4); print $4 }'
}

has_address() {
	[ -n "$(link_local "$1")" ] &&
		! flip_run_in "$1" ip -6 address show dev eth0 tentative | grep -q inet6
}

traffic() {
	tap_check "$1: what may do everything pings" ping app2 10.0.192.2
	tap_check "$1: what may use a port doesn't" denied ping app3 10.0.192.2
	tap_check "$1: a ping in fragments passes" ping app2 10.0.192.2 -s 4000
	tap_check "$1: and doesn't where it may not" denied ping app3 10.0.192.2 -s 4000
	tap_check "$1: what is allowed out gets out" ping app1 10.0.192.3
	tap_check "$1: and what isn't doesn't" denied ping app1 10.0.192.4
	tap_check "$1: open endpoints reach each other" ping app3 10.0.192.3
	tap_check "$1: a megabyte goes through the port" transfers app3 80
	tap_check "$1: and not through another" denied transfers app3 81
	tap_check "$1: which others may use" transfers app2 81
	tap_check "$1: the host gets in" flip_run busybox ping -c 1 -W 1 10.0.192.2
	tap_check "$1: and is not reached" denied ping app1 10.0.192.1
	tap_check "$1: IPv6 doesn't get in where it is closed" \
		denied ping app2 "$(link_local app1)%eth0"
	tap_check "$1: and does where it is open" ping app2 "$(link_local app3)%eth0"
	tap_check "$1: a container's second address is spoofed" \
		denied ping app2 10.0.192.2 -I 10.0.192.9
}

flip_up
mkfifo "$SANDBOX/silence" "$SANDBOX/sent"
exec {silence}<>"$SANDBOX/silence"
head -c 1048576 /dev/urandom >"$SANDBOX/megabyte"
flip_run_in app2 ip address add 10.0.192.9/24 dev eth0
for app in app1 app2 app3; do
	until has_address $app; do :; done
done

tap_check "without polgen everything passes" ping app3 10.0.192.2
for attach in tcx clsact; do
	if grep -q 'the kernel lacks them' <(apply --attach=$attach "$SANDBOX/policy.json" 2>&1); then
		tap_skip "apply with $attach" "the kernel lacks TCX links (6.6)"
		continue
	fi
	polgen clear >/dev/null
	tap_check "apply with $attach" apply --attach=$attach "$SANDBOX/policy.json"
	tap_equal "$attach: it says so" "$attach" "$(polgen status --json | jq -r ".. | .flavour? // empty")"
	traffic $attach
	tap_check "$attach: spoofed packets are counted" test "$(counter spoofed deny)" -gt 0
	tap_equal "$attach: applying again changes nothing" "nothing to change" \
		"$(apply --attach=$attach "$SANDBOX/policy.json" | head -c 17)"
	tap_check "$attach: clear" polgen clear
	tap_check "$attach: then everything passes" ping app3 10.0.192.2
	tap_empty "$attach: and nothing is left of it in bpffs" \
		find /sys/fs/bpf -mindepth 1 ! -name '*.debug'
	tap_empty "$attach: nor on the interfaces" flip_run sh -c 'tc qdisc show | grep clsact || :'
done

# running: a connection from app3 that has brought "before".
running() {
	apply "$SANDBOX/policy.json" >/dev/null
	listen 80
	flip_run_in app3 timeout 60 busybox nc 10.0.192.2 80 <"$SANDBOX/sent" &
	client=$!
	exec {sent}<>"$SANDBOX/sent"
	echo before >&$sent
	until grep -q before "$SANDBOX/got"; do kill -0 $listener || break; done
}

# A connection goes on when the policy closes what it began on, if asked for, and no other one begins.
running
tap_check "apply a policy that allows nothing, and keep" apply --on-revoke=keep "$SANDBOX/closed.json"
echo after >&$sent
exec {sent}>&-
wait $listener
tap_equal "the connection goes on" "before after" "$(tr '\n' ' ' <"$SANDBOX/got" | sed 's/ $//')"
tap_check "another one doesn't begin" denied transfers app3 80

# It is cut if not: what it sends is dropped as a new connection's.
running
tap_check "apply it, and cut" apply "$SANDBOX/closed.json"
tap_equal "the mode is shown" cut "$(polgen status --json | jq -r '.. | .onRevoke? // empty')"
before=$(counter default-deny deny)
echo after >&$sent
until [ "$(counter default-deny deny)" -gt "$before" ]; do kill -0 $listener || break; done
tap_equal "the connection is cut" before "$(cat "$SANDBOX/got")"
kill $listener $client
exec {sent}>&-

tap_done
