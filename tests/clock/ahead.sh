#!/bin/bash
# Runs a command with a wall clock that is so many days ahead; time passes as always. For what believes today's date:
# tests/clock/ahead.sh 365 tools/check release
# Usage: ahead.sh DAYS COMMAND...
set -euo pipefail
here="$(dirname "$(readlink -f "$0")")"
days="${1:?usage: ahead.sh DAYS COMMAND...}"
shift
folder="$(mktemp -d)"
trap 'rm -rf "$folder"' EXIT
g++ -std=c++20 -O1 -shared -fPIC -o "$folder/ahead.so" "$here/ahead.cpp" -ldl
chmod 755 "$folder" "$folder/ahead.so" # other users' programs are in it, too
export BATCHD_CLOCK_AHEAD=$((days * 86400))
LD_PRELOAD="$folder/ahead.so" "$@"
