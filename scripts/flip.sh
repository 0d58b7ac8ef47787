#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Flip, the container host of the demonstration and of tests: sourced, not run, and only inside
# scripts/sandbox, which takes all of it down. Flip is a network namespace with the bridge flip0
# (10.0.192.1/24) and three containers app1, app2, app3 at .2, .3 and .4, labelled id=app1 ...

# Runs a command on Flip. (`ip netns exec` would hide the mounts of bpffs and of control groups.)
flip_run() {
	nsenter --net=/run/netns/flip "$@"
}

# Runs a command in one of the containers' network namespaces.
flip_run_in() {
	local name=$1
	shift

	nsenter --net="/run/netns/$name" "$@"
}

# sysctl writes, without the program of that name.
flip_sysctl() {
	flip_run sh -c "echo $2 >/proc/sys/$1"
}

# Packets between two ports of one bridge pass iptables only through br_netfilter.
flip_bridge_filter() {
	[ -e /proc/sys/net/bridge ] || modprobe br_netfilter
	flip_sysctl net/bridge/bridge-nf-call-iptables 1
}

flip_bpffs() {
	mount -t bpf bpf /sys/fs/bpf
}

flip_add_container() {
	local name=$1 address=$2

	ip netns add "$name"
	flip_run ip link add "veth$name" type veth peer name eth0 netns "$name"
	flip_run ip link set "veth$name" master flip0 up
	flip_run_in "$name" ip address add "$address/24" dev eth0
	flip_run_in "$name" ip link set lo up
	flip_run_in "$name" ip link set eth0 up
	flip_run_in "$name" ip route add default via 10.0.192.1
}

# Flip with namespaces as containers. examples/flip/endpoints.json describes it.
flip_up() {
	ip netns add flip
	flip_run ip link set lo up
	flip_run ip link add flip0 type bridge
	flip_run ip address add 10.0.192.1/24 dev flip0
	flip_run ip link set flip0 up
	flip_sysctl net/ipv4/ip_forward 1
	flip_bridge_filter
	flip_bpffs
	flip_add_container app1 10.0.192.2
	flip_add_container app2 10.0.192.3
	flip_add_container app3 10.0.192.4
}
