#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# A policy on an IPv6 network of a real Docker Engine, under each backend in turn: containers to each
# other, to and from their host, and to and from a machine beyond it. Each is tried over both families:
# what is allowed over one and not over the other shows which one a rule was about.
cd "${top_srcdir:-$(dirname "$0")/../..}" || exit 1
. tests/tap.sh
. scripts/docker.sh
. scripts/flip.sh

reason=$(docker_missing) || tap_skip_all "$reason"
command -v busybox >/dev/null || tap_skip_all "no busybox (busybox-static) here"
tap_sandbox "$0" "$@"

policy=$SANDBOX/shop.json
cat >"$policy" <<'JSON'
[
  { "endpointSelector": { "matchLabels": { "role": "db" } },
    "ingress": [
      { "fromEndpoints": [ { "matchLabels": { "role": "front" } } ],
        "toPorts": [ { "ports": [ { "port": "80", "protocol": "TCP" } ] } ] },
      { "fromCIDR": [ "2001:db8::/64" ],
        "toPorts": [ { "ports": [ { "port": "80", "protocol": "TCP" } ] } ] },
      { "fromEndpoints": [ { "matchLabels": { "role": "other" } } ],
        "icmps": [ { "fields": [ { "type": "EchoRequest", "family": "IPv6" } ] } ] } ] },
  { "endpointSelector": { "matchLabels": { "role": "front" } },
    "egress": [
      { "toEndpoints": [ { "matchLabels": { "role": "db" } } ] },
      { "toEntities": [ "world-ipv6" ] } ] }
]
JSON

# container NAME [OPTION...]: one that says hello on the ports 80 and 81.
container() {
	local name=$1
	shift

	docker run -d --name "$name" --label "role=$name" --network six "$@" box \
		sh -c 'nc -ll -p 80 -e echo hello & nc -ll -p 81 -e echo hello' >/dev/null
}

# A machine on another network of the host's, with both families, that says hello too.
friend() {
	ip netns add friend
	flip_run ip link add friend type veth peer name eth0 netns friend
	flip_run ip address add 192.0.2.1/24 dev friend
	flip_run ip address add 2001:db8::1/64 dev friend nodad
	flip_run ip link set friend up
	flip_run_in friend ip address add 192.0.2.2/24 dev eth0
	flip_run_in friend ip address add 2001:db8::2/64 dev eth0 nodad
	flip_run_in friend ip link set lo up
	flip_run_in friend ip link set eth0 up
	flip_run_in friend ip route add default via 192.0.2.1
	flip_run_in friend ip route add default via 2001:db8::1
	flip_run_in friend busybox nc -ll -p 80 -e echo hello >/dev/null 2>&1 &
}

set_up() {
	ip netns add flip
	flip_run ip link set lo up
	flip_bpffs || return
	friend
	docker_up flip 10.0.192.1/24 || return
	docker_image box || return
	flip_bridge_filter || return
	flip_sysctl net/bridge/bridge-nf-call-ip6tables 1 || return
	flip_sysctl net/ipv6/conf/all/forwarding 1 || return
	docker network create --subnet 10.0.193.0/24 --ipv6 --subnet fd00:193::/64 six >/dev/null ||
		return
	container db || return
	container front || return
	container other
}

in_container() {
	local name=$1
	shift

	nsenter --target "$(docker inspect -f '{{.State.Pid}}' "$name")" --net "$@"
}

address_of() {
	docker inspect -f "{{.NetworkSettings.Networks.six.$2}}" "$1"
}

# greet NAME ADDRESS PORT COMMAND...: connects, and reads what the server says; the command runs
# another one where the client is.
greet() {
	local name=$1 address=$2 port=$3 answer
	shift 3

	answer=$("$@" timeout 2 busybox nc "$address" "$port" </dev/null 2>/dev/null)
	echo "$name: $([ "$answer" = hello ] && echo open || echo closed)"
}

# ping NAME ADDRESS COMMAND...
ping() {
	local name=$1 address=$2
	shift 2

	if "$@" busybox ping -c 1 -W 2 "$address" >/dev/null 2>&1; then
		echo "$name: open"
	else
		echo "$name: closed"
	fi
}

# All at once: what is closed costs its time only once.
probe() {
	local db4 db6 other6

	db4=$(address_of db IPAddress) db6=$(address_of db GlobalIPv6Address)
	other6=$(address_of other GlobalIPv6Address)
	{
		greet "front to db 80" "$db6" 80 in_container front &
		greet "front to db 80, IPv4" "$db4" 80 in_container front &
		greet "front to db 81" "$db6" 81 in_container front &
		greet "front to friend" 2001:db8::2 80 in_container front &
		greet "front to friend, IPv4" 192.0.2.2 80 in_container front &
		greet "front to other" "$other6" 80 in_container front &
		greet "other to db" "$db6" 80 in_container other &
		greet "db to other" "$other6" 80 in_container db &
		greet "friend to db 80" "$db6" 80 flip_run_in friend &
		greet "friend to db 81" "$db6" 81 flip_run_in friend &
		greet "host to db 81" "$db6" 81 flip_run &
		ping "ping front to db" "$db6" in_container front &
		ping "ping other to db" "$db6" in_container other &
		ping "ping other to db, IPv4" "$db4" in_container other &
		wait
	} | sort
}

open='db to other: open
friend to db 80: open
friend to db 81: open
front to db 80, IPv4: open
front to db 80: open
front to db 81: open
front to friend, IPv4: open
front to friend: open
front to other: open
host to db 81: open
other to db: open
ping front to db: open
ping other to db, IPv4: open
ping other to db: open'
enforced='db to other: open
friend to db 80: open
friend to db 81: closed
front to db 80, IPv4: open
front to db 80: open
front to db 81: closed
front to friend, IPv4: closed
front to friend: open
front to other: closed
host to db 81: open
other to db: closed
ping front to db: closed
ping other to db, IPv4: closed
ping other to db: open'

polgen() {
	flip_run "$POLGEN" "$@"
}

# until_served: the servers in the containers are asked until they answer.
until_served() {
	local tries

	for ((tries = 0; tries < 50; tries++)); do
		[ "$(probe)" != "$open" ] || return 0
	done
	return 1
}

if set_up >"$SANDBOX/set_up.log" 2>&1; then
	tap_ok "an Engine comes up in a network namespace, with containers on an IPv6 network"
else
	tap_not_ok "an Engine comes up in a network namespace, with containers on an IPv6 network" \
		<"$SANDBOX/set_up.log"
	tap_done
fi
until_served
tap_equal "without a policy all is open" "$open" "$(probe)"

check_backend() {
	tap_check "apply --backend=$1" polgen apply --backend="$1" --endpoints=docker "$policy"
	tap_equal "what is open under $1" "$enforced" "$(probe)"
}

check_backend iptables
check_backend ebpf
check_backend iptables
tap_check "clear" polgen clear
until_served
tap_equal "all is open again" "$open" "$(probe)"
tap_done
