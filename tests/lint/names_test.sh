#!/bin/bash
# names.sh finds omissions: the tree as it is passes, and each single omission fails with its own complaint.
set -euo pipefail
here="$(dirname "$(readlink -f "$0")")"
root="$here/../.."
folder="$(mktemp -d)"
trap 'rm -rf "$folder"' EXIT
failures=0

fresh() {
  rm -rf "$folder/tree"
  mkdir -p "$folder/tree/docs"
  cp -r "$root/daemon" "$root/proto" "$folder/tree/"
  cp "$root/docs/operations.md" "$root/docs/openapi.json" "$folder/tree/docs/"
}
expect() { # expect CODE WORDS
  local code=0 said
  said="$("$here/names.sh" "$folder/tree" 2>&1)" || code=$?
  if [ "$code" != "$1" ] || ! grep -qF "$2" <<<"$said"; then
    echo "names_test: wanted exit code $1 and \"$2\"; got $code: $said" >&2
    failures=1
  fi
}
forgets() { # forgets FILE NAME COMPLAINT: without this name in this document
  fresh
  sed -i "s/\([\`\"]\)$2\([\`\"]\)/\1x$2\2/g" "$folder/tree/$1"
  expect 1 "$3"
}
gains() { # gains LINE COMPLAINT: one line more in the daemon's source
  fresh
  printf '%s\n' "$1" >>"$folder/tree/daemon/api/routes.cpp"
  expect 1 "$2"
}

fresh
expect 0 ""
forgets docs/operations.md batchd_waiters 'metric batchd_waiters is not in docs/operations.md'
forgets docs/operations.md account_paused 'log event account_paused is not in docs/operations.md'
forgets docs/operations.md stop_incomplete 'log event stop_incomplete is not in docs/operations.md'
forgets docs/operations.md cursor_gone 'problem cursor_gone is not in docs/operations.md'
forgets docs/openapi.json queue_full 'problem queue_full is not in docs/openapi.json'
gains 'void f() { log_event(LogLevel::info, "something_new", {{"a", 1}}); }' 'log event something_new'
gains 'void f() { make_problem(418, "teapot", "x"); }' 'problem teapot is not in docs/operations.md'
gains 'void f() { make_problem(418, "teapot", "x"); }' 'problem teapot is not in docs/openapi.json'
exit "$failures"
