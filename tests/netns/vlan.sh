#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Tagged frames beside iptables, in both flavours, and with nftables: those that endpoints send are dropped on the bridge,
# whatever the tag; who is no endpoint reaches who is open; and the guard that does it comes and goes with
# the rules.
cd "${top_srcdir:-$(dirname "$0")/../..}" || exit 1
. tests/tap.sh
tap_sandbox "$0" "$@"
# shellcheck source=tests/flip.sh
. tests/flip.sh

for tool in iptables-legacy iptables-nft nft perl; do
	command -v $tool >/dev/null || tap_skip_all "no $tool"
done

# app1 takes packets from app3 only, app3 sends none but to app1; else all are open.
cat >"$SANDBOX/policy.json" <<-END
	[{ "endpointSelector": { "matchLabels": { "id": "app1" } },
	   "ingress": [{ "fromEndpoints": [{ "matchLabels": { "id": "app3" } }] }] },
	 { "endpointSelector": { "matchLabels": { "id": "app3" } },
	   "egress": [{ "toEndpoints": [{ "matchLabels": { "id": "app1" } }] }] }]
END

# on VERB [OPTION...]: of this policy, by the backend.
on() {
	polgen "$1" --backend="$backend" --endpoints=examples/flip/endpoints.json "${@:2}" \
		"$SANDBOX/policy.json"
}

# apply, once more: how many objects were added, replaced and deleted.
changes() {
	on apply --json | awk -F'[:,]' '
		/"(added|replaced|deleted)"/ { text = text separator $2 + 0; separator = " " }
		END { print text }'
}

declare -A address=([app1]=10.0.192.2 [app2]=10.0.192.3 [app3]=10.0.192.4)
declare -A index mac
tags="vlan0 vlan5 ad0 double"

# Sends one datagram in a frame of its own making: INDEX MAC TO-MAC TAGS FROM TO, tags in hexadecimal.
cat >"$SANDBOX/send" <<-'END'
	use strict;
	use Socket;
	my ($index, $own, $mac, $tags, $from, $to) = @ARGV;
	s/://g for $mac, $own;
	my $ip = pack('CCnnnCCn', 0x45, 0, 29, 0, 0, 64, 17, 0) . inet_aton($from) . inet_aton($to);
	my $sum = unpack('%32n*', $ip);
	$sum = ($sum & 0xffff) + ($sum >> 16) for 1, 2;
	substr($ip, 10, 2) = pack('n', ~$sum & 0xffff);
	my $frame = pack('H*H*H*n', $mac, $own, $tags, 0x0800) . $ip . pack('nnnnC', 4711, 4711, 9, 0, 0);
	# AF_PACKET, and its struct sockaddr_ll
	socket(my $socket, 17, SOCK_RAW, 0) or die $!;
	send($socket, $frame . "\0" x 16, 0, pack('SnlSCCx8', 17, 0x0800, $index, 1, 0, 6)) or die $!;
END
declare -A tag_bytes=([none]="" [vlan0]=81000000 [vlan5]=81000005 [ad0]=88a80000
	[double]=8100000081000000)

# A counter of datagrams that come in, with a tag or not.
count_up() {
	local run="flip_run_in $1"

	$run nft -f - <<-END
		table netdev count {
			counter plain { }
			counter tagged { }
			chain ingress {
				type filter hook ingress device eth0 priority 0;
				ether type { 8021q, 8021ad } counter name tagged
				ip protocol udp udp dport 4711 counter name plain
			}
		}
	END
}

# received NAME: datagrams so far.
received() {
	flip_run_in "$1" nft list counters table netdev count | awk '/packets/ { sum += $2 } END { print sum }'
}

# What the guard and the rules dropped.
dropped() {
	polgen status | awk '$4 == "deny" { sum += $1 } END { print sum + 0 }'
}

guarded() {
	polgen status | awk '$5 == "vlan" { sum += $1 } END { print sum + 0 }'
}

# arrives FROM TO TAG: sends a datagram; waits for what becomes of it.
arrives() {
	local from=$1 to=$2 tag=$3 before before_dropped

	before=$(received "$to")
	before_dropped=$(dropped)
	flip_run_in "$from" perl "$SANDBOX/send" "${index[$from]}" "${mac[$from]}" "${mac[$to]}" \
		"${tag_bytes[$tag]}" "${address[$from]}" "${address[$to]}"
	for _ in $(seq 200); do
		[ "$(received "$to")" -eq "$before" ] || return 0
		[ "$(dropped)" -eq "$before_dropped" ] || return 1
		sleep 0.01
	done
	return 2
}

# lost FROM TO TAG: it was dropped, and we know by whom.
lost() {
	arrives "$@"
	[ $? -eq 1 ]
}

# What the host would route for anybody: app2 sends to app1 as app3, by the bridge's own address.
unrouted() {
	local before bridge

	before=$(received app1)
	bridge=$(flip_run ip -o link show flip0 | grep -o 'ether [^ ]*' | cut -d' ' -f2)
	flip_run_in app2 perl "$SANDBOX/send" "${index[app2]}" "${mac[app2]}" "$bridge" \
		"${tag_bytes[vlan0]}" "${address[app3]}" "${address[app1]}"
	for _ in $(seq 200); do
		[ "$(received app1)" -eq "$before" ] || return 1
		[ "$(guarded)" -eq 12 ] || return 0
		sleep 0.01
	done
	return 2
}

has_table() {
	flip_run nft list table bridge polgen >/dev/null 2>&1
}

guard() {
	flip_run nft -s list table bridge polgen
}

flip_up
for i in 1 2 3; do
	count_up app$i
	link=$(flip_run_in app$i ip -o link show eth0)
	index[app$i]=${link%%:*}
	mac[app$i]=$(grep -o 'ether [^ ]*' <<<"$link" | cut -d' ' -f2)
done
flip_run nft -f - <<-END
	table bridge other {
		set polgen { type ifname; elements = { "vethapp1" } }
		chain forward {
			type filter hook forward priority 0;
			iifname @polgen ether type 8021q counter
		}
	}
END
other=$(flip_run nft -s list table bridge other)

for flavour in legacy nft; do
	backend=iptables-$flavour
	tap_check "$flavour: apply" on apply
	tap_equal "$flavour: nothing was dropped" 0 "$(guarded)"
	tap_check "$flavour: untagged, to who lets it in" arrives app3 app1 none
	tap_check "$flavour: untagged, to who doesn't" lost app2 app1 none
	for tag in $tags; do
		tap_check "$flavour: $tag, to a closed endpoint" lost app2 app1 "$tag"
		tap_check "$flavour: $tag, from a closed endpoint" lost app3 app2 "$tag"
		tap_check "$flavour: $tag, between open sides" lost app1 app2 "$tag"
	done
	tap_equal "$flavour: all of them are counted" 12 "$(guarded)"
	tap_check "$flavour: sent to the bridge in another's name" unrouted

	guard >"$SANDBOX/guard"
	tap_equal "$flavour: finds nothing to change" "0 0 0" "$(changes)"
	tap_equal "$flavour: and counts on" 13 "$(guarded)"

	flip_run nft delete table bridge polgen
	tap_check "$flavour: without the guard it would be let through" arrives app2 app1 vlan0
	tap_equal "$flavour: apply adds what is missing" "13 0 0" "$(changes)"
	tap_equal "$flavour: wholly" "$(cat "$SANDBOX/guard")" "$(guard)"
	tap_check "$flavour: and so it drops" lost app2 app1 vlan0

	flip_run nft flush chain bridge polgen postrouting
	flip_run nft add element bridge polgen egress '{ "vethapp9" }'
	flip_run nft add chain bridge polgen mine
	flip_run nft add rule bridge polgen mine accept
	tap_equal "$flavour: what was changed by hand is seen" "2 0 3" "$(changes)"
	tap_equal "$flavour: wholly again" "$(cat "$SANDBOX/guard")" "$(guard)"

	tap_check "$flavour: clear" polgen clear
	tap_check "$flavour: leaves no guard" eval '! has_table'
	tap_equal "$flavour: and no other table is touched" "$other" \
		"$(flip_run nft -s list table bridge other)"
	tap_check "$flavour: all pass" arrives app2 app1 vlan0

	on render | sed -n 's/^#bridge //p' | flip_run nft -f -
	tap_equal "$flavour: nft makes the same of render" "$(sort "$SANDBOX/guard")" \
		"$(guard | sort)"
	tap_check "$flavour: apply" on apply
	flip_run nft delete table bridge polgen
	tap_check "$flavour: clear where it is gone already" polgen clear
done

# nftables has a guard of its own, in one transaction with its other table.
backend=nftables
tap_check "$backend: apply" on apply
tap_check "$backend: untagged, to who lets it in" arrives app3 app1 none
tap_check "$backend: untagged, to who doesn't" lost app2 app1 none
for tag in $tags; do
	tap_check "$backend: $tag, to a closed endpoint" lost app2 app1 "$tag"
	tap_check "$backend: $tag, from a closed endpoint" lost app3 app2 "$tag"
	tap_check "$backend: $tag, between open sides" lost app1 app2 "$tag"
done
tap_equal "$backend: all of them are counted" 12 "$(guarded)"
tap_check "$backend: sent to the bridge in another's name" unrouted
tap_check "$backend: clear" polgen clear
tap_check "$backend: all pass" arrives app2 app1 vlan0

tap_done
