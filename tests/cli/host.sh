#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# polgen on a host: apply, status, clear, and hosts that can't enforce. Each refusal is one clear
# message with the right exit code, and leaves what was enforced before as it was.
cd "${top_srcdir:-$(dirname "$0")/../..}" || exit 1
. tests/tap.sh
. scripts/flip.sh
tap_sandbox "$0" "$@"

examples=$PWD/examples
flip_up || tap_skip_all "no bridge and containers can be made here"
cd "$SANDBOX" || exit 1
cp "$examples/flip/endpoints.json" .
cat >policy.json <<'JSON'
[
  {
    "endpointSelector": { "matchLabels": { "id": "app1" } },
    "ingress": [ { "fromEndpoints": [ { "matchLabels": { "id": "app2" } } ] } ]
  }
]
JSON
sed 's/app2/app3/' policy.json >other.json

# How polgen is called on Flip: words before it.
as=()
polgen() {
	flip_run "${as[@]}" "$POLGEN" "$@"
}

# All that an enforcement is made of; no counters.
state() {
	flip_run iptables-legacy-save 2>/dev/null | sed -e '/^#/d' -e 's/\[[0-9:]*\]//'
	flip_run iptables-nft-save 2>/dev/null | sed -e '/^#/d' -e 's/\[[0-9:]*\]//'
	flip_run ip6tables-legacy-save 2>/dev/null | sed -e '/^#/d' -e 's/\[[0-9:]*\]//'
	flip_run ip6tables-nft-save 2>/dev/null | sed -e '/^#/d' -e 's/\[[0-9:]*\]//'
	find /sys/fs/bpf /run/polgen 2>/dev/null | sort
	polgen status --json | jq 'del(.. | .counters?)'
}

# reaches NAME SECONDS: prints the name if that container gets an answer from app1 within that time.
reaches() {
	! flip_run_in "$1" busybox ping -c 1 -W "$2" 10.0.192.2 >/dev/null || echo "$1"
}

# refused NAME CODE TEXT ARGUMENT...: on stderr, and nothing has changed
refused() {
	local name=$1 code=$2 text=$3 before
	shift 3

	before=$(state)
	tap_run "$name: said" "$code" "" "$text" polgen "$@"
	tap_equal "$name: what was enforced is enforced" "$before" "$(state)"
}

apply=(apply --endpoints=endpoints.json policy.json)
# An empty table of x_tables stays once somebody has asked for it: somebody does, before.
flip_run iptables-legacy -S >/dev/null
flip_run ip6tables-legacy -S >/dev/null
nothing=$(state)

tap_run "nothing is enforced at first" 0 "nothing is enforced" "" polgen status
tap_run "nothing to clear" 0 "nothing was enforced" "" polgen clear
tap_equal "nor does clear leave anything" "$nothing" "$(state)"

for backend in iptables-legacy iptables-nft nftables ebpf; do
	run polgen "${apply[@]}" --backend="$backend"
	tap_equal "$backend: apply" "0 enforced by ${backend%%-*}" "$run_code ${run_out%% (*}$run_err"
	applied=$(state)
	run polgen "${apply[@]}" --backend="$backend"
	tap_equal "$backend: applied again, nothing to change" "0 nothing to change: ${backend%%-*}" \
		"$run_code ${run_out%% (*}$run_err"
	tap_equal "$backend: and nothing was changed" "$applied" "$(state)"
	tap_equal "$backend: one backend enforces, with digest, endpoints and identities" \
		"${backend%%-*} 64 3 6" "$(polgen status --json | jq -r \
		'.enforced[] | "\(.backend) \(.digest | length) \(.endpoints | length) \(.identities | length)"')"
	tap_equal "$backend: status counts the objects that apply counts" \
		"$(polgen status --json | jq '.enforced[].objects')" \
		"$(polgen "${apply[@]}" --backend="$backend" --json | jq '.kept')"
	tap_equal "$backend: app2 reaches app1, its neighbour app3 does not" "app2 " \
		"$(reaches app2 10) $(reaches app3 1)"
	refused "$backend: a policy with an error" 3 \
		"polgen: error: cannot read 'nosuch.json': no such file or directory" \
		apply --backend="$backend" --endpoints=endpoints.json nosuch.json
done

# What is enforced now is the eBPF policy; the rules must have gone when it came.
tap_equal "the iptables rules went when eBPF stood" "" \
	"$(flip_run iptables-legacy-save | grep POLGEN; flip_run iptables-nft-save 2>/dev/null | grep POLGEN)"

# Packets to x_tables need CAP_NET_RAW to be asked for, eBPF doesn't.
as=(setpriv --bounding-set=-net_raw --inh-caps=-net_raw)
run polgen apply --backend=ebpf --endpoints=endpoints.json other.json
as=()
tap_equal "another backend that can't be asked: said" \
	"4 polgen: error: cannot look for what backend 'iptables' enforces: operation not permitted" \
	"$run_code $run_err"
tap_equal "another backend that can't be asked: nothing was changed" "$applied" "$(state)"

flip_sysctl net/bridge/bridge-nf-call-iptables 0
refused "bridge-nf-call-iptables=0" 4 \
	"polgen: error: same-bridge traffic doesn't reach iptables: net.bridge.bridge-nf-call-iptables is 0; set it: sysctl -w net.bridge.bridge-nf-call-iptables=1" \
	"${apply[@]}" --backend=iptables
flip_sysctl net/bridge/bridge-nf-call-iptables 1

refused "no such chain to be called from" 3 \
	"polgen: error: nft iptables has no chain 'NOSUCH' in table 'filter'" \
	"${apply[@]}" --backend=iptables-nft --parent-chain=NOSUCH

jq 'del(.endpoints[2].interface)' endpoints.json >no-interface.json
refused "an endpoint whose interface isn't known (eBPF)" 3 \
	"no-interface.json:23:5: error: endpoint 'app3' has no known interface
    {
    ^" apply --backend=ebpf --endpoints=no-interface.json policy.json
refused "an endpoint whose interface isn't known (iptables)" 3 \
	"no-interface.json:23:5: error: iptables cannot enforce anything on endpoint 'app3': its interface on this host isn't known
    {
    ^" apply --backend=iptables --endpoints=no-interface.json policy.json

jq '.endpoints[2] |= (.node = "flap" | del(.interface, .netns))' endpoints.json >elsewhere.json
for backend in iptables-legacy iptables-nft nftables ebpf; do
	run polgen apply --backend=$backend --endpoints=elsewhere.json policy.json
	tap_equal "an endpoint of another node needs no interface ($backend)" 0 "$run_code"
done
run "${apply[@]}" --backend=ebpf
applied=$(state)

jq '.endpoints[2].interface = "gone0"' endpoints.json >gone.json
refused "an interface that isn't there (eBPF)" 3 \
	"gone.json:23:5: error: endpoint 'app3' has the interface 'gone0', which is gone
    {
    ^" apply --backend=ebpf --endpoints=gone.json policy.json
refused "an interface that isn't there (iptables)" 3 \
	"gone.json:23:5: error: iptables cannot enforce anything on endpoint 'app3' with interface 'gone0': there is no such interface here
    {
    ^" apply --backend=iptables --endpoints=gone.json policy.json
run polgen endpoints --endpoints=gone.json
tap_equal "endpoints warns of it" \
	"0 gone.json:23:5: warning: endpoint 'app3': no interface 'gone0' in this network namespace
    {
    ^" "$run_code $run_err"

sed 's/10.0.192.4/10.0.192.3/' endpoints.json >same-address.json
line='    { "name": "app3", "labels": ["container:id=app3"], "ipv4": "10.0.192.3",'
other=${line//app3/app2}
mark="    $(printf '%*s' $((${#line} - 4)) '' | tr ' ' '~')"
mark=${mark/'~'/^}
refused "two endpoints with one address" 3 \
	"same-address.json:7:5: error: endpoint 'app3' has the address '10.0.192.3' of 'app2'
$line
$mark
same-address.json:5:5: note: 'app2' is here
$other
$mark" apply --backend=ebpf --endpoints=same-address.json policy.json

sed 's/10.0.192.4/10.0.192.1/' endpoints.json >host-address.json
line=${line/192.3/192.1}
refused "an endpoint with the host's address" 3 \
	"host-address.json:7:5: error: endpoint 'app3' has the address '10.0.192.1' of the host
$line
$mark" apply --backend=ebpf --endpoints=host-address.json policy.json

for address in 0.0.0.0 127.0.0.5 224.0.0.1 255.255.255.255; do
	sed "s/10.0.192.4/$address/" endpoints.json >odd-address.json
	line=$(sed -n 7p odd-address.json)
	head=${line%%"\"$address"*}
	mark=$(printf '%*s^%*s' "${#head}" '' $((${#address} + 1)) '' | sed 's/\^ */&/; :a; s/\^\(~*\) /^\1~/; ta')
	refused "an endpoint with the address $address" 3 \
		"odd-address.json:7:$((${#head} + 1)): error: no endpoint can have the address '$address'
$line
$mark" apply --backend=ebpf --endpoints=odd-address.json policy.json
done

DOCKER_HOST=unix://$SANDBOX/docker.sock
export DOCKER_HOST
refused "Docker not running" 4 \
	"polgen: error: cannot reach Docker at '$SANDBOX/docker.sock': no such file or directory; is dockerd running?" \
	apply --backend=ebpf --endpoints=docker policy.json

# What was enforced and isn't any more, since the host has changed.
run polgen "${apply[@]}" --backend=iptables-nft
tap_equal "iptables: apply" 0 "$run_code"
flip_sysctl net/bridge/bridge-nf-call-iptables 0
run polgen status
tap_equal "status says that bridge-nf-call-iptables is 0" \
	"0 polgen: warning: same-bridge traffic doesn't reach iptables: net.bridge.bridge-nf-call-iptables is 0; set it: sysctl -w net.bridge.bridge-nf-call-iptables=1" \
	"$run_code $run_err"
flip_sysctl net/bridge/bridge-nf-call-iptables 1
{
	flip_run iptables-nft -N DOCKER-USER
	flip_run iptables-nft -I FORWARD -j DOCKER-USER
} 2>/dev/null
run polgen "${apply[@]}" --backend=iptables-nft
tap_equal "DOCKER-USER came: the jump goes there" "DOCKER-USER" \
	"$(polgen status --json | jq -r '.enforced[].attached')"
flip_run iptables-nft -D FORWARD -j DOCKER-USER 2>/dev/null
run polgen status
tap_equal "status says that nothing calls DOCKER-USER" \
	"0 polgen: warning: chain 'DOCKER-USER', which calls polgen's, is not called from FORWARD any more; apply the policy again" \
	"$run_code $run_err"
run polgen "${apply[@]}" --backend=iptables-nft
tap_equal "and apply puts it right" "FORWARD app2 " \
	"$(polgen status --json | jq -r '.enforced[].attached') $(reaches app2 10) $(reaches app3 1)"
flip_run iptables-nft -X DOCKER-USER 2>/dev/null

# As nobody: a file that nobody may read would be another error.
chmod 755 "$SANDBOX"
cp "$POLGEN" "$SANDBOX/polgen"
nobody() {
	flip_run setpriv --reuid 65534 --regid 65534 --clear-groups "$SANDBOX/polgen" "$@"
}
tap_run "not root: apply" 4 "" "polgen: error: 'apply' needs root" \
	nobody "${apply[@]}" --backend=ebpf
tap_run "not root: status" 4 "" "polgen: error: 'status' needs root" nobody status
tap_run "not root: clear" 4 "" "polgen: error: 'clear' needs root" nobody clear
tap_run "not root: test with packets" 4 "" "polgen: error: 'test --backend=ebpf' needs root" \
	nobody test --backend=ebpf "$examples/thesis/case-l4.json"
run nobody render --backend=ebpf --endpoints=endpoints.json policy.json
tap_equal "not root: render needs none" "0 " "$run_code $run_err"

tap_run "--netns" 0 "$(polgen status)" "" "$POLGEN" status --netns=flip
tap_run "another network namespace has its own" 0 "nothing is enforced" "" "$POLGEN" status

# A file name is the operator's, and goes into rule comments and map values.
odd=$'a "b"\n-j ACCEPT \e[31m.json'
cp policy.json "$odd"
for backend in iptables-legacy iptables-nft nftables ebpf; do
	run polgen apply --backend="$backend" --endpoints=endpoints.json "$odd"
	tap_equal "$backend: a file name with quotes, a newline and control characters" \
		"0 enforced by ${backend%%-*}" "$run_code ${run_out%% (*}$run_err"
	tap_equal "$backend: its rule is counted under a plain name" "a__b__-j_ACCEPT__[31m.json:4:18" \
		"$(polgen status --json | jq -r '.enforced[].counters[].rule' | grep ACCEPT | sort -u)"
done
run polgen render --backend=iptables-nft --endpoints=endpoints.json "$odd"
tap_equal "what is rendered of it can be loaded" 0 "$(
	sed -n 's/^#s //p' <<<"$run_out" | flip_run ipset restore -exist &&
		flip_run iptables-nft-restore --noflush --test <<<"$run_out" >/dev/null 2>&1
	echo $?
)"

tap_run "clear" 0 "enforcement was taken down" "" polgen clear
tap_equal "clear leaves nothing" "$nothing" "$(state)"

umount /sys/fs/bpf
tap_run "no bpffs" 4 "" \
	"polgen: error: no bpffs at '/sys/fs/bpf'; mount one: mount -t bpf bpf /sys/fs/bpf" \
	polgen "${apply[@]}" --backend=ebpf
tap_run "status needs none" 0 "nothing is enforced" "" polgen status
run polgen "${apply[@]}" --backend=iptables
tap_equal "iptables needs none" "0 enforced by iptables" "$run_code ${run_out%% (*}$run_err"
tap_run "nor does clear" 0 "enforcement was taken down" "" polgen clear

flip_bpffs
run polgen "${apply[@]}" --backend=ebpf
flip_run ip link del vethapp3
tap_equal "eBPF: an interface that is gone doesn't count" "0 2 interfaces" \
	"$run_code $(polgen status --json | jq -r '.enforced[].attached')"
polgen clear >/dev/null
mkdir "$SANDBOX/pins"
mount -t bpf bpf "$SANDBOX/pins"
jq 'del(.endpoints[] | select(.name == "app3"))' endpoints.json >two.json
apply=(apply --endpoints=two.json policy.json)
polgen "${apply[@]}" --backend=ebpf --bpffs="$SANDBOX/pins" >/dev/null
tap_equal "another bpffs: status looks where apply was told to pin" "ebpf" \
	"$(polgen status --json | jq -r '.enforced[].backend')"
polgen "${apply[@]}" --backend=iptables >/dev/null
tap_equal "another bpffs: the other backend takes it down" "iptables " \
	"$(polgen status --json | jq -r '.enforced[].backend') $(find "$SANDBOX/pins" -name polgen)"
polgen clear >/dev/null
umount "$SANDBOX/pins"

polgen apply --backend=ebpf --endpoints=endpoints.json nosuch.json 2>/dev/null
tap_equal "an apply that fails leaves nothing on disk" "" "$(ls -A /run/polgen 2>/dev/null)"

tap_done
