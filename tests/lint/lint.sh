#!/bin/bash
# The fences of the house (docs/architecture.md): who may include whom (the table in tests/lint/rooms), who may use which
# package, no circle between rooms or files, no cast to a type of another alignment, no file that has outgrown its room.
# Usage: lint.sh [ROOT]. Prints FILE:LINE: complaint; exit code 1 if there is any.
set -euo pipefail
cd "${1:-$(dirname "$0")/../..}"
shopt -s globstar nullglob
table=tests/lint/rooms

files=({core,proto,storage,config,daemon,ctl,emulator,cmake}/**/*.{h,cpp})
[ ${#files[@]} -gt 0 ] || { echo "lint: no source files in $PWD" >&2; exit 2; }

awk '
# The room a file of ours lies in: its folder.
function room(path) {
  sub("/[^/]*$", "", path)
  return path
}
function complain(what) { print FILENAME ":" FNR ": " what; bad = 1 }
# Is `name` one of the blank-separated words?
function listed(name, words) { return index(" " words " ", " " name " ") > 0 }
# A fence: headers that match the pattern are only for these files (a pattern too).
function fence(pattern, allowed, name) { ++fences; header[fences] = pattern; gate[fences] = allowed; label[fences] = name }

BEGIN {
  fence("^boost/asio/ssl|^openssl/(ssl|x509|err)", "^(daemon/provider/https_.*|cmake/net[.]cpp)$", "TLS")
  fence("^boost/(asio|beast)", "^(daemon|ctl|emulator)/|^cmake/net[.]cpp$", "Asio and Beast")
  fence("^spdlog/", "^daemon/", "spdlog")
  fence("^prometheus/", "^daemon/engine/metrics", "prometheus-cpp")
  fence("^systemd/", "^daemon/host/", "libsystemd")
  fence("^sqlite3", "^storage/sqlite/", "SQLite")
  fence("^xxhash", "^storage/sqlite/", "xxHash")
  fence("^boost/json", "^proto/json/", "Boost.JSON")
  fence("^openssl/(evp|sha|md5|digest)", "^proto/json/", "OpenSSL digests")
  fence("^rapidjson/", "^(proto|ctl|emulator)/", "RapidJSON")
  fence("^toml[+][+]/", "^config/", "toml++")
  fence("^CLI/", "^(daemon/run[.]cpp$|(ctl|emulator)/main[.]cpp$|ctl/cli/)", "CLI11")
  fence("^boost/(assert|system)/", "^(core|daemon|ctl|emulator|proto/json|cmake)/", "Boost.System")
  fence("^boost/", "^(daemon|ctl|emulator|proto/json|cmake)/", "Boost")
  fence("^(gtest|gmock|rapidcheck|benchmark)", "^$", "test packages")
}

# The table of rooms comes first.
FILENAME == table {
  if ($0 ~ /^(#|$)/) next
  name = $1
  sub(/:$/, "", name)
  words = $0
  sub(/^[^:]*: */, "", words)
  if (name in may) complain("a room twice: " name)
  for (i = split(words, list, " "); i > 0; --i)
    if (!(list[i] in may)) complain(name " may include " list[i] ", which is no room above it: a circle, or a typing error")
  may[name] = words
  at[name] = FNR
  next
}
FNR == 1 && !(room(FILENAME) in may) { complain("not in the table of rooms: " room(FILENAME)) }
FNR == 1 { end_file(); excused = 0; pragma = 0; current = FILENAME; all[FILENAME] = 1 }
function end_file() {
  if (current == "") return
  if (lines > 300 && !excused) { print current ":" lines ": longer than 300 lines, without saying why"; bad = 1 }
  if (current ~ /[.]h$/ && !pragma) { print current ":1: a header without #pragma once"; bad = 1 }
}
{ lines = FNR }
FNR <= 15 && /Longer than 300 lines because/ { excused = 1 }
/^#pragma once/ { pragma = 1 }
/reinterpret_cast/ {
  rest = $0
  gsub(/reinterpret_cast<(const )?sockaddr[*]>/, "", rest)
  if (rest ~ /reinterpret_cast/) complain("only a sockaddr is cast so: nothing watches the alignment; take memcpy, or std::bit_cast")
}

/^[ \t]*#[ \t]*include/ {
  target = $0
  sub(/^[^"<]*["<]/, "", target)
  sub(/[">].*$/, "", target)
  if ($0 ~ /"/) {
    if (target !~ /\//) { complain("includes are relative to the root: \"" target "\""); next }
    to = room(target)
    if (!(to in may)) complain("no room of the house: \"" target "\"")
    else if (to != room(FILENAME) && !listed(to, may[room(FILENAME)]))
      complain(room(FILENAME) " must not include " to ": \"" target "\"")
    used[room(FILENAME), to] = 1
    edge[FILENAME] = edge[FILENAME] " " target
  } else {
    for (i = 1; i <= fences; ++i)
      if (target ~ header[i]) {
        if (FILENAME !~ gate[i]) complain(label[i] " is fenced off here: <" target ">")
        break  # the first fence that knows a header decides
      }
  }
}

# Depth first; a file that is met again on its own path closes a cycle.
function walk(file, path,    list, count, i) {
  if (mark[file] == 2) return
  if (mark[file] == 1) { print file ":1: include cycle:" path " " file; bad = 1; return }
  mark[file] = 1
  count = split(edge[file], list, " ")
  for (i = 1; i <= count; ++i) walk(list[i], path " " file)
  mark[file] = 2
}
END {
  end_file()
  for (name in may)
    for (i = split(may[name], list, " "); i > 0; --i)
      if (!((name, list[i]) in used)) { print table ":" at[name] ": " name " includes nothing of " list[i] " any more"; bad = 1 }
  for (file in all) walk(file, "")
  exit bad
}
' table="$table" "$table" "${files[@]}"
