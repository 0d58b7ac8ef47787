#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# What polgen sees of the containers of a real Docker Engine.
cd "${top_srcdir:-$(dirname "$0")/../..}" || exit 1
. tests/tap.sh
. scripts/docker.sh

reason=$(docker_missing) || tap_skip_all "$reason"
command -v busybox >/dev/null || tap_skip_all "no busybox (busybox-static) here"
command -v jq >/dev/null || tap_skip_all "no jq here"
tap_sandbox "$0" "$@"

on_host() {
	nsenter --net=/run/netns/flip "$@"
}

polgen_sees() {
	on_host "$POLGEN" endpoints --endpoints=docker --json
}

# container NAME [OPTION...]
container() {
	local name=$1
	shift

	docker run -d --name "$name" "$@" box sleep 1000 >/dev/null
}

set_up() {
	ip netns add flip
	on_host ip link set lo up
	docker_up flip 10.0.192.1/24 || return
	docker_image box || return
	docker network create --subnet 10.0.193.0/24 -o com.docker.network.bridge.name=shop0 \
		shop >/dev/null || return
	docker network create --subnet 10.0.194.0/24 back >/dev/null || return
	docker network create --subnet 10.0.195.0/24 --ipv6 --subnet fd00:195::/64 six \
		>/dev/null || return
	container app1 --label role=front --label com.docker.compose.container-number=1 || return
	container app2 --network shop --label role=db --label $'odd\nkey=a "b" \\' || return
	container both --network shop --label role=both || return
	docker network connect back both || return
	container six1 --network six --label role=six || return
	container six2 --network six --ip6 fd00:195::c0:1 || return
	container onhost --network host || return
	container alone --network none || return
	container guest --network container:app1 --label role=guest || return
}

# The host side of a container's interface, from the inside: the peer's index.
veth_of() {
	local container=$1 address=$2 pid index

	pid=$(docker inspect -f '{{.State.Pid}}' "$container")
	index=$(nsenter --target "$pid" --net ip -json address show |
		jq -r --arg address "$address" \
			'.[] | select(any(.addr_info[]; .local == $address)) | .link_index')
	on_host ip -json link show | jq -r --argjson index "$index" \
		'.[] | select(.ifindex == $index) | "\(.ifname) \(.ifindex) \(.master)"'
}

# The global one that the kernel has in the container.
address6_of() {
	nsenter --target "$(docker inspect -f '{{.State.Pid}}' "$1")" --net \
		ip -json -6 address show scope global | jq -r '.[].addr_info[] | .local // empty'
}

field() {
	jq -r --arg name "$1" ".endpoints[] | select(.name == \$name) | $2" <<<"$seen"
}

assert_veth() {
	local name=$1 address=$2 bridge=$3 interface

	interface=$(field "$name" '"\(.interface) \(.ifindex)"')
	tap_equal "$name: the veth that ip finds, on $bridge" \
		"$(veth_of "${name%@*}" "$address")" "$interface $bridge"
}

# Not in a subshell: it sets where Docker is.
if set_up >"$SANDBOX/set_up.log" 2>&1; then
	tap_ok "an Engine comes up in a network namespace, with containers"
else
	tap_not_ok "an Engine comes up in a network namespace, with containers" <"$SANDBOX/set_up.log"
	tap_done
fi

run polgen_sees
tap_equal "polgen endpoints succeeds" 0 "$run_code"
seen=$run_out

tap_equal "an endpoint for each interface on a bridge" "app1 bridge 10.0.192.2
app2 shop 10.0.193.2
both@back back 10.0.194.2
both@shop shop 10.0.193.3
six1 six 10.0.195.2
six2 six 10.0.195.3" \
	"$(jq -r '.endpoints[] | "\(.name) \(.network) \(.ipv4)"' <<<"$seen")"
tap_equal "IPv6 addresses, of who has one" "six1 fd00:195::2
six2 fd00:195::c0:1" "$(jq -r '.endpoints[] | select(.ipv6) | "\(.name) \(.ipv6)"' <<<"$seen")"
tap_equal "the container has the IPv6 address, too" fd00:195::2 "$(address6_of six1)"
tap_equal "what becomes no endpoint is said" \
	"left out, in the host's network, judged as the host: 'onhost'
left out, in another container's network, judged as that one: 'guest'
left out, on no network: 'alone'" "$(sed -n 's/.*note: //p' <<<"$run_err")"

tap_equal "labels, without those of one instance" '["container:role=front"]' \
	"$(field app1 '.labels | tostring')"
tap_equal "a label with a newline, quotes and a backslash" \
	'["container:odd\nkey=a \"b\" \\","container:role=db"]' "$(field app2 '.labels | tostring')"
tap_equal "two interfaces of one container have one identity" \
	"$(field both@back .identity)" "$(field both@shop .identity)"
tap_equal "the container's id" "$(docker inspect -f '{{.Id}}' app1)" "$(field app1 .container)"
tap_equal "the namespace's path leads to the container's own" \
	"$(stat -Lc %i "/proc/$(docker inspect -f '{{.State.Pid}}' app1)/ns/net")" \
	"$(stat -Lc %i "$(field app1 .netns)")"
tap_equal "the host's addresses are the bridges'" '["10.0.192.1","10.0.193.1","10.0.194.1","10.0.195.1","fd00:195::1"]' \
	"$(jq -c '[.host.addresses[] | select(startswith("fe80:") or . == "::1" | not)]' <<<"$seen")"

assert_veth app1 10.0.192.2 docker0
assert_veth app2 10.0.193.2 shop0
assert_veth both@shop 10.0.193.3 shop0
assert_veth both@back 10.0.194.2 "br-$(docker network inspect -f '{{.Id}}' back | cut -c1-12)"

# What a container with the right to do it may do to what it sees.
container sly --label role=sly
pid=$(docker inspect -f '{{.State.Pid}}' sly)
nsenter --target "$pid" --net sh -c '
	ip link set eth0 down && ip link set eth0 name eth9 address 02:00:00:00:00:01 &&
	ip address flush dev eth9'
index=$(nsenter --target "$pid" --net ip -json link show eth9 | jq '.[0].link_index')
seen=$(polgen_sees 2>/dev/null)
tap_equal "a container that renames and renumbers its interface is found" \
	"$index 10.0.192.3" "$(field sly '"\(.ifindex) \(.ipv4)"')"

docker kill sly app2 both six1 six2 >/dev/null
run polgen_sees
seen=$run_out
tap_equal "what has ended is gone, without a warning" "0 app1 " \
	"$run_code $(jq -r '.endpoints[].name' <<<"$seen") $(grep warning <<<"$run_err")"

docker pause app1 >/dev/null
seen=$(polgen_sees 2>/dev/null)
tap_equal "a paused container stays" app1 "$(jq -r '.endpoints[].name' <<<"$seen")"
docker unpause app1 >/dev/null

run "$POLGEN" endpoints --endpoints=docker
tap_equal "seen from another network namespace: said, no interface" \
	"0 no veth on the network's bridge in this network namespace, of: 'app1'" \
	"$run_code $(sed -n 's/.*warning: //p' <<<"$run_err")"

chmod 755 "$SANDBOX" "$docker_dir"
tap_run "not allowed to ask" 4 "" \
	"polgen: error: cannot reach Docker at '$docker_dir/docker.sock': permission denied; are you root, or in the group that the socket belongs to?" \
	setpriv --reuid 65534 --regid 65534 --clear-groups "$POLGEN" endpoints --endpoints=docker

if docker_down; then
	tap_ok "the Engine goes down"
else
	tap_not_ok "the Engine goes down" <"$docker_dir/log"
fi
tap_run "Docker not running" 4 "" \
	"polgen: error: cannot reach Docker at '$docker_dir/docker.sock': no such file or directory; is dockerd running?" \
	"$POLGEN" endpoints --endpoints=docker
tap_done
