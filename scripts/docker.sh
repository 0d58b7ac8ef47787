#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# A real Docker Engine inside a network namespace, for the demonstration and for tests: sourced, not
# run, and only inside scripts/sandbox, which takes all of it down however it ends. Two Engines in
# two namespaces are two container hosts.
#
#	docker_missing && docker_up flip 10.0.192.1/24 && docker_image box &&
#		docker run -d --name app1 box sleep 1000
#
# What dockerd needs, and why it is started like this:
# * The machine's mounts of control groups. `ip netns exec` mounts a new /sys over them, so that
#   dockerd says "Devices cgroup isn't mounted" and ends; `nsenter --net` leaves them.
# * A process namespace to itself: containers outlive a dockerd that is killed, since each has a
#   containerd-shim. Killing the namespace's first process takes all of them along.
# * No /run/containerd/containerd.sock, which it would use; then it starts a containerd of its own
#   under --exec-root. The sandbox's empty /run sees to that.
# * Its own folders and configuration: /etc/docker/daemon.json of the machine may contradict the
#   options here, and dockerd refuses an option that is given in both places.
# * A data root on a file system that overlay2 can lie upon, which overlay itself isn't. Where there
#   is none, dockerd falls back to vfs, which is slow but does.
# * Iptables in the namespace, of either kind: it calls the program `iptables` of the path.
# * No modprobe: it warns that br_netfilter and others can't be loaded, and goes on when they are
#   built in or loaded already.
# * Control groups made directly, since the systemd that the other driver asks is behind /run; and
#   beside those of the machine's own Docker: --cgroup-parent gives them the sandbox's name, by which
#   scripts/sandbox finds and removes them.

# Says why no Engine can be run here; succeeds and says nothing if one can.
docker_missing() {
	local program

	for program in dockerd containerd runc docker; do
		if ! command -v "$program" >/dev/null; then
			echo "no $program here"
			return 1
		fi
	done
	if [ "$(id -u)" -ne 0 ]; then
		echo "not root"
		return 1
	fi
	if ! grep -qE ' cgroup2? ' /proc/mounts; then
		echo "no control groups are mounted"
		return 1
	fi
}

# The folder of the Engine in use.
docker_dir=

# docker_use NETNS: the functions below, and the program docker, speak to the Engine of this namespace.
docker_use() {
	docker_dir=$SANDBOX/docker-$1
	mkdir -p "$docker_dir/config"
	unset DOCKER_CONTEXT DOCKER_TLS_VERIFY DOCKER_API_VERSION
	export DOCKER_HOST=unix://$docker_dir/docker.sock DOCKER_CONFIG=$docker_dir/config
}

docker_answers() {
	[ -S "$docker_dir/docker.sock" ] && docker version >/dev/null 2>&1
}

# docker_wait PID: there is no event to wait for, the socket is there long before it is answered on.
docker_wait() {
	local tries

	for ((tries = 0; tries < 300; tries++)); do
		! docker_answers || return 0
		kill -0 "$1" 2>/dev/null || break
		sleep 0.1
	done
	echo "dockerd does not come up:" >&2
	tail -n 20 "$docker_dir/log" >&2
	return 1
}

# docker_up NETNS BRIDGE_ADDRESS [OPTION...]: starts dockerd in /run/netns/NETNS, with the bridge
# docker0 at that address (10.0.192.1/24), and uses it. Not for a subshell: it sets variables.
docker_up() {
	local netns=$1 bip=$2
	shift 2

	docker_use "$netns"
	echo '{}' >"$docker_dir/daemon.json"
	nsenter --net="/run/netns/$netns" dockerd --config-file "$docker_dir/daemon.json" \
		--data-root "$docker_dir/data" --exec-root "$docker_dir/exec" \
		--pidfile "$docker_dir/pid" --host "$DOCKER_HOST" --bip "$bip" \
		--exec-opt native.cgroupdriver=cgroupfs --cgroup-parent "/${SANDBOX##*/}" "$@" \
		>"$docker_dir/log" 2>&1 &
	docker_wait $!
}

# docker_image NAME [FOLDER]: makes an image of busybox with all its commands, and of what is in the
# folder. Nothing is pulled.
docker_image() {
	local name=$1 folder=${2:-} root=$docker_dir/root-$1

	mkdir -p "$root/bin" "$root/etc" "$root/tmp"
	cp "$(command -v busybox)" "$root/bin/busybox"
	busybox --list | while IFS= read -r command; do
		[ "$command" = busybox ] || ln -s busybox "$root/bin/$command"
	done
	[ -z "$folder" ] || cp -a "$folder/." "$root/"
	tar -C "$root" -cf - . | docker import - "$name" >/dev/null
	rm -rf "$root"
}

# Ends all containers and the Engine in use. Not needed at the sandbox's end, which is quicker.
docker_down() {
	local pid

	pid=$(cat "$docker_dir/pid")
	docker ps -q | xargs -r docker kill >/dev/null
	kill "$pid"
	wait "$pid"
}
