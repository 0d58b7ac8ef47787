#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# IPv6 under real packets with each backend: bridged, routed and to the host itself, judged by the
# endpoints' IPv6 addresses, with what IPv6 can't do without.
cd "${top_srcdir:-$(dirname "$0")/../..}" || exit 1
. tests/tap.sh
tap_sandbox "$0" "$@"
# shellcheck source=tests/flip.sh
. tests/flip.sh

for tool in ip6tables-legacy ip6tables-nft busybox; do
	command -v $tool >/dev/null || tap_skip_all "no $tool"
done

# app1 takes everything from app2, and TCP port 80 from anybody. app3 sends to app1 only; app2 is
# open.
cat >"$SANDBOX/policy.json" <<-END
	[{ "endpointSelector": { "matchLabels": { "id": "app1" } },
	   "ingress": [{ "fromEndpoints": [{ "matchLabels": { "id": "app2" } }] },
	               { "toPorts": [{ "ports": [{ "port": "80", "protocol": "TCP" }] }] }] },
	 { "endpointSelector": { "matchLabels": { "id": "app3" } },
	   "egress": [{ "toEndpoints": [{ "matchLabels": { "id": "app1" } }] }] }]
END

apply() {
	polgen apply --backend="$backend" --endpoints="$SANDBOX/endpoints.json" "$@" \
		"$SANDBOX/policy.json"
}

# How many listener reports reached an endpoint.
reports() {
	flip_run_in "$1" ip6tables-legacy -t mangle -nvxL PREROUTING 2>/dev/null |
		awk '/type 143/ { print $1 }'
}

reports_more_than() {
	local tries

	# Reports are repeated within a second or so; see RFC 3810, 9.11.
	for ((tries = 0; tries < 100; tries++)); do
		[ "$(reports "$1")" -le "$2" ] || return 0
		sleep 0.1
	done
	return 1
}

is_usable() {
	[ -z "$(flip_run_in "$1" ip -6 address show dev eth0 tentative)" ]
}

wait_usable() {
	local name tries

	for name in "$@"; do
		for ((tries = 0; tries < 100; tries++)); do
			! is_usable "$name" || continue 2
			sleep 0.1
		done
		return 1
	done
}

listeners=()
listen() {
	flip_run_in "$1" busybox nc -ll -p "$2" -e true &
	listeners+=($!)
}

endpoints6 >"$SANDBOX/endpoints.json"
flip_up
flip_sysctl net/bridge/bridge-nf-call-ip6tables 1
flip_sysctl net/ipv6/conf/all/forwarding 1
world_up fd00:77::1/64 fd00:77::2/64
flip_run ip address add fd00::1/64 dev flip0 nodad
for i in 2 3 4; do
	app=app$((i - 1))
	flip_run_in $app ip address add fd00::$i/64 dev eth0 nodad
	flip_run_in $app ip route add default via fd00::1
done
# Deprecated: no source but on request.
flip_run_in app2 ip address add fd00::77/64 dev eth0 nodad preferred_lft 0
# Before routing, which drops what is for groups that app1 isn't in.
flip_run_in app1 ip6tables-legacy -t mangle -A PREROUTING -p icmpv6 --icmpv6-type 143
for port in 80 81; do
	listen app1 $port
	listen app2 $port
done
tap_check "all link-local addresses are usable" wait_usable app1 app2 app3
link_local=$(flip_run_in app1 ip -6 -o address show dev eth0 scope link | sed 's/.*inet6 //; s,/.*,,')

run polgen endpoints --endpoints="$SANDBOX/endpoints.json"
tap_equal "endpoints shows both addresses" "ENDPOINT IPV4 IPV6 INTERFACE
app1 10.0.192.2 fd00::2 vethapp1" "$(awk 'NR <= 2 { print $1, $3, $4, $5 }' <<<"$run_out")"

# What is left of a backend.
remains() {
	case $backend in
	iptables-*) flip_run "ip6tables-${backend#iptables-}-save" 2>/dev/null | grep POLGEN || : ;;
	nftables) flip_run nft list ruleset | grep polgen || : ;;
	ebpf) find /sys/fs/bpf -mindepth 1 ! -name '*.debug' ;;
	esac
}

for backend in iptables-legacy iptables-nft nftables ebpf; do
	tap_check "$backend: apply" apply
	tap_equal "$backend: status shows both addresses" "10.0.192.2 fd00::2 vethapp1" \
		"$(polgen status | awk '$1 == "app1" { print $3, $4, $5 }')"

	for app in app1 app2 app3; do
		flip_run_in $app ip neighbour flush dev eth0
	done
	later "$backend: bridged, who may comes in" ping app2 fd00::2
	later "$backend: bridged, who may not send is dropped" denied ping app3 fd00::3
	later "$backend: bridged, in fragments as well" ping app2 fd00::2 -s 4000
	later "$backend: bridged, and who may not send is dropped" denied ping app3 fd00::3 -s 4000
	later "$backend: bridged, another address is spoofed" denied ping app2 fd00::2 -I fd00::77
	later "$backend: routed, replies reach a closed endpoint" ping app1 fd00:77::2
	later "$backend: which takes nothing from the world" denied ping world fd00::2
	later "$backend: while an open one does" ping world fd00::3
	later "$backend: routed, another address is spoofed" denied ping app2 fd00:77::2 -I fd00::77
	later "$backend: routed, who may not send is dropped" denied ping app3 fd00:77::2
	later "$backend: to the host, an own address passes" ping app2 fd00::1
	later "$backend: to the host, another is spoofed" denied ping app2 fd00::1 -I fd00::77
	later "$backend: to the host, who may not send is dropped" denied ping app3 fd00::1
	later "$backend: the host is let in" ping flip fd00::2
	later "$backend: link-local addresses don't talk" denied ping app2 "$link_local%eth0"
	later "$backend: TCP, anybody reaches the open port" connect app2 fd00::2 80
	later "$backend: also who may send nowhere else" connect app3 fd00::2 80
	later "$backend: to whom another is closed" denied connect app3 fd00::3 80
	later "$backend: also from the world" connect world fd00::2 80
	later "$backend: which doesn't reach another" denied connect world fd00::2 81
	later "$backend: but the open endpoint's" connect world fd00::3 81
	settle
	tap_check "$backend: neighbours are found by who may not send" is_resolved app3 fd00::3
	tap_equal "$backend: four were spoofed" 4 "$(count spoofed egress)"
	tap_check "$backend: some were denied on their way out" test "$(count default-deny egress)" -ge 4
	tap_check "$backend: and some on their way in" test "$(count default-deny ingress)" -ge 2

	before=$(reports app1)
	flip_run_in app3 ip -6 address add fd00::5/64 dev eth0 nodad
	tap_check "$backend: reports of who may not send reach the others" \
		reports_more_than app1 "$before"
	flip_run_in app3 ip -6 address delete fd00::5/64 dev eth0
	tap_equal "$backend: nothing was dropped because its address isn't known" 0 \
		"$(count ipv6 egress)"

	apply --host-policy=enforce >/dev/null
	later "$backend: an enforced host is a peer as any" denied ping flip fd00::2
	later "$backend: and passes to an open endpoint" ping flip fd00::3
	settle

	tap_check "$backend: clear" polgen clear
	tap_check "$backend: opens all again" ping app2 fd00::2 -I fd00::77
	tap_empty "$backend: and leaves nothing" remains
done

kill "${listeners[@]}"
wait 2>/dev/null
tap_done
