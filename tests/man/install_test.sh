#!/bin/bash
# Checks which files `cmake --install BUILD` installs where. Usage: install_test.sh BUILD
set -euo pipefail
prefix=$(mktemp -d)
trap 'rm -rf "$prefix"' EXIT
cmake --install "$1" --prefix "$prefix" >/dev/null
bad=0
expect() {
  [ -e "$prefix/$1" ] || { echo "not installed: $1" >&2; bad=1; }
}
for file in bin/batchd bin/batchctl share/man/man8/batchd.8 share/man/man1/batchctl.1 share/man/man5/batchd.toml.5 \
  share/bash-completion/completions/batchctl share/doc/batchd/batchd.toml; do
  expect "$file"
done
"$prefix/bin/batchd" --version >/dev/null && "$prefix/bin/batchctl" --version >/dev/null || bad=1
# The completion asks the program that it completes.
words=$(PATH="$prefix/bin:$PATH" bash -c 'source "$1/share/bash-completion/completions/batchctl"
  COMP_WORDS=(batchctl canc) COMP_CWORD=1; _batchctl; echo "${COMPREPLY[*]}"' - "$prefix")
[ "$words" = cancel ] || { echo "completion of \"canc\": \"$words\"" >&2; bad=1; }
exit $bad
