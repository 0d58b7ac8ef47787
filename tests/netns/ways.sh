#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Which way real traffic takes under eBPF, and that all of it arrives: what stays on one bridge, and
# everything over which something else of the host has a say (NAT, Docker's rules and an operator's,
# other networks, VLANs, a macvlan), with fragments, ICMP errors, unequal MTUs and offloads, over both
# families. Rules and networks have Docker's form.
cd "${top_srcdir:-$(dirname "$0")/../..}" || exit 1
. tests/tap.sh
tap_sandbox "$0" "$@"
# shellcheck source=tests/netns/networks.sh
. tests/netns/networks.sh

for tool in iptables-nft-restore ip6tables-nft-restore nft perl bridge busybox; do
	command -v $tool >/dev/null || tap_skip_all "no $tool"
done

# app1 is closed: to app2 and app4 but for port 82, to app3 but for port 80. Nothing speaks of the others.
cat >"$SANDBOX/policy.json" <<'END'
[{
  "endpointSelector": {"matchLabels": {"id": "app1"}},
  "ingress": [
    {"fromEndpoints": [{"matchLabels": {"id": "app2"}}, {"matchLabels": {"id": "app4"}}],
     "toPorts": [{"ports": [{"port": "80"}, {"port": "81"}, {"port": "83"}]}]},
    {"fromEndpoints": [{"matchLabels": {"id": "app3"}}], "toPorts": [{"ports": [{"port": "80"}]}]},
    {"fromEntities": ["world"], "toPorts": [{"ports": [{"port": "80"}]}]}
  ],
  "egress": [{"toEntities": ["all"]}]
}]
END

apply() {
	polgen apply --backend=ebpf --endpoints="$SANDBOX/endpoints.json" "$@" "$SANDBOX/policy.json"
}

offload() {
	flip_run perl "$traffic" offload "vethapp$1" "$2"
	flip_run_in "app$1" perl "$traffic" offload eth0 "$2"
}

# mtu NUMBER MTU: of both ends.
mtu() {
	flip_run ip link set "vethapp$1" mtu "$2"
	flip_run_in "app$1" ip link set eth0 mtu "$2"
}

# fragments FROM TO ORDER [FAMILY]: one datagram in each family.
fragments() {
	local family

	for family in ${4:-4 6}; do
		flip_run_in "$1" perl "$traffic" fragments "$(at "$family" "$1")" "$(at "$family" "$2")" \
			80 "$3" || return
	done
}

# What stays on the bridge, without anybody's say.
check_bridged() {
	local proto

	for proto in tcp udp; do
		goes "$bridged" "$at: $proto to a closed endpoint" talk $proto app2 "$app1" 80
		goes "$bridged" "$at: $proto from one" talk $proto app1 "$app2" 80
		goes "$bridged" "$at: $proto between open ones" talk $proto app2 "$app3" 80
		later "$at: $proto to a closed port" closed talk $proto app2 "$app1" 82
		later "$at: $proto to a port that is closed to some" closed talk $proto app3 "$app1" 81
	done
	settle
	goes "$bridged" "$at: a bulk transfer" bulk app2 "$app1" 80
}

# What Docker publishes, masquerades and keeps apart.
check_docker() {
	local proto

	for proto in tcp udp; do
		goes stack "$at: $proto to outside, masqueraded" talk $proto app2 "$world" 80
		goes stack "$at: $proto to outside, from a closed endpoint" talk $proto app1 "$world" 80
		# what comes from outside enters the bridge in one direction only
		goes stack "$at: $proto to a published port, from outside" talk $proto world "$host" 8080
		later "$at: $proto to another network" closed talk $proto app2 "$app4" 80
		later "$at: $proto from another network" closed talk $proto app4 "$app1" 80
		later "$at: $proto to the port that is published there" closed talk $proto app4 "$host" 8080
		later "$at: $proto from outside, past the published port" closed talk $proto world "$app1" 80
	done
	settle
}

# Ports that are published by NAT alone come back to the bridge; for that the rules must see what is
# bridged.
check_hairpin() {
	local proto

	for proto in tcp udp; do
		goes stack "$at: $proto to a published port, from the same network" \
			talk $proto app2 "$host" 8080
		goes stack "$at: $proto to a published port, from its own container" \
			talk $proto app1 "$host" 8080
		goes stack "$at: $proto to a published port, from where part of it is closed" \
			talk $proto app3 "$host" 8080
		later "$at: $proto to a port that an operator's rule closed" \
			closed talk $proto app2 "$app1" 83
		later "$at: $proto to it, between open ones" closed talk $proto app2 "$app3" 83
	done
	settle
}

# The same tuple, by NAT and directly, one after another.
check_same_tuple() {
	goes "$bridged" "$at: udp from one port, directly" talk udp app2 "$app1" 80 64 6000
	goes stack "$at: udp from the same port, to the published one" \
		talk udp app2 "$host" 8080 64 6000
	goes "$bridged" "$at: udp from the same port, directly again" talk udp app2 "$app1" 80 64 6000
}

check_large() {
	goes "$bridged" "$at: udp in fragments" talk udp app2 "$app1" 80 4000
	goes stack "$at: udp in fragments to outside" talk udp app2 "$world" 80 4000
}

# The way out is narrower than the bridge.
check_narrow_uplink() {
	flip_run ip link set up0 mtu 1300
	flip_run_in world ip link set eth0 mtu 1300
	hold out app2 udp "$world" 80
	tap_check "$at: a flow to outside runs" says out 20
	tap_equal "$at: it learns that the way is narrow" "receive: Message too long" \
		"$(say out "1 1350")"
	tap_equal "$at: and how narrow" 1300 "$(say out mtu)"
	tap_check "$at: and goes on" says out "5 1350"
	goes stack "$at: a stream through it" bulk app1 "$world" 80
	release out
	flip_run ip link set up0 mtu 1500
	flip_run_in world ip link set eth0 mtu 1500
	forget_routes app1
	forget_routes app2
}

# One endpoint takes less than its bridge.
check_unequal_mtu() {
	goes stack "$at: a stream between unequal MTUs" bulk app2 "$app3" 80
	goes stack "$at: udp that fits both" talk udp app2 "$app3" 80 1200
	tap_check "$at: udp that doesn't" closed talk udp app2 "$app3" 80 1400
	goes "$bridged" "$at: others aren't concerned" talk udp app2 "$app1" 80 1400
}

check_offload() {
	local pair sender receiver

	for pair in "off off" "off on" "on off"; do
		read -r sender receiver <<<"$pair"
		offload 2 "$sender"
		offload 1 "$receiver"
		for family in 4 6; do
			name_ends
			goes "$bridged" "$at: a stream, offloads $sender and $receiver" bulk app2 "$app1" 80
			goes "$bridged" "$at: udp, offloads $sender and $receiver" \
				talk udp app2 "$app1" 80 1400
		done
	done
	offload 1 on
	offload 2 on
}

# Whom a MAC address is of.
mac_of() {
	flip_run_in "$1" ip -o link show eth0 | sed 's/.*ether //; s/ .*//'
}

# count_in NETNS: datagrams that come in from port 5005, with a VLAN's tag and without; seen_in yields both.
count_in() {
	flip_run_in "$1" nft -f - <<-END
		table netdev ways {
			counter tagged { }
			counter plain { }
			chain ingress {
				type filter hook ingress device eth0 priority 0;
				ether type 8021q counter name tagged return
				udp sport 5005 counter name plain
			}
		}
	END
}

seen_in() {
	flip_run_in "$1" nft reset counters table netdev ways | awk '/packets/ { print $2 }' | paste -sd ' '
}

# A VLAN of the containers' own has the addresses and ports of a flow beside it.
check_vlan() {
	hold vlan app2 udp "${ipv4[app3]}" 80 5005
	tap_check "$at: a flow runs" says vlan 20
	count_in app3
	goes stack "$at: its like in a VLAN passes the bridge" flip_run_in app2 perl "$traffic" \
		tagged eth0 "$(mac_of app3)" "${ipv4[app2]}" 5005 "${ipv4[app3]}" 80 $messages
	tap_equal "$at: and arrives with its tag" "$messages 0" "$(seen_in app3)"
	goes "$bridged" "$at: the flow goes on" says vlan $messages
	tap_equal "$at: and arrives without one" "0 $messages" "$(seen_in app3)"
	flip_run_in app3 nft delete table netdev ways
	release vlan
}

# What a bridge keeps apart stays apart: ports of other VLANs, and isolated ones.
check_apart() {
	if flip_run ip link set flip0 type bridge vlan_filtering 1 2>/dev/null; then
		flip_run bridge vlan add dev vethapp3 vid 7 pvid untagged
		flip_run bridge vlan delete dev vethapp3 vid 1
		tap_check "$at: ports of other VLANs" closed talk udp app2 "${ipv4[app3]}" 80
		goes "$bridged" "$at: and of the same one" talk udp app2 "${ipv4[app1]}" 80
		flip_run ip link set flip0 type bridge vlan_filtering 0
		flip_run bridge vlan add dev vethapp3 vid 1 pvid untagged
	else
		tap_skip "$at: ports of other VLANs" "the kernel's bridge knows none"
	fi
	flip_run bridge link set dev vethapp2 isolated on
	flip_run bridge link set dev vethapp3 isolated on
	tap_check "$at: isolated ports" closed talk udp app2 "${ipv4[app3]}" 80
	goes "$bridged" "$at: and one that isn't" talk udp app2 "${ipv4[app1]}" 80
	flip_run bridge link set dev vethapp2 isolated off
	flip_run bridge link set dev vethapp3 isolated off
}

# A container of another kind beside the bridge's.
check_macvlan() {
	local proto

	macvlan_up
	for proto in tcp udp; do
		goes stack "$at: $proto to a macvlan neighbour" talk $proto app2 10.0.192.9 80
		goes stack "$at: $proto from it" talk $proto macvlan "${ipv4[app2]}" 80
		later "$at: $proto from it to where it may not" closed talk $proto macvlan "${ipv4[app1]}" 81
	done
	settle
	flip_run_in macvlan ip link delete eth0
	kill "$server"
	ip netns delete macvlan
}

check_proxy() {
	networks_rules proxy
	goes stack "$at: tcp to a published port by the proxy, from the same network" \
		talk tcp app2 "$host" 8080
	goes stack "$at: tcp to a published port by the proxy, from its own container" \
		talk tcp app1 "$host" 8080
	goes stack "$at: tcp to a published port by NAT, from outside" talk tcp world "$host" 8080
	networks_rules nat
}

check_icc() {
	local proto

	networks_rules nat DROP
	for proto in tcp udp; do
		later "$at: $proto between containers that don't talk" closed talk $proto app2 "$app1" 81
		later "$at: $proto between open ones" closed talk $proto app2 "$app3" 81
		later "$at: $proto from outside" talk $proto world "$host" 8080
		later "$at: $proto to outside" talk $proto app2 "$world" 80
	done
	settle
	networks_rules nat
}

# A container goes, and another one comes with the same address: what runs and what begins gets there.
check_replaced() {
	hold udp app2 udp "${ipv4[app1]}" 80 5003
	hold tcp app2 tcp "${ipv4[app1]}" 80 5004
	tap_check "$at: a flow runs" says udp 20
	tap_check "$at: and a connection" says tcp 20
	flip_run ip link delete vethapp1
	ip netns delete app1
	networks_app 1 app1
	flip_run bridge link set dev vethapp1 hairpin on
	server app1 80 82 83
	# It has another link-layer address.
	flip_run ip neighbour flush dev flip0
	flip_run_in app2 ip neighbour flush dev eth0
	flip_run_in app3 ip neighbour flush dev eth0
	tap_check "$at: the flow gets to the new container before anybody applies" says udp again
	tap_check "$at: apply" apply "${options[@]}"
	tap_check "$at: the flow gets to the new container" says udp 20
	tap_equal "$at: the connection is reset" "receive: Connection reset by peer" "$(say tcp 1)"
	release udp tcp
	goes "$bridged" "$at: a new connection from the same port" \
		talk tcp app2 "${ipv4[app1]}" 80 64 5004
	goes "$bridged" "$at: a new flow" talk udp app2 "${ipv4[app1]}" 80
}

# at: what stands before the names of tests; addresses of the family.
name_ends() {
	at="$mode, IPv$family"
	app1=$(at "$family" app1) app2=$(at "$family" app2) app3=$(at "$family" app3)
	app4=$(at "$family" app4) world=$(at "$family" world) host=$(at "$family" host)
}

# check_all MODE WAY APPLY-OPTION...: WAY is that of what stays on the bridge.
check_all() {
	local mode=$1 bridged=$2 options=("${@:3}") at family
	local app1 app2 app3 app4 world host

	at=$mode
	tap_check "$at: apply" apply "${options[@]}"
	for family in 4 6; do
		name_ends
		check_bridged
		check_docker
		check_hairpin
		check_same_tuple
		check_large
		check_errors app1 app2 app2
		check_narrow_uplink
		check_proxy
		check_icc
	done
	check_offload

	at=$mode
	tap_check "$at: fragments in order" fragments app2 app1 0,1,2
	tap_check "$at: fragments, the last before the middle" fragments app2 app1 0,2,1
	tap_check "$at: fragments, the first one last" fragments app2 app3 2,1,0
	tap_check "$at: which a closed endpoint may not send" closed fragments app1 app2 2,1,0 4
	check_vlan
	check_apart
	check_macvlan

	mtu 3 1300
	tap_check "$at: apply" apply "${options[@]}"
	for family in 4 6; do
		name_ends
		at+=", unequal MTU"
		check_unequal_mtu
	done
	mtu 3 1500
	at=$mode
	tap_check "$at: apply" apply "${options[@]}"

	networks_bridge_filter 0
	for family in 4 6; do
		name_ends
		at+=", no br_netfilter"
		check_bridged
		check_docker
		check_large
	done
	networks_bridge_filter 1

	at=$mode
	check_replaced
	tap_check "$at: clear" polgen clear
}

# proxy_up ADDRESS: the userland proxy of app1's port of that family.
proxy_up() {
	local ready

	exec {ready}< <(exec nsenter --net=/run/netns/flip perl "$traffic" proxy 8080 "$1" 80)
	read -r -u "$ready"
	exec {ready}<&-
}

# Not for longer than it is needed: a bridge that has one is promiscuous, and then the host, too, routes
# what is bridged after DNAT, so that such packets arrive twice.
macvlan_up() {
	ip netns add macvlan
	flip_run ip link add link flip0 name mac0 type macvlan mode bridge
	flip_run ip link set mac0 netns macvlan
	flip_run_in macvlan ip link set mac0 name eth0 up
	flip_run_in macvlan ip address add 10.0.192.9/24 dev eth0
	server macvlan 80
}

networks_up
networks_rules nat
networks_endpoints "$SANDBOX/endpoints.json"
count_up
for app in app1 app2 app3 app4 world; do
	server $app 80 82 83
done
proxy_up "${ipv4[app1]}"
proxy_up "${ipv6[app1]}"

check_all stack stack --same-host=stack
check_all redirect short --same-host=redirect
tap_done
