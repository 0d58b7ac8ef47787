#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# A policy on real containers of a real Docker Engine, under each backend in turn: what is allowed and
# what isn't, between containers, from outside through a published port, and out through Docker's
# masquerading. In the end nothing is left.
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
      { "fromCIDR": [ "192.0.2.2/32" ],
        "toPorts": [ { "ports": [ { "port": "80", "protocol": "TCP" } ] } ] } ] },
  { "endpointSelector": { "matchLabels": { "role": "front" } },
    "egress": [
      { "toEndpoints": [ { "matchLabels": { "role": "db" } } ] },
      { "toCIDR": [ "192.0.2.2/32" ] } ] }
]
JSON

# container NAME [OPTION...]: one that says hello on the ports 80 and 81.
container() {
	local name=$1
	shift

	docker run -d --name "$name" "$@" box \
		sh -c 'nc -ll -p 80 -e echo hello & nc -ll -p 81 -e echo hello' >/dev/null
}

# outside NAME NETWORK: a namespace at .2 of a network whose .1 is the host, that says hello too.
outside() {
	ip netns add "$1"
	flip_run ip link add "$1" type veth peer name eth0 netns "$1"
	flip_run ip address add "$2.1/24" dev "$1"
	flip_run ip link set "$1" up
	flip_run_in "$1" ip address add "$2.2/24" dev eth0
	flip_run_in "$1" ip link set lo up
	flip_run_in "$1" ip link set eth0 up
	flip_run_in "$1" busybox nc -ll -p 80 -e echo hello >/dev/null 2>&1 &
}

set_up() {
	ip netns add flip
	flip_run ip link set lo up
	flip_bpffs || return
	outside friend 192.0.2
	outside stranger 198.51.100
	docker_up flip 10.0.192.1/24 || return
	docker_image box || return
	flip_bridge_filter || return
	container db --label role=db --publish 8080:80 || return
	container front --label role=front || return
	container other --label role=other
}

address_of() {
	docker inspect -f '{{.NetworkSettings.IPAddress}}' "$1"
}

in_container() {
	local name=$1
	shift

	nsenter --target "$(docker inspect -f '{{.State.Pid}}' "$name")" --net "$@"
}

# greet NAME ADDRESS PORT COMMAND...: connects, and reads what the server says; the command runs
# another one where the client is.
greet() {
	local name=$1 address=$2 port=$3 answer
	shift 3

	answer=$("$@" timeout 2 busybox nc "$address" "$port" </dev/null 2>/dev/null)
	echo "$name: $([ "$answer" = hello ] && echo open || echo closed)"
}

# All at once: what is closed costs its time only once.
probe() {
	local db other

	db=$(address_of db) other=$(address_of other)
	{
		greet "front to db 80" "$db" 80 in_container front &
		greet "front to db 81" "$db" 81 in_container front &
		greet "front to friend" 192.0.2.2 80 in_container front &
		greet "front to other" "$other" 80 in_container front &
		greet "front to stranger" 198.51.100.2 80 in_container front &
		greet "other to db" "$db" 80 in_container other &
		greet "other to stranger" 198.51.100.2 80 in_container other &
		greet "db to other" "$other" 80 in_container db &
		greet "friend to published port" 192.0.2.1 8080 flip_run_in friend &
		greet "host to db 81" "$db" 81 flip_run &
		greet "stranger to published port" 198.51.100.1 8080 flip_run_in stranger &
		wait
	} | sort
}

open='db to other: open
friend to published port: open
front to db 80: open
front to db 81: open
front to friend: open
front to other: open
front to stranger: open
host to db 81: open
other to db: open
other to stranger: open
stranger to published port: open'
enforced='db to other: open
friend to published port: open
front to db 80: open
front to db 81: closed
front to friend: open
front to other: closed
front to stranger: closed
host to db 81: open
other to db: closed
other to stranger: open
stranger to published port: closed'

polgen() {
	flip_run "$POLGEN" "$@"
}

# Rules without their counters and dates; chains' and programs' places.
traces() {
	flip_run iptables-save 2>/dev/null | sed -e '/^#/d' -e 's/\[[0-9:]*\]$//'
	flip_run iptables-legacy-save 2>/dev/null | grep -i polgen
	find /sys/fs/bpf -path '*polgen*'
	find /run/polgen 2>/dev/null
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
	tap_ok "an Engine comes up in a network namespace, with containers"
else
	tap_not_ok "an Engine comes up in a network namespace, with containers" <"$SANDBOX/set_up.log"
	tap_done
fi
until_served
tap_equal "without a policy all is open" "$open" "$(probe)"
before=$(traces)

for backend in iptables ebpf; do
	tap_check "apply --backend=$backend" polgen apply --backend="$backend" --endpoints=docker "$policy"
	tap_equal "what is open under $backend" "$enforced" "$(probe)"
done
tap_check "apply --backend=iptables again" polgen apply --backend=iptables --endpoints=docker "$policy"
tap_equal "what is open then" "$enforced" "$(probe)"

# A container of a known identity comes, another one goes.
container front2 --label role=front
docker kill other >/dev/null
tap_check "apply after containers came and went" polgen apply --backend=iptables --endpoints=docker \
	"$policy"
tap_equal "the new one may what its like may, and no more" "80: open
81: closed" "$(greet 80 "$(address_of db)" 80 in_container front2)
$(greet 81 "$(address_of db)" 81 in_container front2)"
docker kill front2 >/dev/null
docker start other >/dev/null

tap_check "clear" polgen clear
until_served
tap_equal "all is open again" "$open" "$(probe)"
tap_equal "nothing is left" "$before" "$(traces)"
tap_done
