#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# What the rules around the policy's do to real packets, in both flavours of iptables: anti-spoofing,
# flooded packets, replies, IPv6; and how the command reports them.
cd "${top_srcdir:-$(dirname "$0")/../..}" || exit 1
. tests/tap.sh
tap_sandbox "$0" "$@"
# shellcheck source=tests/flip.sh
. tests/flip.sh

for tool in iptables-legacy iptables-nft busybox; do
	command -v $tool >/dev/null || tap_skip_all "no $tool"
done

# app1 takes packets from app2 only, app3 sends none; app2 is open.
cat >"$SANDBOX/policy.json" <<-END
	[{ "endpointSelector": { "matchLabels": { "id": "app1" } },
	   "ingress": [{ "fromEndpoints": [{ "matchLabels": { "id": "app2" } }] }] },
	 { "endpointSelector": { "matchLabels": { "id": "app3" } }, "egress": [{}] }]
END

apply() {
	polgen apply --backend="iptables-$flavour" --endpoints=examples/flip/endpoints.json \
		--layout="$layout" "$@" "$SANDBOX/policy.json"
}

# How many broadcasts reached app3.
received() {
	flip_run_in app3 iptables-legacy -nvxL INPUT 2>/dev/null | awk '/192\.255/ { print $1 }'
}

flip_up
world_up 198.51.100.1/24 198.51.100.2/24
flip_run ip address add fd00::1/64 dev flip0 nodad
for i in 1 2 3; do
	flip_run_in app$i ip address add fd00::1$i/64 dev eth0 nodad
done
flip_run_in app2 ip address add 10.0.192.77/24 dev eth0
flip_run_in app3 iptables-legacy -A INPUT -d 10.0.192.255

echo '[]' >"$SANDBOX/open.json"
flip_run "$POLGEN" apply --backend=iptables-legacy --endpoints=examples/flip/endpoints.json \
	"$SANDBOX/open.json" >/dev/null
ping app3 10.0.192.2
flavour=legacy layout=linear
tap_equal "a flow that runs is cut when it is denied" "1 running flow that the policy denies was cut" \
	"$(apply | grep running)"

for row in "legacy linear" "nft linear" "legacy tree" "nft tree" "legacy set" "nft set"; do
	read -r flavour layout <<<"$row"
	tap_check "$flavour, $layout: apply" apply

	later "$flavour, $layout: bridged, an own address passes" ping app2 10.0.192.2
	later "$flavour, $layout: bridged, another is dropped" denied ping app2 10.0.192.2 -I 10.0.192.77
	later "$flavour, $layout: routed, an own address passes" ping app2 198.51.100.2
	later "$flavour, $layout: routed, another is dropped" denied ping app2 198.51.100.2 -I 10.0.192.77
	later "$flavour, $layout: to the host, an own address passes" ping app2 10.0.192.1
	later "$flavour, $layout: to the host, another is dropped" denied ping app2 10.0.192.1 -I 10.0.192.77
	later "$flavour, $layout: replies reach a closed endpoint" ping app1 198.51.100.2
	later "$flavour, $layout: which takes nothing from the world" denied ping world 10.0.192.2
	later "$flavour, $layout: while an open one does" ping world 10.0.192.3
	later "$flavour, $layout: the host is let in" ping flip 10.0.192.2
	later "$flavour, $layout: and answered by who may not send" ping flip 10.0.192.4
	later "$flavour, $layout: who doesn't reach it" denied ping app3 10.0.192.1
	settle
	tap_equal "$flavour, $layout: three were spoofed" 3 "$(count spoofed egress)"
	tap_equal "$flavour, $layout: one was denied on its way in" 1 "$(count default-deny ingress)"
	tap_equal "$flavour, $layout: and one on its way out" 1 "$(count default-deny egress)"

	before=$(received)
	patience=1 ping app2 10.0.192.255
	tap_check "$flavour, $layout: a broadcast reaches an open endpoint" test "$(received)" -gt "$before"
	tap_equal "$flavour, $layout: and a closed one not" 1 "$(count not-own-address egress)"

	flip_run_in app2 ip neighbour flush dev eth0
	flip_run_in app3 ip neighbour flush dev eth0
	later "$flavour, $layout: IPv6 of an open endpoint passes" ping app2 fd00::1
	later "$flavour, $layout: to a closed one it doesn't" denied ping app2 fd00::11
	later "$flavour, $layout: from one it doesn't, to the host" denied ping app3 fd00::1
	later "$flavour, $layout: nor to another endpoint" denied ping app3 fd00::12
	settle
	tap_check "$flavour, $layout: which is counted" test "$(count ipv6 egress)" -ge 3
	tap_check "$flavour, $layout: but neighbours are found, on the bridge" is_resolved app2 fd00::11
	tap_check "$flavour, $layout: and the host" is_resolved app3 fd00::1

	apply --host-policy=enforce >/dev/null
	later "$flavour, $layout: an enforced host is a peer as any" denied ping flip 10.0.192.2
	later "$flavour, $layout: and passes to an open endpoint" ping flip 10.0.192.3
	settle
	tap_equal "$flavour, $layout: counters of rules that stay go on" 3 "$(count spoofed egress)"

	tap_equal "$flavour, $layout: what becomes of running flows is shown" cut \
		"$(polgen status --json | jq -r '.enforced[].onRevoke')"
	apply --host-policy=enforce --on-revoke=keep >/dev/null
	tap_equal "$flavour, $layout: and another way is another policy" "on-revoke   keep" \
		"$(polgen status | grep on-revoke)"

	tap_check "$flavour, $layout: clear" polgen clear
	tap_check "$flavour, $layout: opens all again" ping app2 10.0.192.2 -I 10.0.192.77
	for tool in iptables ip6tables; do
		tap_empty "$flavour, $layout: and leaves no rule to $tool" \
			sh -c "nsenter --net=/run/netns/flip $tool-$flavour-save 2>/dev/null |
			       grep POLGEN || true"
	done
done

tap_done
