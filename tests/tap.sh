#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Test Anything Protocol for scripts: sourced, not run. Each function that tests prints one line;
# tap_done prints the plan. A failed test shows what it got as comments, so that a log is enough.
# shellcheck disable=SC2034 # what run leaves is for whoever sourced this

# make sets it; by hand, the usual places are looked at.
if [ -z "${POLGEN:-}" ]; then
	for POLGEN in "$PWD/polgen" "$PWD/build/polgen"; do
		[ ! -x "$POLGEN" ] || break
	done
fi
export POLGEN

tap_count=0
tap_failed=0

tap_comment() {
	sed 's/^/# /'
}

tap_ok() {
	tap_count=$((tap_count + 1))
	echo "ok $tap_count - $1"
}

# tap_not_ok NAME: what is on stdin is the reason.
tap_not_ok() {
	tap_count=$((tap_count + 1))
	tap_failed=$((tap_failed + 1))
	echo "not ok $tap_count - $1"
	tap_comment
}

tap_skip() {
	tap_count=$((tap_count + 1))
	echo "ok $tap_count - $1 # SKIP $2"
}

tap_skip_all() {
	echo "1..0 # SKIP $1"
	exit 0
}

# tap_sandbox "$0" "$@": the rest of the script runs in a sandbox of its own (scripts/sandbox), also
# within that of ./check, so that tests that run at once can use the same names. Call it from the top
# of the tree, before anything is printed. The script's name may be relative to where it was called
# from; bash has the script itself open.
tap_sandbox() {
	local script

	[ "$(id -u)" -eq 0 ] || tap_skip_all "not root"
	[ "${TAP_SANDBOX:-}" != "$1" ] || return 0
	script=$(readlink "/proc/$$/fd/255")
	shift
	TAP_SANDBOX=$script exec scripts/sandbox "$script" "$@"
}

tap_done() {
	echo "1..$tap_count"
	[ "$tap_failed" -eq 0 ]
	exit
}

# tap_check NAME COMMAND...: passes if the command does; its output is the reason otherwise.
tap_check() {
	local name=$1 output
	shift

	if output=$("$@" 2>&1); then
		tap_ok "$name"
	else
		tap_not_ok "$name" <<<"$output"
	fi
}

# tap_empty NAME COMMAND...: passes if the command succeeds and prints nothing.
tap_empty() {
	local name=$1 output status
	shift

	output=$("$@" 2>&1)
	status=$?
	if [ "$status" -eq 0 ] && [ -z "$output" ]; then
		tap_ok "$name"
	else
		tap_not_ok "$name" <<<"${output:-exit code $status}"
	fi
}

# tap_equal NAME EXPECTED ACTUAL
tap_equal() {
	if [ "$2" = "$3" ]; then
		tap_ok "$1"
	else
		tap_not_ok "$1" < <(diff -u --label expected --label got <(printf '%s\n' "$2") \
			<(printf '%s\n' "$3"))
	fi
}

# run COMMAND...: leaves $run_out, $run_err (text) and $run_code.
run() {
	local out err

	out=$(mktemp) err=$(mktemp)
	"$@" >"$out" 2>"$err"
	run_code=$?
	run_out=$(cat "$out") run_err=$(cat "$err")
	rm -f "$out" "$err"
}

# tap_run NAME CODE STDOUT STDERR COMMAND...: exit code and both texts are exactly these.
tap_run() {
	local name=$1 code=$2 out=$3 err=$4
	shift 4

	run "$@"
	tap_equal "$name" "exit code $code
stdout: $out
stderr: $err" "exit code $run_code
stdout: $run_out
stderr: $run_err"
}
