#!/bin/bash
# The lint finds what it is there for: a tree that is fine passes, and each single offence fails with its own complaint.
set -euo pipefail
lint="$(dirname "$(readlink -f "$0")")/lint.sh"
folder="$(mktemp -d)"
trap 'rm -rf "$folder"' EXIT
failures=0

fresh() {
  rm -rf "$folder/tree"
  mkdir -p "$folder"/tree/{core,proto/{json,gemini},storage/sqlite,config,daemon/provider,ctl/cli,emulator/server,cmake,tests/lint}
  cd "$folder/tree"
  cat >tests/lint/rooms <<'TABLE'
# a table
core:
config:
proto/json:
proto/gemini: core proto/json
storage: core
storage/sqlite: core storage
daemon/provider: storage
daemon: daemon/provider
ctl/cli:
ctl: config ctl/cli
emulator/server:
TABLE
  printf '#pragma once\n#include <string>\n#include <boost/system/result.hpp>\n' >core/ids.h
  printf '#pragma once\n#include <boost/json/basic_parser.hpp>\n' >proto/json/validator.h
  printf '#include "core/ids.h"\n#include "proto/json/validator.h"\n#include <rapidjson/reader.h>\n' >proto/gemini/gemini.cpp
  printf '#pragma once\n#include "core/ids.h"\n' >storage/store_thread.h
  printf '#include "core/ids.h"\n#include "storage/store_thread.h"\n#include <sqlite3.h>\n' >storage/sqlite/store.cpp
  printf '#pragma once\n#include <boost/asio/ssl.hpp>\n#include "storage/store_thread.h"\n' >daemon/provider/https_client.h
  printf '#include "daemon/provider/https_client.h"\n' >daemon/daemon.cpp
  printf '#pragma once\n#include <CLI/CLI.hpp>\n' >ctl/cli/menu.h
  printf '#include <CLI/CLI.hpp>\n#include "config/config.h"\n#include "ctl/cli/menu.h"\n' >ctl/main.cpp
  printf '#pragma once\n' >config/config.h
}

expect() { # expect CODE WORDS: the lint's exit code, and what it must have said
  local code=0 said
  said="$("$lint" "$folder/tree" 2>&1)" || code=$?
  if [ "$code" != "$1" ] || { [ -n "$2" ] && ! grep -qF "$2" <<<"$said"; }; then
    echo "lint_test: wanted exit code $1 and \"$2\"; got $code: $said" >&2
    failures=1
  fi
}

refuses() { # refuses FILE LINE WORDS: one line more, and the lint complains
  fresh
  printf '%s\n' "$2" >>"$1"
  expect 1 "$3"
}

fresh
expect 0 ""
refuses core/ids.h '#include "storage/store_thread.h"' 'core must not include storage'
refuses storage/store_thread.h '#include "proto/json/validator.h"' 'storage must not include proto/json'
refuses storage/store_thread.h '#include "storage/sqlite/store.h"' 'storage must not include storage/sqlite'
refuses daemon/provider/https_client.h '#include "daemon/daemon.h"' 'daemon/provider must not include daemon'
refuses ctl/cli/menu.h '#include "config/config.h"' 'ctl/cli must not include config'
refuses proto/json/validator.h '#include "core/ids.h"' 'proto/json must not include core'
refuses emulator/server/http.cpp '#include "core/ids.h"' 'emulator/server must not include core'
refuses ctl/main.cpp '#include "storage/store_thread.h"' 'ctl must not include storage'
refuses ctl/main.cpp '#include "daemon/daemon.h"' 'ctl must not include daemon'
refuses ctl/main.cpp '#include "tests/ctl/fake_server.h"' 'no room of the house'
refuses core/ids.h '#include "error.h"' 'relative to the root'
refuses core/ids.h '#include <boost/asio.hpp>' 'Asio and Beast is fenced off'
refuses core/ids.h '#include <boost/container/small_vector.hpp>' 'Boost is fenced off'
refuses storage/sqlite/store.cpp '#include <boost/beast/http.hpp>' 'Asio and Beast is fenced off'
refuses daemon/daemon.cpp '#include <boost/asio/ssl/stream.hpp>' 'TLS is fenced off'
refuses ctl/main.cpp '#include <openssl/ssl.h>' 'TLS is fenced off'
refuses storage/sqlite/store.cpp '#include <openssl/evp.h>' 'OpenSSL digests is fenced off'
refuses ctl/main.cpp '#include <boost/json.hpp>' 'Boost.JSON is fenced off'
refuses ctl/main.cpp '#include <spdlog/spdlog.h>' 'spdlog is fenced off'
refuses ctl/main.cpp '#include <systemd/sd-daemon.h>' 'libsystemd is fenced off'
refuses ctl/main.cpp '#include <prometheus/counter.h>' 'prometheus-cpp is fenced off'
refuses daemon/daemon.cpp '#include <sqlite3.h>' 'SQLite is fenced off'
refuses daemon/daemon.cpp '#  include <xxhash.h>' 'xxHash is fenced off'
refuses storage/sqlite/store.cpp '#include <rapidjson/document.h>' 'RapidJSON is fenced off'
refuses daemon/daemon.cpp '#include <toml++/toml.h>' 'toml++ is fenced off'
refuses config/options.cpp '#include <CLI/CLI.hpp>' 'CLI11 is fenced off'
refuses core/ids.h '#include <gtest/gtest.h>' 'test packages is fenced off'

# The table itself: a rule taken away, a rule that nothing needs, a circle, a folder that isn't named.
fresh
sed -i 's|^daemon: .*|daemon:|' tests/lint/rooms
expect 1 'daemon must not include daemon/provider'
fresh
sed -i 's|^emulator/server:.*|emulator/server: core|' tests/lint/rooms
expect 1 'emulator/server includes nothing of core any more'
fresh
sed -i 's|^storage: .*|storage: core storage/sqlite|' tests/lint/rooms
expect 1 'storage may include storage/sqlite, which is no room above it'
fresh
printf '#include "core/ids.h"\n' >daemon/provider/x.cpp
expect 1 'daemon/provider must not include core'
fresh
mkdir daemon/attic && echo 'int x;' >daemon/attic/a.cpp
expect 1 'not in the table of rooms: daemon/attic'

fresh
printf '#pragma once\n#include "core/b.h"\n' >core/a.h
printf '#pragma once\n#include "core/c.h"\n' >core/b.h
printf '#pragma once\n#include "core/a.h"\n' >core/c.h
expect 1 'include cycle'

fresh
echo 'auto n = *reinterpret_cast<const int*>(bytes);' >core/cast.cpp
expect 1 'core/cast.cpp:1: only a sockaddr is cast so'
echo 'auto a = reinterpret_cast<const sockaddr*>(&address), b = reinterpret_cast<sockaddr*>(&address);' >core/cast.cpp
expect 0 ""

fresh
echo 'int x;' >core/bare.h
expect 1 'core/bare.h:1: a header without #pragma once'

fresh
seq 301 | sed 's|^|// |' >core/long.cpp
expect 1 'core/long.cpp:301: longer than 300 lines'
sed -i '3s|.*|// Longer than 300 lines because it is one table.|' core/long.cpp
expect 0 ""
seq 300 | sed 's|^|// |' >core/long.cpp
expect 0 ""

rm -rf "$folder/tree"
mkdir -p "$folder/tree"
expect 2 'no source files'
exit "$failures"
