#!/bin/bash
# map.sh and words.sh find what they are there for: the tree as it is passes, and each single offence fails with its own
# complaint.
set -euo pipefail
here="$(dirname "$(readlink -f "$0")")"
root="$here/../.."
folder="$(mktemp -d)"
trap 'rm -rf "$folder"' EXIT
failures=0

fresh() {
  rm -rf "$folder/tree"
  mkdir -p "$folder/tree"
  (cd "$root" && cp -r README.md CONTRIBUTING.md core config proto storage daemon ctl emulator cmake systemd tests tools docs "$folder/tree/")
}
expect() { # expect SCRIPT CODE WORDS
  local code=0 said
  said="$("$here/$1" "$folder/tree" 2>&1)" || code=$?
  if [ "$code" != "$2" ] || { [ -n "$3" ] && ! grep -qF "$3" <<<"$said"; }; then
    echo "map_test: wanted exit code $2 and \"$3\" of $1; got $code: $said" >&2
    failures=1
  fi
}

fresh
expect map.sh 0 ""
expect words.sh 0 ""
sed -i 's#^| `daemon/fronts/` .*##' "$folder/tree/docs/architecture.md"
expect map.sh 1 'not alike in tests/lint/rooms (<) and docs/architecture.md (>): < daemon/fronts:'
fresh
sed -i 's#^daemon/net: .*#daemon/net: core#' "$folder/tree/tests/lint/rooms"
expect map.sh 1 'not alike'
fresh
mv "$folder/tree/daemon/fronts" "$folder/tree/daemon/facades"
expect map.sh 1 'no such folder: daemon/fronts'
fresh
rm "$folder/tree/core/requeue.cpp"
expect map.sh 1 'core/requeue.{h,cpp}'
fresh
sed -i 's#^| what is sent again .*#| what is sent again | `core/resend.cpp` |#' "$folder/tree/docs/architecture.md"
expect map.sh 1 'no such file: core/resend.cpp'
fresh
echo '// It pokes the packer.' >>"$folder/tree/core/packer.cpp"
expect words.sh 1 'core/packer.cpp:'
fresh
echo 'Each job token is random.' >>"$folder/tree/docs/operations.md"
expect words.sh 1 'say "tag"'
fresh
echo '// As Gemini does.' >>"$folder/tree/daemon/stages/poll.cpp"
expect words.sh 1 "daemon/stages/poll.cpp"
fresh
echo 'const char* kAll = "SELECT mime_index FROM batch";' >>"$folder/tree/storage/sqlite/schema.cpp"
expect words.sh 1 "a vendor's word in a neutral room"
fresh
mkdir "$folder/tree/proto/acme"
printf '#pragma once\nstd::unique_ptr<core::Provider> make_acme();\n' >"$folder/tree/proto/acme/acme.h"
echo '// Acme names it otherwise.' >>"$folder/tree/core/packer.cpp"
expect words.sh 1 "a vendor's word in a neutral room"
fresh
sed -i '/^| replaced | by |/d' "$folder/tree/docs/architecture.md"
expect words.sh 2 'no table of replaced words'
exit "$failures"
