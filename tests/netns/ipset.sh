#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# The layout "set" of the iptables backend, in both flavours, with real packets and ipset's own word on what
# there is: which sets hold whom, that one container more is elements and no rule of a judge, that
# nothing is seen of a commit, that one that is killed is settled by the next, and whose sets are left alone.
cd "${top_srcdir:-$(dirname "$0")/../..}" || exit 1
. tests/tap.sh
tap_sandbox "$0" "$@"
# shellcheck source=tests/flip.sh
. tests/flip.sh

for tool in iptables-legacy iptables-nft ipset busybox jq; do
	command -v $tool >/dev/null || tap_skip_all "no $tool"
done

endpoints=$SANDBOX/endpoints.json

# policy NAME [PORT...]: app1 takes from web what has these ports, and all from app2.
policy() {
	local name=$1 ports
	shift

	ports=$(printf '{"port": "%s", "protocol": "UDP"},' "$@")
	cat >"$SANDBOX/$name.json" <<-END
		[{ "endpointSelector": { "matchLabels": { "id": "app1" } },
		   "ingress": [{ "fromEndpoints": [{ "matchLabels": { "id": "app2" } }] },
		               { "fromEndpoints": [{ "matchLabels": { "id": "web" } }],
		                 "toPorts": [{ "ports": [${ports%,}] }] }] }]
	END
}

# replicas NUMBER...: containers of the identity web, besides Flip's own app1 and app2.
replicas() {
	local number list

	list=$(for number in "$@"; do
		echo "{ \"name\": \"web$number\", \"labels\": [\"container:id=web\"],
			\"ipv4\": \"10.0.192.$number\", \"interface\": \"vethweb$number\",
			\"network\": \"flip0\" },"
	done)
	jq --argjson more "[${list%,}]" '.endpoints = (.endpoints | map(select(.name != "app3"))) + $more' \
		examples/flip/endpoints.json >"$endpoints"
}

apply() {
	polgen apply --backend="iptables-$flavour" --layout=set --endpoints="$endpoints" \
		"$SANDBOX/${1-many}.json"
}

rules() {
	flip_run "iptables-$flavour-save" 2>/dev/null | grep '^-A POLGEN' | grep -v POLGEN-META
}

# Those that judge, without what their sets hold.
judges() {
	rules | grep -v 'POLGEN-SPOOF\|POLGEN-NOT-OWN' | sed 's/-[0-9a-f]\{8\} / /'
}

# What there is, without the seeds of hashes and counters.
sets() {
	flip_run ipset save | sed 's/ hashsize.*//; s/ packets [0-9]* bytes [0-9]*//' | sort
}

ours() {
	flip_run ipset list -n | grep '^polgen-[46]-[a-z0-9.-]*-[0-9a-f]\{8\}$'
}

# members HEAD: what the sets hold whose names start so.
members() {
	flip_run ipset save | awk -v head="$1" '$1 == "add" && index($2, head) == 1 { print $3 }' | sort
}

# send FROM COUNT PORT: datagrams to app1, each a flow of its own.
send() {
	# shellcheck disable=SC2016 # expanded by the inner shell
	flip_run_in "$1" bash -c 'for ((i = 0; i < $1; i++)); do
		echo >"/dev/udp/10.0.192.2/$2" || exit
	done' send "$2" "$3"
}

# How many of them came.
received() {
	flip_run_in app1 iptables-legacy -nvxL INPUT 2>/dev/null |
		awk -v port="dpt:$1" '$NF == port { print $1 }'
}

flip_up
for i in 5 6 7; do
	flip_add_container web$i 10.0.192.$i
done
flip_run_in app1 iptables-legacy -A INPUT -p udp --dport 5001
flip_run_in app1 iptables-legacy -A INPUT -p udp --dport 5002
flip_run_in app1 iptables-legacy -A INPUT -p udp --dport 7
policy many 5001 5003 5005 5007 5009 5011 5013 5015 5017
policy less 5001 5003 5005 5007 5009 5011 5013 5015
policy few 5001
flip_run ipset create blocklist hash:ip
flip_run ipset add blocklist 192.0.2.1
flip_run ipset create polgen-mine hash:net
flip_run ipset create polgen-4-mine list:set
# Almost ours, and no word of a command.
flip_run ipset create $'polgen-4-\ndestroy o-00000000' hash:ip
flip_run ipset create 'polgen-6-a b-00000000' hash:ip
flip_run iptables-legacy -A FORWARD -m set --match-set polgen-mine src -j DROP
foreign=$(sets)

for flavour in legacy nft; do
	replicas 5
	tap_check "$flavour: apply" apply
	tap_equal "$flavour: status says which layout" set "$(polgen status --json | jq -r '.enforced[].layout')"
	tap_equal "$flavour: each identity has a set" "10.0.192.2 10.0.192.3 10.0.192.5" \
		"$(members polgen-4- | grep '\.' | paste -sd ' ')"
	tap_equal "$flavour: and many ports are elements" \
		"5001 5003 5005 5007 5009 5011 5013 5015 5017" "$(members polgen-4-p | paste -sd ' ')"
	tap_equal "$flavour: that one rule looks up" 1 "$(rules | grep -c 'polgen-4-p.* dst -j RETURN')"
	tap_check "$flavour: there are judges" test "$(judges | wc -l)" -gt 5
	tap_equal "$flavour: whose rules have no address" "" "$(judges | grep '10\.0\.192')"

	before=$(received 5001)
	send web5 5 5001
	send web5 5 5002
	send app2 5 5002
	tap_equal "$flavour: a port that is in the set passes" 5 "$(($(received 5001) - before))"
	tap_equal "$flavour: its neighbour only from others" 5 "$(received 5002)"
	tap_equal "$flavour: elements count for their rules" "5 allow" "$(polgen status --json | jq -r '
		.enforced[].counters[] | select(.rule | endswith("many.json:3:16")) | "\(.packets) \(.verdict)"')"
	flip_run_in app1 iptables-legacy -Z INPUT

	before=$(judges)
	replicas 5 6 7
	tap_check "$flavour: two containers more" apply
	tap_equal "$flavour: are no rules of judges" "$before" "$(judges)"
	tap_equal "$flavour: but elements" "10.0.192.2 10.0.192.3 10.0.192.5 10.0.192.6 10.0.192.7" \
		"$(members polgen-4- | grep '\.' | paste -sd ' ')"
	send web7 3 5001
	send web7 3 5002
	tap_equal "$flavour: and are judged as the first is" "3 0" "$(received 5001) $(received 5002)"
	tap_equal "$flavour: counters go on" "8 allow" "$(polgen status --json | jq -r '
		.enforced[].counters[] | select(.rule | endswith("many.json:3:16")) | "\(.packets) \(.verdict)"')"
	flip_run_in app1 iptables-legacy -Z INPUT

	before=$(sets)
	set=$(ours | grep -- -p)
	flip_run ipset del "$set" 5001
	tap_check "$flavour: what somebody did to a set is put right" apply
	tap_equal "$flavour: as it was" "$before" "$(sets)"
	tap_equal "$flavour: and then there is nothing to do" "nothing to change" "$(apply | head -c 17)"

	# Flows that both policies allow, and deny, while one takes the place of the other.
	send app2 300 7 &
	sender=$!
	for i in 1 2 3 4 5; do
		apply less || break
		apply many || break
	done >/dev/null
	tap_equal "$flavour: ten changes" 5 "$i"
	wait $sender
	tap_equal "$flavour: meanwhile nothing was lost" 300 "$(received 7)"
	send web6 300 7 &
	sender=$!
	for i in 1 2 3 4 5; do
		apply less || break
		apply many || break
	done >/dev/null
	wait $sender
	tap_equal "$flavour: nor let through" 300 "$(received 7)"
	flip_run_in app1 iptables-legacy -Z INPUT

	apply less >/dev/null
	less=$(rules)
	apply few >/dev/null
	few=$(rules) few_sets=$(sets)
	bad=
	for i in 1 2 3 4 5 6 7 8 9; do
		apply less >/dev/null
		flip_run "$POLGEN" apply --backend="iptables-$flavour" --layout=set \
			--endpoints="$endpoints" "$SANDBOX/few.json" >/dev/null 2>&1 &
		polgen_pid=$!
		sleep "0.0$i"
		kill -KILL $polgen_pid 2>/dev/null
		wait $polgen_pid 2>/dev/null
		case $(rules) in
		"$less" | "$few") ;;
		*) bad="$bad killed after 0.0$i s" ;;
		esac
		apply few >/dev/null
		[ "$(sets)" = "$few_sets" ] || bad="$bad left after 0.0$i s: $(sets)"
	done
	tap_equal "$flavour: killed at any time, a commit is not there or whole, and the next settles it" "" "$bad"

	flip_run ipset create polgen-4-1-00000000 hash:ip
	flip_run ipset create polgen-6-spare-00000000 hash:ip family inet6
	tap_check "$flavour: leftovers are found" apply few
	tap_equal "$flavour: and gone" "$few_sets" "$(sets)"

	flip_run iptables-legacy -A FORWARD -m set --match-set "$(ours | head -n 1)" src
	tap_equal "$flavour: a set that another's rule needs stays, with a warning" \
		"polgen: warning: set '$(ours | head -n 1)' is left behind: Set cannot be destroyed: it is in use by a kernel component" \
		"$(flip_run "$POLGEN" clear 2>&1 >/dev/null)"
	flip_run iptables-legacy -D FORWARD 2
	tap_check "$flavour: clear" polgen clear
	tap_equal "$flavour: other sets are as they were" "$foreign" "$(sets)"
done

tap_done
