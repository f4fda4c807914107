#!/bin/bash
# docs/architecture.md is a map of this tree: its table of rooms is tests/lint/rooms, each room is a folder with a library,
# and every file and folder that a document or a comment names is there. Usage: map.sh [ROOT]. Prints what is wrong; exit
# code 1 if anything is.
set -euo pipefail
cd "${1:-$(dirname "$0")/../..}"
bad=0
complain() { echo "map: $1" && bad=1; }

rooms() { grep -vE '^(#|$)' tests/lint/rooms | sed -e 's/: */:/' -e 's/ *$//' | sort; }
# "| `core/` | what lives there | a, b |" -> "core:a b"; "-" is nobody.
shown() {
  sed -nE 's#^\| `([a-z0-9/_]+)/` \| [^|]* \| ([^|]*) \|$#\1:\2#p' docs/architecture.md | sed -e 's/:-$/:/' -e 's/,//g' | sort
}
while read -r line; do complain "not alike in tests/lint/rooms (<) and docs/architecture.md (>): $line"; done < <(
  diff <(rooms | grep -v '^cmake:') <(shown) | grep '^[<>]')
while IFS=: read -r room _; do
  [ -d "$room" ] || complain "no such folder: $room"
  [ -f "$room/CMakeLists.txt" ] || [ "$room" = cmake ] || complain "a room without a library of its own: $room"
  grep -qF "$(basename "$room")" <(sed -n '/^## The house/,/^A \*\*room/p' docs/architecture.md) ||
    case "$room" in ctl/* | emulator/* | ctl | emulator | cmake) ;; *) complain "not in the diagram of docs/architecture.md: $room" ;; esac
done < <(rooms)

# Paths that begin with a folder of ours and end in a known way, `x.{h,cpp}` included.
paths() {
  grep -rhoE '(^|[^A-Za-z0-9_./-])(core|config|proto|storage|daemon|ctl|emulator|cmake|systemd|tests|tools|docs)/[A-Za-z0-9_/.-]*[A-Za-z0-9_](\.\{h,cpp\})?(/`)?' \
    README.md CONTRIBUTING.md docs/*.md core config proto storage daemon ctl emulator tests --include=*.md --include=*.h --include=*.cpp \
    --include=*.sh --include=CMakeLists.txt --exclude=lint_test.sh --exclude=map.sh --exclude=map_test.sh | sed -E -e 's#^[^a-z]##' -e 's#/`$##' | sort -u
}
while read -r path; do
  case "$path" in
    systemd/sd-*.h) ;; # libsystemd's
    *.{h,cpp}) [ -f "${path%.*}.h" ] && [ -f "${path%.*}.cpp" ] || complain "no such files: $path" ;;
    *.h | *.cpp | *.sh | *.md | *.cmake | *.json | *.toml | *.in | *.mjs) [ -e "$path" ] || complain "no such file: $path" ;;
  esac
done < <(paths)
exit $bad
