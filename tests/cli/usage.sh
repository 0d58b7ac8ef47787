#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# The command line: help, misspelt words, missing and bad options; exit codes and exact texts.
cd "${top_srcdir:-$(dirname "$0")/../..}" || exit 1
. tests/tap.sh

policy=examples/thesis/policy.json
endpoints=examples/flip/endpoints.json

# refused TEXT ARGUMENT...: wrong usage, said on stderr
refused() {
	local text=$1
	shift

	tap_run "polgen $*" 2 "" "polgen: error: $text" "$POLGEN" "$@"
}

run "$POLGEN" --help
tap_equal "--help is the result: on stdout, exit code 0" "0 " "$run_code $run_err"
help=$run_out
tap_run "'help' is --help" 0 "$help" "" "$POLGEN" help
tap_run "nothing at all is answered with the help, as an error" 2 "" "$help" "$POLGEN"
run "$POLGEN" --version
tap_equal "--version" "0 polgen" "$run_code ${run_out%% *}"
mapfile -t verbs < <(sed -n '/^Verbs:/,/^$/s/^  \([a-z]*\) .*/\1/p' <<<"$help")
for verb in "${verbs[@]}"; do
	run "$POLGEN" "$verb" --help
	tap_equal "$verb --help" "0 usage: polgen $verb " "$run_code ${run_out%%[[]*}$run_err"
done

note=$'\npolgen: note: \'polgen --help\' lists the verbs'
refused "unknown verb 'chek'; did you mean 'check'?$note" chek
refused "unknown verb 'frobnicate'$note" frobnicate
refused "unknown verb 'a\\x1b[31mb'$note" $'a\e[31mb'
refused "unknown verb 'aply'; did you mean 'apply'?$note" aply --backend=ebpf "$policy"
refused "unknown option '--jsn' of 'check'; did you mean '--json'?" check --jsn "$policy"
refused "unknown option '--to' of 'check'" check --to=x "$policy"
refused "unknown option '-x' of 'check'" check -x "$policy"
refused "unknown option '-x' of 'check'" check -xy "$policy"
refused "unknown option '-\\x01' of 'check'" check $'-\1' "$policy"
refused "option '--json' takes no value" check --json=yes "$policy"
refused "option '--backend' needs a value" render --backend
refused "bad value 'ipfw' of '--backend': expected iptables (flavour by probing), iptables-legacy, iptables-nft, nftables or ebpf" \
	render --backend=ipfw
refused "bad value 'flat' of '--layout': expected linear|tree|set" render --layout=flat
for backend in ebpf nftables; do
	refused "'--layout' is of iptables' rules, and needs --backend=iptables, iptables-legacy or iptables-nft" \
		render --backend=$backend --layout=tree
done
refused "bad value 'l7' of '--l7': expected l4-only" render --l7=l7
refused "bad value 'drop' of '--on-revoke': expected cut|keep" apply --on-revoke=drop
refused "unknown option '--on-revoke' of 'clear'" clear --on-revoke=cut
refused "bad value ':x' of '--header': expected a header of an HTTP request (repeatable)" \
	explain --header=:x
refused "bad value '65536' of '--dport': expected destination port, 0..65535; for ICMP the message type" \
	explain --dport=65536
refused "bad value '-1' of '--dport': expected destination port, 0..65535; for ICMP the message type" \
	explain --dport=-1
refused "bad value ' 80' of '--dport': expected destination port, 0..65535; for ICMP the message type" \
	explain --dport=' 80'
refused "bad value 'gre' of '--proto': expected tcp|udp|sctp|icmp|icmpv6" explain --proto=gre
refused "bad value '' of '--endpoints': expected where endpoints come from: docker, a JSON file, or - for standard input" \
	explain --endpoints=

refused "'check' needs a policy file" check
refused "'render' needs --backend=iptables, --backend=nftables or --backend=ebpf" render "$policy"
refused "'render' needs a policy file" render --backend=ebpf
refused "'apply' needs --endpoints=docker or --endpoints=FILE" apply --backend=ebpf "$policy"
refused "'status' takes no files" status "$policy"
refused "'clear' takes no files" clear "$policy"
refused "'explain' needs --endpoints, --from and --to" explain "$policy"
refused "'explain' needs --dport, but for icmp" \
	explain --endpoints="$endpoints" --from=app1 --to=app2 "$policy"
refused "'endpoints' needs --endpoints=docker or --endpoints=FILE" endpoints

tap_run "an endpoint that isn't there" 3 "" \
	"polgen: error: --to: no endpoint 'ap1'; did you mean 'app1'?" \
	"$POLGEN" explain --endpoints="$endpoints" --from=app2 --to=ap1 --dport=80 "$policy"
# An endpoints file is another's work as often as not.
odd=$(mktemp)
trap 'rm -f "$odd"' EXIT
jq '.endpoints[0].name = "a\u001b[31m\nb" | .endpoints[0].interface = "v\u001b[31m"' "$endpoints" >"$odd"
run "$POLGEN" explain --endpoints="$odd" --from=app2 --to=$'a\e[31m\nb' --dport=80 \
	examples/webshop/policy.json
tap_equal "a name with control characters, in what a flow comes to" \
	"app2 -> a\\x1b[31m\\nb tcp/80" "${run_out%%: *}"
tap_equal "and in the verdict of its own side" "" "$(tr -d '\n' <<<"$run_out" | tr -cd '[:cntrl:]')"
run "$POLGEN" explain --endpoints="$odd" --from=app2 --to=$'a\e[31m\nc' --dport=80 "$policy"
tap_equal "and where it is proposed" \
	"polgen: error: --to: no endpoint 'a\\x1b[31m\\nc'; did you mean 'a\\x1b[31m\\nb'?" "$run_err"
run "$POLGEN" endpoints --endpoints="$odd"
tap_equal "and in the list of endpoints, as its interface's" "v\\x1b[31m" \
	"$(awk '$3 == "10.0.192.2" { print $4 }' <<<"$run_out")"
tap_run "an address that is none" 3 "" "polgen: error: --to: '10.0.0.256' is no address" \
	"$POLGEN" explain --endpoints="$endpoints" --from=app2 --to=ip:10.0.0.256 --dport=80 "$policy"
tap_run "a file that isn't there" 3 "" \
	"polgen: error: cannot read '/nonexistent/policy.json': no such file or directory" \
	"$POLGEN" check /nonexistent/policy.json
tap_run "a folder is no endpoints file" 3 "" "polgen: error: cannot read '/': is a directory" \
	"$POLGEN" endpoints --endpoints=/
tap_run "errors of all files are reported" 3 "" \
	"polgen: error: cannot read '/nonexistent/a': no such file or directory
polgen: error: cannot read '/nonexistent/b': no such file or directory
polgen: 2 errors" "$POLGEN" check /nonexistent/a "$policy" /nonexistent/b
tap_run "a network namespace that isn't there" 4 "" \
	"polgen: error: cannot enter network namespace 'nosuch': no such file or directory" \
	"$POLGEN" endpoints --netns=nosuch --endpoints="$endpoints"

# The main job needs no verb.
render=(--backend=ebpf --l7=l4-only --endpoints="$endpoints" "$policy")
run "$POLGEN" render "${render[@]}"
tap_equal "render" 0 "$run_code"
tap_run "without a verb: render" 0 "$run_out" "$run_err" "$POLGEN" "${render[@]}"
tap_run "without a verb, and the policy first: render" 0 "$run_out" "$run_err" \
	"$POLGEN" "$policy" --backend=ebpf --l7=l4-only --endpoints="$endpoints"

# What is opened next gets the number of a stream that is closed: here a file to read, in which
# messages to stderr got lost or worse.
closed() {
	"$POLGEN" check "$policy" >&-
}
tap_run "a closed stdout" 4 "" "polgen: error: cannot write the result: bad file descriptor" closed
closed() {
	"$POLGEN" check - <&-
}
tap_run "a closed stdin" 3 "" "polgen: error: cannot read 'standard input': bad file descriptor" closed
if [ -e /dev/full ]; then
	render_full() {
		"$POLGEN" render "${render[@]}" 2>/dev/null >/dev/full
	}
	run render_full
	tap_equal "a result that can't be written is an error" 4 "$run_code"
fi
tap_done
