#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# The short way between containers of a real Docker Engine, with and without its userland proxy: who
# reached whom by which address without polgen does so with it, whichever way is asked for, and only what
# stays on one bridge takes the short one.
cd "${top_srcdir:-$(dirname "$0")/../..}" || exit 1
. tests/tap.sh
. scripts/docker.sh
# shellcheck source=tests/netns/networks.sh
. tests/netns/networks.sh

reason=$(docker_missing) || tap_skip_all "$reason"
for tool in busybox perl nft; do
	command -v $tool >/dev/null || tap_skip_all "no $tool"
done
tap_sandbox "$0" "$@"

# The web takes what comes to its port from anybody; nothing speaks of the others.
cat >"$SANDBOX/policy.json" <<'END'
[{
  "endpointSelector": {"matchLabels": {"role": "web"}},
  "ingress": [{"fromEntities": ["all"], "toPorts": [{"ports": [{"port": "80"}]}]}],
  "egress": [{"toEntities": ["all"]}]
}]
END

apply() {
	polgen apply --backend=ebpf --endpoints=docker "$@" "$SANDBOX/policy.json"
}

# container NAME [OPTION...]: its network namespace gets its name, its servers are ours.
container() {
	local name=$1
	shift

	docker run -d --name "$name" "$@" box sleep 1000 >/dev/null || return
	ip netns attach "$name" "$(docker inspect -f '{{.State.Pid}}' "$name")"
	server "$name" 80 81
}

# address NAME [NETWORK [MEMBER]]
address() {
	docker inspect -f "{{(index .NetworkSettings.Networks \"${2:-bridge}\").${3:-IPAddress}}}" "$1"
}

set_up() {
	ip netns add flip
	flip_run ip link set lo up
	flip_bpffs || return
	ip netns add outside
	flip_run ip link add outside type veth peer name eth0 netns outside
	flip_run ip address add 192.0.2.1/24 dev outside
	flip_run ip link set outside up
	flip_run_in outside ip address add 192.0.2.2/24 dev eth0
	flip_run_in outside ip link set lo up
	flip_run_in outside ip link set eth0 up
	server outside 80
	count_up
}

engine_up() {
	docker_up flip 10.0.192.1/24 --userland-proxy="$1" || return
	docker_image box || return
	networks_bridge_filter 1 || return
	flip_sysctl net/ipv6/conf/all/forwarding 1
	docker network create --subnet 10.0.193.0/24 other >/dev/null || return
	docker network create --subnet 10.0.194.0/24 -o com.docker.network.bridge.enable_icc=false \
		apart >/dev/null || return
	docker network create --subnet 10.0.195.0/24 --ipv6 --subnet fd00:195::/64 six >/dev/null ||
		return
	container web --label role=web --publish 8080:80 --publish 8080:80/udp || return
	container client || return
	container elsewhere --network other || return
	container apart1 --network apart --publish 8081:80 || return
	container apart2 --network apart || return
	container six1 --network six || return
	container six2 --network six
}

# reach NAME PROTO FROM ADDRESS PORT: one line of what is open.
reach() {
	local answer=closed

	PATIENCE=2 flip_run_in "$3" perl "$traffic" talk "$2" "$4" "$5" 5 2>/dev/null && answer=open
	echo "$1, $2: $answer"
}

# All at once: what is closed costs its time only once.
probe() {
	local proto

	for proto in tcp udp; do
		reach "to another container" $proto client "$web" 80 &
		reach "to a port that only the policy closes" $proto client "$web" 81 &
		reach "to another network" $proto client "$(address elsewhere other)" 80 &
		reach "from another network" $proto elsewhere "$web" 80 &
		reach "where containers don't talk" $proto apart2 "$(address apart1 apart)" 80 &
		reach "to outside" $proto client 192.0.2.2 80 &
		reach "to a published port from outside" $proto outside 192.0.2.1 8080 &
		reach "to a published port from the same network" $proto client 192.0.2.1 8080 &
		reach "to a published port from its own container" $proto web 192.0.2.1 8080 &
		reach "to a published port by the bridge's address" $proto client 10.0.192.1 8080 &
		reach "to a published port from another network" $proto elsewhere 192.0.2.1 8080 &
		reach "to a port published where containers don't talk" $proto outside 192.0.2.1 8081 &
		reach "over IPv6" $proto six1 "$(address six2 six GlobalIPv6Address)" 80 &
	done | sort
	wait
}

# probe_until EXPECTED: on a busy machine some answer comes too late.
probe_until() {
	local result

	for _ in 1 2 3; do
		result=$(probe)
		[ "$result" != "$1" ] || break
	done
	echo "$result"
}

# check_ways WAY: by which way it goes, where the test without polgen has found it open.
check_ways() {
	local proto

	for proto in tcp udp; do
		goes "$1" "$at: $proto to another container" talk $proto client "$web" 80
		goes "$1" "$at: $proto over IPv6" \
			talk $proto six1 "$(address six2 six GlobalIPv6Address)" 80
		goes stack "$at: $proto to outside" talk $proto client 192.0.2.2 80
		goes stack "$at: $proto to a published port from outside" \
			talk $proto outside 192.0.2.1 8080
		! grep -qx "to a published port from the same network, $proto: open" <<<"$before" ||
			goes stack "$at: $proto to a published port from the same network" \
				talk $proto client 192.0.2.1 8080
		! grep -qx "to a published port from its own container, $proto: open" <<<"$before" ||
			goes stack "$at: $proto to a published port from its own container" \
				talk $proto web 192.0.2.1 8080
	done
}

# A container that was made anew, perhaps with the old one's address, is reached as the old one was.
check_replaced() {
	ip netns delete web
	docker rm -f web >/dev/null
	container web --label role=web --publish 8080:80 --publish 8080:80/udp
	web=$(address web)
	tap_check "$at: apply for a new container" apply --same-host="$1"
	goes "$2" "$at: tcp to the new container" talk tcp client "$web" 80
	goes "$2" "$at: udp to the new container" talk udp client "$web" 80
	goes stack "$at: tcp to its published port from outside" talk tcp outside 192.0.2.1 8080
}

check_engine() {
	local before expected web mode

	web=$(address web)
	before=$(probe)
	expected=${before//policy closes, tcp: open/policy closes, tcp: closed}
	expected=${expected//policy closes, udp: open/policy closes, udp: closed}
	tap_equal "$1: without polgen, containers reach each other, the outside, and are reached" 8 \
		"$(grep -cE '^(to another container|to outside|over IPv6|to a published port from outside), ...: open' <<<"$before")"
	tap_equal "$1: and networks are kept apart" 6 \
		"$(grep -cE "^(to another network|from another network|where containers don't talk), ...: closed" <<<"$before")"
	for mode in "stack stack" "redirect short"; do
		at="$1, ${mode% *}"
		tap_check "$at: apply" apply --same-host="${mode% *}"
		tap_equal "$at: what is open" "$expected" "$(probe_until "$expected")"
		check_ways "${mode#* }"
		check_replaced "${mode% *}" "${mode#* }"
	done
	tap_check "$1: clear" polgen clear
	tap_equal "$1: what is open then" "$before" "$(probe_until "$before")"
}

engine_down() {
	local name

	for name in web client elsewhere apart1 apart2 six1 six2; do
		ip netns delete $name
	done
	docker_down
	rm -rf "$SANDBOX/docker-flip/data" "$SANDBOX/docker-flip/exec"
}

if ! set_up >"$SANDBOX/set_up.log" 2>&1; then
	tap_not_ok "a host" <"$SANDBOX/set_up.log"
	tap_done
fi
for proxy in true false; do
	if ! engine_up $proxy >"$SANDBOX/set_up.log" 2>&1; then
		tap_not_ok "an Engine, userland-proxy=$proxy" <"$SANDBOX/set_up.log"
		tap_done
	fi
	check_engine "userland-proxy=$proxy"
	[ $proxy = false ] || engine_down >/dev/null 2>&1
done
tap_done
