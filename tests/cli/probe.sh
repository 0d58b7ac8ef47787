#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# polgen probe, which finds out who reaches whom, and polgen monitor, which tells what is dropped.
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
    "ingress": [
      {
        "fromEndpoints": [ { "matchLabels": { "id": "app2" } } ],
        "toPorts": [ { "ports": [ { "port": "80", "protocol": "TCP" } ] } ]
      }
    ]
  }
]
JSON

polgen() {
	flip_run "$POLGEN" "$@"
}

# Who reaches app1, as "from port" lines.
reaching_app1() {
	jq -r '.flows[] | select(.to == "app1" and .result == "open") | "\(.from) \(.port)"' "$1" | sort
}

probe=(probe --endpoints=endpoints.json '--ports=tcp/80,udp/53,icmp')
everybody=$(printf '%s\n' {app2,app3,host}' '{icmp,tcp/80,udp/53} | sort)

polgen "${probe[@]}" --json >open.json
tap_equal "without a policy everybody reaches app1" "$everybody" "$(reaching_app1 open.json)"
tap_equal "the title says so" "nothing enforced" "$(jq -r .title open.json)"

polgen apply --backend=iptables --endpoints=endpoints.json policy.json >/dev/null
polgen "${probe[@]}" --json >iptables.json
tap_equal "with iptables app2 does on tcp/80, and the host" \
	"app2 tcp/80
$(grep host <<<"$everybody")" "$(reaching_app1 iptables.json)"

run polgen "${probe[@]}" --against=open.json
tap_equal "against the earlier run there are differences" "1 app3" \
	"$run_code $(grep -o 'app3' <<<"$run_out" | head -n 1)"

polgen apply --backend=ebpf --endpoints=endpoints.json policy.json >/dev/null
# The monitor is there when it has told of a first drop; app3 sends until then.
nsenter --net=/run/netns/flip "$POLGEN" monitor >drops.txt 2>drops.err &
monitor=$!
until [ -s drops.txt ] || ! kill -0 "$monitor" 2>/dev/null; do
	flip_run_in app3 busybox ping -c 1 -W 1 10.0.192.2 >/dev/null
done
run polgen "${probe[@]}" --against=iptables.json
tap_equal "eBPF does what iptables did" "0 no differences" \
	"$run_code $(grep -o 'no differences' <<<"$run_out")"
kill -TERM "$monitor"
wait "$monitor"
tap_equal "the monitor ends when it is told to" "0 " "$? $(cat drops.err)"
tap_check "it told of app3's echo requests" \
	grep -q 'app3 -> app1 icmp type 8  ingress policy default-deny' drops.txt
tap_check "and of its connection" \
	grep -q 'app3 -> app1 tcp/80  ingress policy default-deny' drops.txt
tap_equal "and of nothing that was let through" "" "$(grep 'app2 -> app1 tcp/80' drops.txt)"

polgen clear >/dev/null
tap_run "nothing to monitor without the eBPF backend" 4 "" \
	"polgen: error: backend 'ebpf' enforces nothing here" polgen monitor
tap_run "no ports to probe" 2 "" "polgen: error: 'probe' needs --endpoints and --ports" \
	polgen probe --endpoints=endpoints.json

tap_done
