#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# The nf_tables flavour through the command: what render prints is what apply installs, and foreign
# rules stay as they are.
cd "${top_srcdir:-$(dirname "$0")/../..}" || exit 1
. tests/tap.sh
tap_sandbox "$0" "$@"
# shellcheck source=tests/flip.sh
. tests/flip.sh

for tool in iptables-nft ip6tables-nft iptables-nft-save nft ipset jq; do
	command -v $tool >/dev/null || tap_skip_all "no $tool"
done

flip=examples/flip/policy.json
options=(--backend=iptables-nft --l7=l4-only --endpoints=examples/flip/endpoints.json)

# apply [POLICY]
apply() {
	polgen apply "${options[@]}" "${1-$flip}"
}

rules() {
	flip_run sh -c '(iptables-nft-save; ip6tables-nft-save) 2>/dev/null | grep -v "^#"'
}

# Without the counters of the host's own packets: it says on its new interfaces which groups it is in.
counted_rules() {
	flip_run iptables-nft-save -c 2>/dev/null |
		sed -e '/^#/d' -e 's/^\(:\(INPUT\|OUTPUT\) [A-Z]*\) .*/\1/'
}

ruleset() {
	flip_run nft --stateless -a list ruleset 2>/dev/null
}

# Each iptables rule's expressions, as the kernel has them; the table's parts in no order.
expressions() {
	"$@" nft --debug=netlink list ruleset 2>/dev/null | sed '/^table/,$d' | awk '
		BEGIN { RS = "" }
		$1 == "bridge" { next }
		{
			head = $1 " " $2 " " $3
			sub(/^[^\n]*/, "")
			gsub(/[ \n]+/, " ")
			gsub(/pkts [0-9]+ bytes [0-9]+/, "")
			print head $0
		}' | sort -s -k1,3
}

# Loads what render prints into the namespace `other`, as the text itself says how.
load() {
	sed -n 's/^#s //p' "$1" | nsenter --net=/run/netns/other ipset restore &&
		nsenter --net=/run/netns/other iptables-nft-restore --noflush <"$1" &&
		sed -n 's/^#6 //p' "$1" |
		nsenter --net=/run/netns/other ip6tables-nft-restore --noflush
}

# Without what each set has of its own: the seed of its hash, and what it has grown to.
sets() {
	"$@" ipset save | sed 's/ hashsize.*//' | sort
}

other_rules() {
	nsenter --net=/run/netns/other sh -c \
		'(iptables-nft-save; ip6tables-nft-save) 2>/dev/null | grep -v "^#"'
}

# Another program that adds and deletes rules, each with a process of its own.
disturb() {
	until [ -e "$SANDBOX/enough" ]; do
		flip_run iptables-nft -A DOCKER-USER -s 192.0.2.7 -j DROP &&
			flip_run iptables-nft -D DOCKER-USER -s 192.0.2.7 -j DROP || return
	done
}

flip_up

# The layouts take over from each other; the last one is what the rest is about.
for layout in tree set linear; do
	options+=(--layout="$layout")
	ip netns add other
	tap_check "$layout: apply" apply
	tap_equal "$layout: status says so" "$layout" \
		"$(polgen status --json | jq -r '.enforced[].layout')"
	polgen render "${options[@]}" "$flip" >"$SANDBOX/rendered"
	tap_check "$layout: iptables-restore reads what render prints" load "$SANDBOX/rendered"
	tap_equal "$layout: and makes the rules that apply made" "$(rules)" "$(other_rules)"
	tap_equal "$layout: and its sets" "$(sets flip_run)" \
		"$(sets nsenter --net=/run/netns/other)"
	tap_equal "$layout: expression for expression" "$(expressions flip_run)" \
		"$(expressions nsenter --net=/run/netns/other)"
	tap_check "$layout: which are some" test "$(rules | grep -c '^-A POLGEN')" -gt 20
	ip netns del other
done

before=$(ruleset)
tap_equal "applying again says that nothing is to be done" "nothing to change" \
	"$(apply "$flip" | head -c 17)"
tap_equal "and does nothing" "$before" "$(ruleset)"

tap_check "clear" polgen clear
tap_equal "leaves nothing" "" "$(ruleset)"

flip_run iptables-nft-restore -c <<-END
	*filter
	:INPUT ACCEPT [1:2]
	:FORWARD DROP [3:4]
	:OUTPUT ACCEPT [5:6]
	:DOCKER-USER - [0:0]
	[10:1000] -A FORWARD -j DOCKER-USER
	[11:1100] -A FORWARD -o flip0 -j ACCEPT
	[12:1200] -A DOCKER-USER -s 192.0.2.1/32 -j DROP
	[13:1300] -A DOCKER-USER -j RETURN
	COMMIT
END
before=$(ruleset)
foreign=$(counted_rules)
tap_check "apply beside Docker's rules" apply
tap_equal "these and their counters stay" "$foreign" \
	"$(counted_rules | grep -v '^:POLGEN\|-A POLGEN\|-j POLGEN')"
tap_equal "and polgen comes first in DOCKER-USER" "-A DOCKER-USER -j POLGEN" \
	"$(flip_run iptables-nft -S DOCKER-USER | sed -n 2p)"

disturb &
disturber=$!
for policy in examples/webshop/policy.json "$flip"; do
	tap_check "apply ${policy%/*} while another program changes rules" apply "$policy"
done
touch "$SANDBOX/enough"
wait $disturber
tap_equal "none of whose changes failed" 0 $?

tap_check "clear" polgen clear
tap_equal "leaves what was before" "$before" "$(ruleset)"

tap_done
