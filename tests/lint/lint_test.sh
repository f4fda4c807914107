#!/bin/bash
# The lint finds what it is there for: a tree that is fine passes, and each single offence fails with its own complaint.
set -euo pipefail
lint="$(dirname "$(readlink -f "$0")")/lint.sh"
folder="$(mktemp -d)"
trap 'rm -rf "$folder"' EXIT
failures=0

fresh() {
  rm -rf "$folder/tree"
  mkdir -p "$folder"/tree/{core,proto/json,storage,config,daemon,ctl,emulator,cmake}
  cd "$folder/tree"
  printf '#pragma once\n#include <string>\n#include <boost/system/result.hpp>\n' >core/ids.h
  printf '#pragma once\n#include <boost/json/basic_parser.hpp>\n' >proto/json/validator.h
  printf '#include "core/ids.h"\n#include "proto/json/validator.h"\n#include <rapidjson/reader.h>\n' >proto/gemini/gemini.cpp
  printf '#include "core/ids.h"\n#include <sqlite3.h>\n' >storage/store.cpp
  printf '#include <boost/asio/ssl.hpp>\n#include "storage/store_thread.h"\n' >daemon/provider/https_client.cpp
  printf '#pragma once\n#include "core/ids.h"\n' >storage/store_thread.h
  printf '#include <CLI/CLI.hpp>\n#include "config/config.h"\n' >ctl/main.cpp
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
refuses storage/store.cpp '#include "proto/json/validator.h"' 'storage must not include proto/json'
refuses proto/json/validator.h '#include "core/ids.h"' 'proto/json must not include core'
refuses emulator/server.cpp '#include "core/ids.h"' 'emulator must not include core'
refuses ctl/main.cpp '#include "storage/store_thread.h"' 'ctl must not include storage'
refuses ctl/main.cpp '#include "daemon/net/log.h"' 'ctl must not include daemon'
refuses ctl/main.cpp '#include "tests/ctl/fake_server.h"' 'no room of the house'
refuses core/ids.h '#include "error.h"' 'relative to the root'
refuses core/ids.h '#include <boost/asio.hpp>' 'Asio and Beast is fenced off'
refuses core/ids.h '#include <boost/container/small_vector.hpp>' 'Boost is fenced off'
refuses storage/store.cpp '#include <boost/beast/http.hpp>' 'Asio and Beast is fenced off'
refuses daemon/server.cpp '#include <boost/asio/ssl/stream.hpp>' 'TLS is fenced off'
refuses ctl/main.cpp '#include <openssl/ssl.h>' 'TLS is fenced off'
refuses storage/store.cpp '#include <openssl/evp.h>' 'OpenSSL digests is fenced off'
refuses ctl/main.cpp '#include <boost/json.hpp>' 'Boost.JSON is fenced off'
refuses ctl/main.cpp '#include <spdlog/spdlog.h>' 'spdlog is fenced off'
refuses ctl/main.cpp '#include <systemd/sd-daemon.h>' 'libsystemd is fenced off'
refuses ctl/main.cpp '#include <prometheus/counter.h>' 'prometheus-cpp is fenced off'
refuses daemon/main.cpp '#include <sqlite3.h>' 'SQLite is fenced off'
refuses daemon/main.cpp '#  include <xxhash.h>' 'xxHash is fenced off'
refuses storage/store.cpp '#include <rapidjson/document.h>' 'RapidJSON is fenced off'
refuses daemon/main.cpp '#include <toml++/toml.h>' 'toml++ is fenced off'
refuses ctl/options.cpp '#include <CLI/CLI.hpp>' 'CLI11 is fenced off'
refuses core/ids.h '#include <gtest/gtest.h>' 'test packages is fenced off'

fresh
printf '#pragma once\n#include "core/b.h"\n' >core/a.h
printf '#pragma once\n#include "core/c.h"\n' >core/b.h
printf '#pragma once\n#include "core/a.h"\n' >core/c.h
expect 1 'include cycle'

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
mkdir "$folder/tree"
expect 2 'no source files'
exit "$failures"
