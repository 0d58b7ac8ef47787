#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# polgen explain --backend: the live objects that a packet meets, and their counters, held against real
# packets and against what iptables and bpftool say of them.
cd "${top_srcdir:-$(dirname "$0")/../..}" || exit 1
. tests/tap.sh
tap_sandbox "$0" "$@"
# shellcheck source=tests/flip.sh
. tests/flip.sh

for tool in iptables-legacy iptables-nft ip6tables-legacy ip6tables-nft busybox jq; do
	command -v $tool >/dev/null || tap_skip_all "no $tool"
done

# app1 takes TCP port 80 from app2, UDP from 10.0.0.0/8 that is nobody's, and no more.
cat >"$SANDBOX/policy.json" <<'END'
[{ "endpointSelector": { "matchLabels": { "id": "app1" } },
   "labels": ["name=front"],
   "ingress": [{ "fromEndpoints": [{ "matchLabels": { "id": "app2" } }],
                 "toPorts": [{ "ports": [{ "port": "80", "protocol": "TCP" }] }] },
               { "fromCIDR": ["10.0.0.0/8"],
                 "toPorts": [{ "ports": [{ "port": "53", "protocol": "UDP" }] }] }] }]
END
echo '[]' >"$SANDBOX/open.json"
endpoints6 >"$SANDBOX/endpoints.json"
policy=$SANDBOX/policy.json

polgen() {
	flip_run "$POLGEN" "$1" --endpoints="$SANDBOX/endpoints.json" "${@:2}"
}

# explain FROM TO [OPTION...]: as JSON, in $run_out
explain() {
	run polgen explain --backend="$backend" --from="$1" --to="$2" --json "${@:3}" "$policy"
}

# decided: object and packets of the last object that decided
decided() {
	jq -r '[.live.steps[] | select(.verdict)] | last | "\(.object) \(.packets)"' <<<"$run_out"
}

# A connection's first packet. Nobody listens; an answer or none is the same.
knock() {
	flip_run_in "$1" timeout 1 bash -c "exec 3<>'/dev/tcp/$2/$3'" 2>/dev/null
	true
}

# grew NAME VERDICT FROM TO ADDRESS PORT [OPTION...]: explained, a packet sent, explained again
grew() {
	local name=$1 verdict=$2 from=$3 to=$4 address=$5 port=$6 before after

	shift 6
	explain "$from" "$to" --dport="$port" "$@"
	before=$(decided)
	tap_equal "$backend: $name: the live verdict" "0 $verdict true true" \
		"$run_code $(jq -r '.live | "\(.verdict) \(.agrees) \(.current)"' <<<"$run_out")"
	knock "$from" "$address" "$port"
	explain "$from" "$to" --dport="$port" "$@"
	after=$(decided)
	tap_check "$backend: $name: the same object counted a packet: $before, $after" \
		test "${before% *}" = "${after% *}" -a "${before##* }" -lt "${after##* }"
	object=${after% *} packets=${after##* }
}

# listed COMMAND: the rule that decided, as iptables lists it by number; counter, and comment.
listed() {
	local chain=${object% *} number=${object##* }

	flip_run "$1" -w -L "$chain" -nvx --line-numbers |
		awk -v number="$number" '$1 == number { print $2 }'
}

flip_down() {
	ip netns delete app1
	ip netns delete app2
	ip netns delete app3
	ip netns delete flip
	umount /sys/fs/bpf
}

for flavour in legacy nft; do
	backend=iptables-$flavour
	flip_up
	flip_sysctl net/bridge/bridge-nf-call-ip6tables 1
	for i in 1 2 3; do
		flip_run_in "app$i" ip address add "fd00::$((i + 1))/64" dev eth0 nodad
	done
	flip_run ip address add fd00::1/64 dev flip0 nodad

	explain app3 app1 --dport=80
	tap_equal "$backend: nothing is enforced, and what the policy denies passes" "1 false allow false 0" \
		"$run_code $(jq -r '.live | "\(.enforcing) \(.verdict) \(.agrees) \(.steps | length)"' <<<"$run_out")"
	explain app2 app1 --dport=80
	tap_equal "$backend: what it allows passes as well" "0 false allow true" \
		"$run_code $(jq -r '.live | "\(.enforcing) \(.verdict) \(.agrees)"' <<<"$run_out")"

	polgen apply --backend="$backend" "$policy" >/dev/null
	grew "allowed" allow app2 app1 10.0.192.2 80
	tap_equal "$backend: allowed: iptables lists that number with that counter" "$packets" \
		"$(listed iptables-$flavour)"
	grew "denied" deny app3 app1 10.0.192.2 80
	tap_equal "$backend: denied: iptables lists that number with that counter" "$packets" \
		"$(listed iptables-$flavour)"
	grew "allowed over IPv6" allow app2 app1 fd00::2 80 --family=6
	tap_equal "$backend: allowed over IPv6: so does ip6tables" "$packets" "$(listed ip6tables-$flavour)"
	grew "denied over IPv6" deny app3 app1 fd00::2 80 --family=6
	tap_equal "$backend: denied over IPv6: so does ip6tables" "$packets" "$(listed ip6tables-$flavour)"

	polgen apply --backend="$backend" --layout=tree "$policy" >/dev/null
	grew "allowed in a tree" allow app2 app1 10.0.192.2 80
	tap_equal "$backend: allowed in a tree: iptables lists that number with that counter" \
		"$packets" "$(listed iptables-$flavour)"
	grew "denied in a tree over IPv6" deny app3 app1 fd00::2 80 --family=6
	tap_equal "$backend: denied in a tree over IPv6: so does ip6tables" "$packets" \
		"$(listed ip6tables-$flavour)"
	polgen apply --backend="$backend" "$policy" >/dev/null

	explain ip:10.9.9.9 app1 --proto=udp --dport=53
	tap_equal "$backend: an address that is nobody's, by its CIDR" "0 allow front" \
		"$run_code $(jq -r '"\(.live.verdict) \(.ingress.rules[0].name)"' <<<"$run_out")"
	explain host app1 --dport=22
	tap_equal "$backend: the host meets no rule" "0 allow 0" \
		"$run_code $(jq -r '.live | "\(.verdict) \(.steps | length)"' <<<"$run_out")"
	explain host app1 --dport=22 --host-policy=enforce
	tap_equal "$backend: another host policy is not what is enforced" "1 allow false false" \
		"$run_code $(jq -r '.live | "\(.verdict) \(.current) \(.agrees)"' <<<"$run_out")"
	explain app1 host --dport=22
	tap_equal "$backend: to the host it goes through INPUT" "0 allow INPUT 1" \
		"$run_code $(jq -r '.live | "\(.verdict) \(.steps[0].object)"' <<<"$run_out")"
	explain app1 app1 --dport=22
	tap_equal "$backend: what never leaves an endpoint meets nothing" "0 allow 0" \
		"$run_code $(jq -r '.live | "\(.verdict) \(.steps | length)"' <<<"$run_out")"

	polgen apply --backend="$backend" --host-policy=enforce "$policy" >/dev/null
	explain host app1 --dport=22 --host-policy=enforce
	tap_equal "$backend: a host that is judged goes through OUTPUT" "0 deny OUTPUT 1" \
		"$run_code $(jq -r '.live | "\(.verdict) \(.steps[0].object)"' <<<"$run_out")"
	polgen apply --backend="$backend" "$policy" >/dev/null

	flip_run iptables-$flavour -w -I POLGEN-INGRESS 1 -m limit --limit 1/s -j ACCEPT
	explain app3 app1 --dport=80
	tap_equal "$backend: somebody's rule that can't be followed is shown as such" \
		"1 deny true false POLGEN-INGRESS 1" \
		"$run_code $(jq -r '.live | "\(.verdict) \(.agrees) \(.sure) \(.steps[] |
			select(.stray).object)"' <<<"$run_out")"
	flip_run iptables-$flavour -w -R POLGEN-INGRESS 1 -s 10.0.192.4 -j ACCEPT
	explain app3 app1 --dport=80
	tap_equal "$backend: somebody's rule that lets pass what the policy denies" \
		"1 allow false true POLGEN-INGRESS 1" \
		"$run_code $(jq -r '.live | "\(.verdict) \(.agrees) \(.current) \(.steps[-1].object)"' <<<"$run_out")"
	run polgen explain --backend=$backend --from=app3 --to=app1 --dport=80 "$policy"
	tap_equal "$backend: and it is said aloud" "live: allow, AND THE POLICY SAYS DENY" \
		"$(grep '^live: .*,' <<<"$run_out" | tail -n 1)"
	flip_run iptables-$flavour -w -I FORWARD 1 -j ACCEPT
	explain app2 app1 --dport=80
	tap_equal "$backend: rules before polgen's may decide first" "1 allow true false FORWARD 1" \
		"$run_code $(jq -r '.live | "\(.verdict) \(.agrees) \(.sure) \(.steps[0].object)"' <<<"$run_out")"
	polgen apply --backend="$backend" "$policy" >/dev/null
	explain app2 app1 --dport=80
	tap_equal "$backend: apply puts polgen's first again" "0 true FORWARD 1" \
		"$run_code $(jq -r '.live | "\(.sure) \(.steps[0].object)"' <<<"$run_out")"
	polgen apply --backend="$backend" "$SANDBOX/open.json" >/dev/null
	explain app3 app1 --dport=80
	tap_equal "$backend: another policy is enforced" "1 allow false false" \
		"$run_code $(jq -r '.live | "\(.verdict) \(.agrees) \(.current)"' <<<"$run_out")"
	flip_run "$POLGEN" clear >/dev/null
	flip_down
done

backend=nftables
flip_up
flip_sysctl net/bridge/bridge-nf-call-ip6tables 1
for i in 1 2 3; do
	flip_run_in "app$i" ip address add "fd00::$((i + 1))/64" dev eth0 nodad
done
flip_run ip address add fd00::1/64 dev flip0 nodad

# element_packets: what nft says of the element that decided.
element_packets() {
	local map=${object##*@} key

	key=$(jq -r '[.live.steps[] | select(.verdict)] | last.text' <<<"$run_out")
	flip_run nft list map inet polgen "$map" | grep -F "${key%% comment*}" |
		grep -o 'packets [0-9]*' | cut -d' ' -f2
}

explain app3 app1 --dport=80
tap_equal "$backend: nothing is enforced, and what the policy denies passes" "1 false allow false 0" \
	"$run_code $(jq -r '.live | "\(.enforcing) \(.verdict) \(.agrees) \(.steps | length)"' <<<"$run_out")"
polgen apply --backend="$backend" "$policy" >/dev/null
grew "allowed" allow app2 app1 10.0.192.2 80
tap_equal "$backend: allowed: nft lists that element with that counter" "$packets" "$(element_packets)"
grew "denied" deny app3 app1 10.0.192.2 80
tap_equal "$backend: denied: nft lists that element with that counter" "$packets" "$(element_packets)"
grew "allowed over IPv6" allow app2 app1 fd00::2 80 --family=6
grew "denied over IPv6" deny app3 app1 fd00::2 80 --family=6
explain ip:10.9.9.9 app1 --proto=udp --dport=53
tap_equal "$backend: an address that is nobody's, by its CIDR" "0 allow front" \
	"$run_code $(jq -r '"\(.live.verdict) \(.ingress.rules[0].name)"' <<<"$run_out")"
explain host app1 --dport=22
tap_equal "$backend: the host meets no rule" "0 allow 0" \
	"$run_code $(jq -r '.live | "\(.verdict) \(.steps | length)"' <<<"$run_out")"
polgen apply --backend="$backend" --host-policy=enforce "$policy" >/dev/null
explain host app1 --dport=22 --host-policy=enforce
tap_equal "$backend: a host that is judged meets what is closed" "0 deny polgen @ingress-closed" \
	"$run_code $(jq -r '.live | "\(.verdict) \(.steps[-1].object)"' <<<"$run_out")"
polgen apply --backend="$backend" "$policy" >/dev/null
flip_run nft insert rule inet polgen forward ip saddr 10.0.192.4 accept
explain app3 app1 --dport=80
tap_equal "$backend: somebody's rule is not followed, but shown as such" \
	"1 deny false polgen forward 1" \
	"$run_code $(jq -r '.live | "\(.verdict) \(.sure) \([.steps[] | select(.stray)][0].object)"' <<<"$run_out")"
tap_check "$backend: and status warns of it" grep -q "warning: .*changed by somebody else" \
	<(flip_run "$POLGEN" status 2>&1)
polgen apply --backend="$backend" "$policy" >/dev/null
explain app3 app1 --dport=80
tap_equal "$backend: apply takes it away" "0 deny true" \
	"$run_code $(jq -r '.live | "\(.verdict) \(.sure)"' <<<"$run_out")"
flip_run "$POLGEN" clear >/dev/null
flip_down

# slot_packets: what bpftool finds in the slot that decided.
slot_packets() {
	local slot

	slot=$(jq -r '[.live.steps[] | select(.verdict)] | last.text' <<<"$run_out" |
		grep -o 'slot=[0-9]*')
	# Of each CPU's value the first byte is enough for a few packets.
	echo $((0 + $(bpftool -j map lookup pinned /sys/fs/bpf/polgen/*/pg_counters \
		key $((${slot#*=} & 255)) $((${slot#*=} >> 8)) 0 0 |
		jq -r '[.values[].value[0]] | join(" + ")')))
}

# in_policy_map: bpftool finds the policy map's key that decided. subject=S egress peer=P tcp/PORT
in_policy_map() {
	local subject peer port

	subject=$(grep -o 'subject=[0-9]*' <<<"$object") subject=${subject#*=}
	peer=$(grep -o 'peer=[0-9]*' <<<"$object") peer=${peer#*=}
	port=${object##*/}
	bpftool -j map lookup pinned /sys/fs/bpf/polgen/*/pg_policy key \
		$((subject & 255)) $((subject >> 8)) 0 0 $((peer & 255)) $((peer >> 8)) 0 0 \
		$((port & 255)) $((port >> 8)) 16 6 1 0 0 0
}

if ! command -v bpftool >/dev/null; then
	tap_skip "ebpf" "no bpftool"
	tap_done
fi
backend=ebpf
flip_up
explain app3 app1 --dport=80
tap_equal "ebpf: nothing is enforced, and what the policy denies passes" "1 false allow false 0" \
	"$run_code $(jq -r '.live | "\(.enforcing) \(.verdict) \(.agrees) \(.steps | length)"' <<<"$run_out")"
polgen apply --backend=ebpf "$policy" >/dev/null
grew "allowed" allow app2 app1 10.0.192.2 80
tap_check "ebpf: allowed: bpftool finds that key: $object" in_policy_map
tap_equal "ebpf: allowed: and that counter in its slot" "$packets" "$(slot_packets)"
grew "denied" deny app3 app1 10.0.192.2 80
tap_equal "ebpf: denied: bpftool finds that counter in the slot of default deny" "$packets" \
	"$(slot_packets)"
for i in 1 2 3; do
	flip_run_in "app$i" ip address add "fd00::$((i + 1))/64" dev eth0 nodad
done
grew "allowed over IPv6" allow app2 app1 fd00::2 80 --family=6
tap_equal "ebpf: allowed over IPv6: bpftool finds that counter" "$packets" "$(slot_packets)"
grew "denied over IPv6" deny app3 app1 fd00::2 80 --family=6
tap_equal "ebpf: denied over IPv6: so it does" "$packets" "$(slot_packets)"
explain ip:10.9.9.9 app1 --proto=udp --dport=53
tap_equal "ebpf: an address that is nobody's, by its CIDR" "0 allow" \
	"$run_code $(jq -r .live.verdict <<<"$run_out")"
explain host app1 --dport=22
tap_equal "ebpf: the host passes" "0 allow pg_meta" \
	"$run_code $(jq -r '.live | "\(.verdict) \(.steps[-1].object)"' <<<"$run_out")"
index=$(flip_run ip -o link show vethapp1 | cut -d: -f1)
rm -f /sys/fs/bpf/polgen/*/links/"$index"-*
explain app3 app1 --dport=80
tap_equal "ebpf: programs that somebody took off" "1 allow false interface=vethapp1 identity=43060 (no programs on it)" \
	"$run_code $(jq -r '.live | "\(.verdict) \(.agrees) \(.steps[-1].text)"' <<<"$run_out")"
flip_run "$POLGEN" clear >/dev/null
flip_down
tap_done
