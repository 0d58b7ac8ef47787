#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Flip with two networks of both families and rules in the form in which Docker writes them: sourced, not
# run, by tests of what stands between containers and the rest. On flip0 are app1, app2, app3; on flop0
# is app4; world is behind the uplink up0, and knows no way to containers but what is published or
# masqueraded.
# shellcheck source=tests/flip.sh
. tests/flip.sh

# Both ends of what is said; see there.
traffic=tests/netns/traffic.pl

declare -A ipv4=([app1]=10.0.192.2 [app2]=10.0.192.3 [app3]=10.0.192.4 [app4]=10.0.193.2
	[world]=198.51.100.2 [host]=198.51.100.1)
declare -A ipv6=([app1]=fd00::2 [app2]=fd00::3 [app3]=fd00::4 [app4]=fd00:1::2
	[world]=fd00:77::2 [host]=fd00:77::1)

# at FAMILY NAME: the address.
at() {
	if [ "$1" = 6 ]; then echo "${ipv6[$2]}"; else echo "${ipv4[$2]}"; fi
}

# server NETNS PORT...: echoes what it gets there, until the sandbox's end or its process' ($server).
server() {
	local netns=$1 ready
	shift

	exec {ready}< <(exec nsenter --net="/run/netns/$netns" perl "$traffic" serve "$@")
	# shellcheck disable=SC2034 # for the caller
	server=$!
	read -r -u "$ready"
	exec {ready}<&-
}

# networks_addresses RUN DEVICE ADDRESS...: each is usable at once.
networks_addresses() {
	local run=$1 device=$2 address
	shift 2

	for address in "$@"; do
		if [[ $address == *:* ]]; then
			$run ip address add "$address" dev "$device" nodad
		else
			$run ip address add "$address" dev "$device"
		fi
	done
}

# networks_container NETNS BRIDGE INTERFACE GATEWAY4 GATEWAY6 ADDRESS...
networks_container() {
	local netns=$1 bridge=$2 interface=$3 gateway4=$4 gateway6=$5
	shift 5

	ip netns add "$netns"
	flip_run ip link add "$interface" type veth peer name eth0 netns "$netns"
	flip_run ip link set "$interface" master "$bridge" up
	networks_addresses "flip_run_in $netns" eth0 "$@"
	flip_run_in "$netns" ip link set lo up
	flip_run_in "$netns" ip link set eth0 up
	flip_run_in "$netns" ip route add default via "$gateway4"
	flip_run_in "$netns" ip route add default via "$gateway6"
}

# networks_app NUMBER NETNS: the container of this number on flip0.
networks_app() {
	networks_container "$2" flip0 "vethapp$1" 10.0.192.1 fd00::1 "10.0.192.$(($1 + 1))/24" \
		"fd00::$(($1 + 1))/64"
}

networks_up() {
	local i

	ip netns add flip
	flip_run ip link set lo up
	for i in flip0 flop0; do
		flip_run ip link add $i type bridge
		flip_run ip link set $i mtu 1500 up
	done
	networks_addresses flip_run flip0 10.0.192.1/24 fd00::1/64
	networks_addresses flip_run flop0 10.0.193.1/24 fd00:1::1/64
	flip_sysctl net/ipv4/ip_forward 1
	flip_sysctl net/ipv6/conf/all/forwarding 1
	flip_bridge_filter
	flip_bpffs
	for i in 1 2 3; do
		networks_app $i app$i
	done
	networks_container app4 flop0 vethapp4 10.0.193.1 fd00:1::1 10.0.193.2/24 fd00:1::2/64
	ip netns add world
	flip_run ip link add up0 type veth peer name eth0 netns world
	networks_addresses flip_run up0 198.51.100.1/24 fd00:77::1/64
	flip_run ip link set up0 up
	networks_addresses "flip_run_in world" eth0 198.51.100.2/24 fd00:77::2/64
	flip_run_in world ip link set lo up
	flip_run_in world ip link set eth0 up
}

# networks_bridge_filter 0|1: whether what is bridged passes the rules.
networks_bridge_filter() {
	flip_sysctl net/bridge/bridge-nf-call-iptables "$1"
	flip_sysctl net/bridge/bridge-nf-call-ip6tables "$1"
}

# Rules of one family. networks_rules_of TOOL SUBNET OTHER-SUBNET APP1 [nat|proxy [ICC]]: app1's port 80 is
# published as 8080, by NAT alone or beside a proxy; the verdict of what stays on flip0.
networks_rules_of() {
	local tool=$1 subnet=$2 other=$3 app1=$4 publish=${5:-nat} icc=${6:-ACCEPT} from=

	[ "$publish" = nat ] || from="! -i flip0"
	flip_run "$tool" <<-END
		*nat
		:DOCKER - [0:0]
		-A PREROUTING -m addrtype --dst-type LOCAL -j DOCKER
		-A OUTPUT -m addrtype --dst-type LOCAL -j DOCKER
		-A POSTROUTING -s $subnet ! -o flip0 -j MASQUERADE
		-A POSTROUTING -s $other ! -o flop0 -j MASQUERADE
		-A POSTROUTING -s $app1/$7 -d $app1/$7 -p tcp -m tcp --dport 80 -j MASQUERADE
		-A POSTROUTING -s $app1/$7 -d $app1/$7 -p udp -m udp --dport 80 -j MASQUERADE
		-A DOCKER $from -p tcp -m tcp --dport 8080 -j DNAT --to-destination $8
		-A DOCKER $from -p udp -m udp --dport 8080 -j DNAT --to-destination $8
		COMMIT
		*filter
		:FORWARD DROP [0:0]
		:DOCKER - [0:0]
		:DOCKER-ISOLATION-STAGE-1 - [0:0]
		:DOCKER-ISOLATION-STAGE-2 - [0:0]
		:DOCKER-USER - [0:0]
		-A FORWARD -j DOCKER-USER
		-A FORWARD -j DOCKER-ISOLATION-STAGE-1
		-A FORWARD -o flip0 -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
		-A FORWARD -o flip0 -j DOCKER
		-A FORWARD -i flip0 ! -o flip0 -j ACCEPT
		-A FORWARD -i flip0 -o flip0 -j $icc
		-A FORWARD -o flop0 -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
		-A FORWARD -o flop0 -j DOCKER
		-A FORWARD -i flop0 ! -o flop0 -j ACCEPT
		-A FORWARD -i flop0 -o flop0 -j ACCEPT
		-A DOCKER -d $app1/$7 ! -i flip0 -o flip0 -p tcp -m tcp --dport 80 -j ACCEPT
		-A DOCKER -d $app1/$7 ! -i flip0 -o flip0 -p udp -m udp --dport 80 -j ACCEPT
		-A DOCKER-ISOLATION-STAGE-1 -i flip0 ! -o flip0 -j DOCKER-ISOLATION-STAGE-2
		-A DOCKER-ISOLATION-STAGE-1 -i flop0 ! -o flop0 -j DOCKER-ISOLATION-STAGE-2
		-A DOCKER-ISOLATION-STAGE-1 -j RETURN
		-A DOCKER-ISOLATION-STAGE-2 -o flip0 -j DROP
		-A DOCKER-ISOLATION-STAGE-2 -o flop0 -j DROP
		-A DOCKER-ISOLATION-STAGE-2 -j RETURN
		-A DOCKER-USER -p tcp -m tcp --dport 83 -j DROP
		-A DOCKER-USER -p udp -m udp --dport 83 -j DROP
		-A DOCKER-USER -j RETURN
		COMMIT
	END
}

# networks_rules [nat|proxy [ICC]]: of both families. An operator's own rules close port 83.
networks_rules() {
	networks_rules_of iptables-nft-restore 10.0.192.0/24 10.0.193.0/24 10.0.192.2 \
		"${1:-nat}" "${2:-ACCEPT}" 32 10.0.192.2:80
	networks_rules_of ip6tables-nft-restore fd00::/64 fd00:1::/64 fd00::2 \
		"${1:-nat}" "${2:-ACCEPT}" 128 '[fd00::2]:80'
	if [ "${1:-nat}" = nat ]; then
		flip_run bridge link set dev vethapp1 hairpin on
	else
		flip_run bridge link set dev vethapp1 hairpin off
	fi
}

# networks_endpoints FILE: what polgen is told.
networks_endpoints() {
	local i network

	{
		echo '{ "endpoints": ['
		for i in 1 2 3 4; do
			network=flip0
			[ $i -lt 4 ] || network=flop0
			cat <<-END
				{ "name": "app$i", "labels": ["container:id=app$i"], "ipv4": "${ipv4[app$i]}",
				  "ipv6": "${ipv6[app$i]}", "interface": "vethapp$i", "network": "$network" }
			END
			[ $i -eq 4 ] || echo ,
		done
		echo '], "host": { "addresses": ["10.0.192.1", "10.0.193.1", "198.51.100.1", "fd00::1",'
		echo '"fd00:1::1", "fd00:77::1"] } }'
	} >"$1"
}

# closed COMMAND...: nothing comes back.
closed() {
	! PATIENCE=.5 "$@" 2>/dev/null
}

# How many packets came into the bridges since the last call; what is needed to find neighbours aside.
count_up() {
	flip_run nft -f - <<-END
		table bridge ways {
			counter seen { }
			chain prerouting {
				type filter hook prerouting priority -400;
				icmpv6 type { 130-137, 143 } return
				ether type { ip, ip6, 8021q } counter name seen
			}
		}
	END
}

passed() {
	flip_run nft reset counters table bridge ways | awk '/packets/ { print $2 }'
}

# What is said on a way: so many messages that a flow's first packets don't make up for it.
messages=40

# goes short|stack NAME COMMAND...: it succeeds, by that way.
goes() {
	local way=$1 name=$2 output packets
	shift 2

	passed >/dev/null
	if ! output=$("$@" 2>&1); then
		tap_not_ok "$name" <<<"$output"
		return
	fi
	packets=$(passed)
	if [ "$way" = short ] && [ "$packets" -ge $((messages / 2)) ]; then
		tap_not_ok "$name" <<<"$packets packets went through the bridge"
	elif [ "$way" = stack ] && [ "$packets" -lt $messages ]; then
		tap_not_ok "$name" <<<"only $packets packets went through the bridge"
	else
		tap_ok "$name"
	fi
}

# talk PROTO FROM ADDRESS PORT [SIZE [OWN-PORT]]
talk() {
	local proto=$1 from=$2 address=$3 port=$4
	shift 4

	flip_run_in "$from" perl "$traffic" talk "$proto" "$address" "$port" "$messages" "$@"
}

# bulk FROM ADDRESS PORT [BYTES]
bulk() {
	flip_run_in "$1" perl "$traffic" bulk "$2" "$3" "${4:-5000000}"
}

# hold NAME NETNS tcp|udp ADDRESS PORT [OWN-PORT]: a flow that goes on as it is told, by `say`.
declare -A hold_in hold_out hold_pid
hold() {
	local name=$1 netns=$2 in out
	shift 2

	rm -f "$SANDBOX/$name".{in,out}
	mkfifo "$SANDBOX/$name".{in,out}
	exec {in}<>"$SANDBOX/$name.in" {out}<>"$SANDBOX/$name.out"
	nsenter --net="/run/netns/$netns" perl "$traffic" hold "$@" <"$SANDBOX/$name.in" \
		>"$SANDBOX/$name.out" 2>&1 &
	hold_pid[$name]=$! hold_in[$name]=$in hold_out[$name]=$out
}

# say NAME TEXT: what came of it.
say() {
	local answer

	echo "$2" >&"${hold_in[$1]}"
	read -r -t 30 -u "${hold_out[$1]}" answer || answer="no answer"
	echo "$answer"
}

# says NAME TEXT: it went well.
says() {
	local answer

	answer=$(say "$@")
	[ "$answer" = ok ] || ! echo "$answer"
}

release() {
	local name in out

	for name in "$@"; do
		in=${hold_in[$name]} out=${hold_out[$name]}
		kill "${hold_pid[$name]}"
		wait "${hold_pid[$name]}"
		exec {in}>&- {out}<&-
	done 2>/dev/null
}

forget_routes() {
	flip_run_in "$1" ip route flush cache
	flip_run_in "$1" ip -6 route flush cache
}

until_mtu() {
	local try

	for ((try = 0; try < 200; try++)); do
		[ "$(say "$1" mtu)" != "$2" ] || return
	done
}

# check_errors TO ONE ANOTHER: errors that come back to these two while a flow runs: nobody listens any more; a
# packet didn't fit.
# shellcheck disable=SC2154 # family and at are the caller's
check_errors() {
	local to=$1 one=$2 another=$3 path=700

	[ "$family" = 4 ] || path=1290
	server "$to" 81
	hold error "$one" udp "${!to}" 81 5001
	tap_check "$at: a flow runs" says error 20
	kill "$server"
	wait "$server" 2>/dev/null
	tap_equal "$at: it learns that nobody listens any more" "receive: Connection refused" \
		"$(say error 1)"

	hold big "$another" udp "${!to}" 80 5002
	tap_check "$at: another one runs" says big 20
	flip_run_in "$to" perl "$traffic" too-big "${!to}" 80 "${!another}" 5002 $path
	until_mtu big $path
	tap_equal "$at: it learns that a packet doesn't fit" $path "$(say big mtu)"
	say big 1 >/dev/null # the error is told once
	tap_check "$at: and goes on, in fragments" says big "5 1400"
	release error big
	forget_routes "$another"
}
