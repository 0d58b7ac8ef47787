#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Which way real traffic takes under eBPF between containers of two hosts, and that all of it arrives:
# past bridge, netfilter and routing where they have no say over the flow, and through them where they have
# one. Flip has app1 and app2, Flap app3 and app4; the two are routed to each other by up0.
cd "${top_srcdir:-$(dirname "$0")/../..}" || exit 1
. tests/tap.sh
tap_sandbox "$0" "$@"
# shellcheck source=tests/netns/networks.sh
. tests/netns/networks.sh

for tool in iptables-nft-restore nft perl jq; do
	command -v $tool >/dev/null || tap_skip_all "no $tool"
done

ipv4=([app1]=10.0.192.2 [app2]=10.0.192.3 [app3]=10.0.191.2 [app4]=10.0.191.3
	[flip]=10.0.0.1 [flap]=10.0.0.2)
ipv6=([app1]=fd00:c0::2 [app2]=fd00:c0::3 [app3]=fd00:bf::2 [app4]=fd00:bf::3
	[flip]=fd00::1 [flap]=fd00::2)

# on HOST COMMAND...: of flip or flap.
on() {
	nsenter --net="/run/netns/$1" "${@:2}"
}

# host_up HOST NUMBER OTHER: networks are called by what tells them apart, 192 and c0.
host_up() {
	local host=$1 four=$2 six=$3 app=$4 i

	ip netns add "$host"
	on "$host" ip link set lo up
	on "$host" ip link add br0 type bridge
	on "$host" ip link set br0 mtu 1500 up
	networks_addresses "on $host" br0 "10.0.$four.1/24" "fd00:$six::1/64"
	on "$host" sh -c 'echo 1 >/proc/sys/net/ipv4/ip_forward
		echo 1 >/proc/sys/net/ipv6/conf/all/forwarding
		echo 1 >/proc/sys/net/bridge/bridge-nf-call-iptables
		echo 1 >/proc/sys/net/bridge/bridge-nf-call-ip6tables
		echo 1 >/proc/sys/net/ipv4/conf/all/rp_filter'
	for i in 0 1; do
		ip netns add "app$((app + i))"
		on "$host" ip link add "vethapp$((app + i))" type veth peer name eth0 \
			netns "app$((app + i))"
		on "$host" ip link set "vethapp$((app + i))" master br0 up
		networks_addresses "on app$((app + i))" eth0 "10.0.$four.$((2 + i))/24" \
			"fd00:$six::$((2 + i))/64"
		on "app$((app + i))" ip link set lo up
		on "app$((app + i))" ip link set eth0 up
		on "app$((app + i))" ip route add default via "10.0.$four.1"
		on "app$((app + i))" ip route add default via "fd00:$six::1"
	done
}

# link_up HOST OWN-NUMBER OTHER-NUMBER OTHER's-NETWORKS
link_up() {
	networks_addresses "on $1" up0 "10.0.0.$2/24" "fd00::$2/64"
	on "$1" ip link set up0 up
	on "$1" ip route add "10.0.$4.0/24" via "10.0.0.$3"
	on "$1" ip route add "fd00:$5::/64" via "fd00::$3"
}

hosts_up() {
	[ -e /proc/sys/net/bridge ] || modprobe br_netfilter
	flip_bpffs
	host_up flip 192 c0 1
	host_up flap 191 bf 3
	on flip ip link add up0 type veth peer name up0 netns flap
	link_up flip 1 2 191 bf
	link_up flap 2 1 192 c0
}

# endpoints HOST: what polgen is told there.
endpoints() {
	local name where

	for name in app1 app2 app3 app4; do
		where="\"interface\": \"veth$name\", \"network\": \"br0\""
		case $1,$name in
		flip,app[34] | flap,app[12]) where='"node": "other"' ;;
		esac
		echo "{ \"name\": \"$name\", \"labels\": [\"container:id=$name\"], \"ipv4\": \"${ipv4[$name]}\",
			\"ipv6\": \"${ipv6[$name]}\", $where }"
	done | jq -s '{ endpoints: . }'
}

# app1 is closed: to app3 and app2 but for some ports; app3, too, to app1 and app2 but for port 82.
cat >"$SANDBOX/policy.json" <<'END'
[{
  "endpointSelector": {"matchLabels": {"id": "app1"}},
  "ingress": [
    {"fromEndpoints": [{"matchLabels": {"id": "app3"}}, {"matchLabels": {"id": "app2"}}],
     "toPorts": [{"ports": [{"port": "80"}, {"port": "81"}]}]},
    {"fromEntities": ["world", "remote-node"], "toPorts": [{"ports": [{"port": "80"}]}]}
  ],
  "egress": [{"toEntities": ["all"]}]
}, {
  "endpointSelector": {"matchLabels": {"id": "app3"}},
  "ingress": [
    {"fromEndpoints": [{"matchLabels": {"id": "app1"}}, {"matchLabels": {"id": "app2"}}],
     "toPorts": [{"ports": [{"port": "80"}, {"port": "81"}]}]},
    {"fromEntities": ["world"], "toPorts": [{"ports": [{"port": "80"}]}]}
  ]
}]
END
cat >"$SANDBOX/closed.json" <<'END'
[{"endpointSelector": {"matchLabels": {"id": "app1"}}, "ingress": [{}], "egress": [{}]}]
END

# apply_on HOST OPTION...: with its endpoints.
apply_on() {
	local host=$1
	shift

	on "$host" "$POLGEN" apply --backend=ebpf --endpoints="$SANDBOX/$host.json" "$@" \
		>"$SANDBOX/said" 2>&1 || {
		cat "$SANDBOX/said"
		return 1
	}
}

apply() {
	apply_on flip --uplink=up0 "$@" "$SANDBOX/policy.json" &&
		apply_on flap --uplink=up0 "$@" "$SANDBOX/policy.json"
}

# closed COMMAND...: nothing comes back.
closed() {
	! PATIENCE=1 "$@" 2>/dev/null
}

# How many packets either host has routed since the last call.
count_up() {
	local host

	for host in flip flap; do
		on $host nft -f - <<-END
			table inet ways {
				counter seen { }
				chain forward {
					type filter hook forward priority -400;
					counter name seen
				}
			}
		END
	done
}

passed() {
	on "$1" nft reset counters table inet ways | awk '/packets/ { print $2 }'
}

# What is said on a way: so many messages that a flow's first packets don't make up for it.
messages=40

# goes FLIP'S-WAY FLAP'S-WAY NAME COMMAND...: it succeeds, by these ways: short or stack.
goes() {
	local ways=("$1" "$2") name=$3 output packets host i
	shift 3

	passed flip >/dev/null
	passed flap >/dev/null
	if ! output=$("$@" 2>&1); then
		tap_not_ok "$name" <<<"$output"
		return
	fi
	for i in 0 1; do
		host=flip
		[ $i -eq 0 ] || host=flap
		packets=$(passed $host)
		if [ "${ways[i]}" = short ] && [ "$packets" -ge $((messages / 2)) ]; then
			tap_not_ok "$name" <<<"$host routed $packets packets"
			return
		elif [ "${ways[i]}" = stack ] && [ "$packets" -lt $messages ]; then
			tap_not_ok "$name" <<<"$host routed only $packets packets"
			return
		fi
	done
	tap_ok "$name"
}

# fragments FROM TO ORDER: one datagram in each family.
fragments() {
	local family

	for family in 4 6; do
		on "$1" perl "$traffic" fragments "$(at "$family" "$1")" "$(at "$family" "$2")" \
			80 "$3" || return
	done
}

# What NAT makes of Flip's: app1's port 80 is published as 8080, app2 goes to app4 as Flip.
nat() {
	local tool app1 app2 app4 flip to

	for tool in iptables-nft-restore ip6tables-nft-restore; do
		app1=${ipv4[app1]} app2=${ipv4[app2]} app4=${ipv4[app4]} flip=${ipv4[flip]} to=$app1:80
		[ $tool = iptables-nft-restore ] ||
			app1=${ipv6[app1]} app2=${ipv6[app2]} app4=${ipv6[app4]} flip=${ipv6[flip]} to="[$app1]:80"
		on flip $tool <<-END
			*nat
			-A PREROUTING -d $flip -p tcp -m tcp --dport 8080 -j DNAT --to-destination $to
			-A PREROUTING -d $flip -p udp -m udp --dport 8080 -j DNAT --to-destination $to
			-A POSTROUTING -s $app2 -d $app4 -j MASQUERADE
			COMMIT
			*filter
			-A FORWARD -p tcp -m tcp --dport 81 -j DROP
			-A FORWARD -p udp -m udp --dport 81 -j DROP
			COMMIT
		END
	done
}

no_nat() {
	local tool

	for tool in iptables-nft ip6tables-nft; do
		on flip $tool -t nat -F
		on flip $tool -F
	done
}

name_ends() {
	at="$mode, IPv$family"
	app1=$(at "$family" app1) app2=$(at "$family" app2) app3=$(at "$family" app3)
	app4=$(at "$family" app4) flip=$(at "$family" flip)
}

# check_routed FLIP'S-WAY FLAP'S-WAY: what nothing on the hosts has a say over.
check_routed() {
	local proto

	for proto in tcp udp; do
		goes "$@" "$at: $proto to a closed endpoint" talk $proto app1 "$app3" 80
		goes "$@" "$at: $proto from one" talk $proto app3 "$app1" 80
		goes "$@" "$at: $proto between open ones" talk $proto app2 "$app4" 80
		later "$at: $proto to a closed port" closed talk $proto app3 "$app1" 82
		later "$at: $proto from who may not" closed talk $proto app4 "$app1" 80
	done
	settle
	goes "$@" "$at: a stream" bulk app2 "$app3" 80
}

check_nat() {
	local proto

	nat
	for proto in tcp udp; do
		goes stack stack "$at: $proto, masqueraded" talk $proto app2 "$app4" 80
		goes stack stack "$at: $proto to a published port" talk $proto app3 "$flip" 8080
		goes short short "$at: $proto beside it" talk $proto app3 "$app1" 80
		later "$at: $proto to a port that an operator's rule closed" closed talk $proto app3 "$app1" 81
	done
	settle
	no_nat
}

# count_in NETNS: packets of a flow from port 5005 by their TTL, and errors about TTLs.
count_in() {
	on "$1" nft -f - <<-END
		table inet ttl {
			counter lowered { }
			counter other { }
			counter exceeded { }
			chain input {
				type filter hook input priority 0;
				icmp type time-exceeded counter name exceeded
				icmpv6 type time-exceeded counter name exceeded
				udp sport 5005 ip ttl 62 counter name lowered return
				udp sport 5005 ip6 hoplimit 62 counter name lowered return
				udp sport 5005 counter name other
			}
		}
	END
}

seen_in() {
	on "$1" nft list counter inet ttl "$2" | awk '/packets/ { print $2 }'
}

# Each host takes one of it, and answers for what is at its end.
check_ttl() {
	count_in app3
	count_in app1
	hold ttl app1 udp "$app3" 80 5005
	goes short short "$at: a flow runs" says ttl $messages
	tap_equal "$at: each host has lowered its TTL" "$messages 0" "$(seen_in app3 lowered) $(seen_in app3 other)"
	for hops in 1 2; do
		tap_equal "$at: TTL $hops" ok "$(say ttl "ttl $hops")"
		PATIENCE=1 say ttl 1 >/dev/null
		tap_equal "$at: host $hops says that it has ended" $hops "$(seen_in app1 exceeded)"
	done
	tap_equal "$at: TTL 64" ok "$(say ttl "ttl 64")"
	goes short short "$at: the flow goes on" says ttl $messages
	release ttl
	on app3 nft delete table inet ttl
	on app1 nft delete table inet ttl
}

uplink_mtu() {
	on flip ip link set up0 mtu "$1"
	on flap ip link set up0 mtu "$1"
}

# The way becomes narrow while flows run.
check_narrow() {
	PATIENCE=1 hold narrow app2 udp "$app4" 80
	tap_check "$at: a flow runs" says narrow 20
	uplink_mtu 1300
	tap_equal "$at: it learns that the way is narrow" "receive: Message too long" \
		"$(say narrow "1 1350")"
	tap_equal "$at: and how narrow" 1300 "$(say narrow mtu)"
	tap_equal "$at: so does who answers" "nothing came for 1 seconds" "$(say narrow "1 1350")"
	goes short short "$at: and goes on, in larger fragments" says narrow "$messages 1350"
	goes short short "$at: a stream through it" bulk app1 "$app3" 80
	release narrow
	tap_check "$at: apply" apply "${options[@]}"
	goes stack stack "$at: through one known to be narrow" talk tcp app2 "$app3" 80
	uplink_mtu 1500
	tap_check "$at: apply" apply "${options[@]}"
	for app in app1 app2 app3 app4; do
		on $app ip route flush cache
		on $app ip -6 route flush cache
	done
}

# Another policy: what it allows goes on by the way it took, what it denies ends.
check_generation() {
	hold udp app3 udp "$app1" 80 5003
	hold tcp app3 tcp "$app1" 80 5004
	hold other app4 udp "$app2" 80 5006
	for flow in udp tcp other; do
		goes short short "$at: $flow runs" says $flow $messages
	done
	tap_check "$at: another policy that allows it" apply_on flip "${options[@]}" --uplink=up0 \
		"$SANDBOX/like.json"
	for flow in udp tcp other; do
		goes short short "$at: $flow goes on" says $flow $messages
	done
	tap_check "$at: one that doesn't" apply_on flip "${options[@]}" --uplink=up0 "$SANDBOX/closed.json"
	later "$at: udp is cut" closed flow_goes_on udp
	later "$at: tcp is cut" closed flow_goes_on tcp
	settle
	goes short short "$at: the other one goes on" says other $messages
	release udp tcp other
	tap_check "$at: apply" apply "${options[@]}"
}

# The answer would be what is missed.
flow_goes_on() {
	[ "$(say "$1" 1)" = ok ]
}

# known_only -A|-D: what comes to Flip's containers has to be of a flow that conntrack knows.
known_only() {
	local tool

	for tool in iptables-nft ip6tables-nft; do
		on flip $tool "$1" FORWARD -i up0 -m conntrack ! --ctstate RELATED,ESTABLISHED -j DROP
	done
}

# The option is part of what is wanted. The connection is long past what conntrack has seen of it.
check_without() {
	known_only -A
	hold before app1 tcp "$app3" 80 5008
	goes short short "$at: a connection runs" says before "$messages 20000"
	tap_check "$at: apply on Flip without an uplink" apply_on flip "${options[@]}" "$SANDBOX/policy.json"
	tap_equal "$at: it is none any more" null "$(on flip "$POLGEN" status --json | jq '.enforced[].uplink')"
	goes stack short "$at: the connection goes on" says before $messages
	known_only -D
	release before
	check_routed stack short
	tap_check "$at: apply on Flip with one" apply "${options[@]}"
	tap_equal "$at: it is one" '"up0"' "$(on flip "$POLGEN" status --json | jq '.enforced[].uplink')"
	goes short short "$at: tcp" talk tcp app1 "$app3" 80
}

second_link() {
	on flip ip link add up1 type veth peer name up1 netns flap
	networks_addresses "on flip" up1 10.0.1.1/24 fd00:1::1/64
	networks_addresses "on flap" up1 10.0.1.2/24 fd00:1::2/64
	on flip ip link set up1 up
	on flap ip link set up1 up
	on flip ip route add 10.0.191.0/24 via 10.0.1.2 metric 2000
	on flip ip route add fd00:bf::/64 via fd00:1::2 metric 2000
	on flap ip route add 10.0.192.0/24 via 10.0.1.1 metric 2000
	on flap ip route add fd00:c0::/64 via fd00:1::1 metric 2000
}

# Routes lead elsewhere, and back; then the uplink is down, and at last gone.
check_routes() {
	hold route app2 tcp "$app4" 80 5007
	goes short short "$at: a connection runs" says route $messages
	on flip ip route replace 10.0.191.0/24 via 10.0.1.2
	on flip ip route replace fd00:bf::/64 via fd00:1::2 metric 1024
	on flip ip -6 route delete fd00:bf::/64 via fd00::2 2>/dev/null
	on flap ip route replace 10.0.192.0/24 via 10.0.1.1
	on flap ip route replace fd00:c0::/64 via fd00:1::1 metric 1024
	on flap ip -6 route delete fd00:c0::/64 via fd00::1 2>/dev/null
	goes stack stack "$at: it goes the way that the routes say" says route $messages
	on flip ip route replace 10.0.191.0/24 via 10.0.0.2
	on flip ip -6 route replace fd00:bf::/64 via fd00::2 metric 1024
	on flap ip route replace 10.0.192.0/24 via 10.0.0.1
	on flap ip -6 route replace fd00:c0::/64 via fd00::1 metric 1024
	goes short short "$at: and back" says route $messages
	release route
}

check_down() {
	local family

	for family in 4 6; do
		name_ends
		hold "down$family" app2 tcp "$app4" 80 5009
		goes short short "$at: a connection runs" says "down$family" $messages
	done
	on flip ip link set up0 down
	on flap ip link set up0 down
	for family in 4 6; do
		name_ends
		goes stack stack "$at: it goes on when the uplink is down" says "down$family" $messages
	done
	on flip ip link delete up0
	for family in 4 6; do
		name_ends
		goes stack stack "$at: and when it is gone" says "down$family" $messages
		release "down$family"
	done
	tap_run "$mode: apply with an uplink that is gone" 4 "" \
		"polgen: error: 'up0' can't be the uplink: there is no such interface" \
		on flip "$POLGEN" apply --backend=ebpf --endpoints="$SANDBOX/flip.json" "${options[@]}" \
		--uplink=up0 "$SANDBOX/policy.json"
	tap_check "$mode: apply on Flip with the other one" apply_on flip "${options[@]}" --uplink=up1 \
		"$SANDBOX/policy.json"
	tap_check "$mode: and on Flap" apply_on flap "${options[@]}" --uplink=up1 "$SANDBOX/policy.json"
	for family in 4 6; do
		name_ends
		goes short short "$at: tcp by the other one" talk tcp app1 "$app3" 80
	done
}

# Whom the endpoints file doesn't know is the world.
check_unknown() {
	jq '.endpoints |= map(select(.name != "app4"))' "$SANDBOX/flip.json" >"$SANDBOX/fewer.json"
	cp "$SANDBOX/flip.json" "$SANDBOX/whole.json"
	cp "$SANDBOX/fewer.json" "$SANDBOX/flip.json"
	tap_check "$at: apply on Flip, which doesn't know app4" apply "${options[@]}"
	goes stack short "$at: tcp to it" talk tcp app2 "$app4" 80
	goes short short "$at: tcp to app3" talk tcp app2 "$app3" 80
	cp "$SANDBOX/whole.json" "$SANDBOX/flip.json"
	tap_check "$at: apply" apply "${options[@]}"
}

offload() {
	on flip perl "$traffic" offload up0 "$1"
	on flap perl "$traffic" offload up0 "$1"
	on app2 perl "$traffic" offload eth0 "$1"
	on app4 perl "$traffic" offload eth0 "$1"
}

hosts_up
second_link
endpoints flip >"$SANDBOX/flip.json"
endpoints flap >"$SANDBOX/flap.json"
jq '.[0].ingress[0].toPorts[0].ports += [{"port": "84"}]' "$SANDBOX/policy.json" >"$SANDBOX/like.json"
count_up
for app in app1 app2 app3 app4; do
	server $app 80 82
done

mode=stack options=(--same-host=redirect)
for host in flip flap; do
	tap_check "$mode: apply on $host" apply_on $host "${options[@]}" "$SANDBOX/policy.json"
done
family=4
name_ends
check_routed stack stack

mode=clsact options=(--same-host=redirect --attach=clsact)
tap_check "$mode: apply" apply "${options[@]}"
for family in 4 6; do
	name_ends
	check_routed short short
done

mode=uplink options=(--same-host=redirect)
if grep -q 'the kernel lacks them' <(apply "${options[@]}" --attach=tcx 2>&1); then
	tap_skip "$mode: apply with tcx" "the kernel lacks TCX links (6.6)"
else
	tap_check "$mode: apply with tcx" apply "${options[@]}" --attach=tcx
fi
for family in 4 6; do
	name_ends
	check_routed short short
	check_nat
	check_ttl
	check_errors app3 app1 app2
	check_narrow
	check_generation
	check_routes
	goes short short "$at: udp in fragments" talk udp app2 "$app3" 80 4000
done
check_without
check_unknown
tap_check "$mode: fragments in order" fragments app2 app4 0,1,2
tap_check "$mode: fragments, the last before the middle" fragments app2 app4 0,2,1
offload off
for family in 4 6; do
	name_ends
	goes short short "$at: a stream without offloads" bulk app2 "$app4" 80
	goes short short "$at: udp without offloads" talk udp app4 "$app2" 80 1400
done
offload on
check_down
for host in flip flap; do
	tap_check "$mode: clear on $host" on $host "$POLGEN" clear
done
tap_empty "$mode: nothing is left in bpffs" find /sys/fs/bpf -mindepth 1 ! -name '*.debug'
tap_check "$mode: everything passes" talk udp app4 "$app1" 82
tap_done
