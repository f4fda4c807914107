#!/bin/bash
# gemini-emulator's commands that don't serve: --list-faults, --check-faults, audit. Every example file must be valid and
# every fault in the manual. Usage: cli_test.sh EMULATOR SOURCE_DIR
set -euo pipefail
emulator=$1
source=$2
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
failed=0

# Runs a command and checks its exit code and a part of its output.
expect() {
  local code=$1 words=$2 got=0
  shift 2
  "$@" >out 2>&1 || got=$?
  if [ "$got" != "$code" ] || ! grep -qF -- "$words" out; then
    echo "FAILED: $*: exit code $got, not $code; or it doesn't say \"$words\":"
    cat out
    failed=1
  fi
}

expect 0 'lost-answers.json: 9 rules' "$emulator" --check-faults "$source"/docs/examples/faults/*.json
expect 0 'refusals.json: 0 rules, 4 refusals' "$emulator" --check-faults "$source/docs/examples/faults/refusals.json"
for file in "$source"/docs/examples/faults/*.json; do
  grep -q "\`$(basename "$file")\`" "$source/docs/examples/faults/README.md" || { echo "not in the README: $file"; failed=1; }
done
echo '{"rules":[{"on":"create","do":"nothing"}]}' >bad.json
expect 1 'rule 1: "do" of a call must be one of: status' "$emulator" --check-faults bad.json
expect 1 "can't read the fault file nowhere.json" "$emulator" --check-faults nowhere.json
expect 0 $'line\tgarbage\t{"on":"line","do":"garbage"}' "$emulator" --list-faults
for name in $("$emulator" --list-faults | cut -f 2 | sort -u); do
  grep -q "\`$name\`" "$source/docs/emulator.md" || { echo "not in docs/emulator.md: $name"; failed=1; }
done

digest=$(printf a | sha256sum | cut -d ' ' -f 1)
echo "$digest" >expected
cat >ledger <<END
{"event":"job","job":"j","token":"t","file":"files/in","model":"m","lines":1}
{"event":"line","job":"j","key":"k","prompt_sha256":"$digest","billed":"billed","delivered":"response"}
{"event":"end","job":"j","state":"BATCH_STATE_SUCCEEDED"}
END
expect 1 'orphan: j (t) never downloaded' "$emulator" audit ledger expected
expect 1 '"clean":false' "$emulator" audit --json ledger expected
echo '{"event":"download","file":"files/batch-j","bytes":1}' >>ledger
expect 0 'clean' "$emulator" audit ledger expected
expect 0 '"clean":true' "$emulator" audit --json ledger expected
expect 64 'EXPECTED is required' "$emulator" audit ledger
expect 64 '--nonsense' "$emulator" audit ledger expected --nonsense
expect 66 "can't read nowhere" "$emulator" audit nowhere expected
expect 66 'expected, line 2' bash -c "echo x >>expected; '$emulator' audit ledger expected"
expect 0 'Exit codes' "$emulator" audit --help
exit $failed
