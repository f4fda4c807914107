#!/bin/bash
# Names that operators and programs see are documented: every metric, log event and problem code of the source is in
# docs/operations.md, every problem code in docs/openapi.json, and the other way round.
# Usage: names.sh [ROOT]. Prints what is missing; exit code 1 if anything is.
set -euo pipefail
cd "${1:-$(dirname "$0")/../..}"
shopt -s globstar nullglob
bad=0

words() { grep -oE '"[a-z_]+"' | tr -d '"' | sort -u; }
metrics() { cat daemon/**/metrics*.cpp | grep -oE '"batchd_[a-z_]+"' | tr -d '"' | sort -u; }
events() { cat daemon/**/*.{h,cpp} | tr '\n' ' ' | grep -oE '(log_event|log_word|fatal)\([^"{;]*"[a-z_]+"' | words; }
# A code follows its status, or is known by how it begins.
problems() {
  {
    cat daemon/**/*.{h,cpp} proto/api/*.cpp | tr '\n' ' ' | grep -oE '[^0-9](4[0-9]{2}|5[0-9]{2}), *"[a-z_]+"'
    grep -ohE '"(bad|unknown|missing|duplicate|line|not_an)_[a-z_]*[a-z]"' proto/api/*.cpp daemon/api/bulk.cpp
  } | words
  printf 'bad_%s\n' model key account endpoint channel deadline on_deadline  # joined in proto/api/submission.cpp
}
documented() { grep -oE '`[a-z_]+`' docs/operations.md | tr -d '`' | sort -u; }
in_openapi() { tr '\n' ' ' <docs/openapi.json | grep -oE '"ProblemCode": *\{[^}]*\}' | grep -oE '"enum": *\[[^]]*\]' | words | grep -vx enum; }

missing() { # missing WHAT WHERE: names on stdin that aren't in the list on descriptor 3
  local name
  while read -r name; do
    echo "names: $1 $name is not in $2"
    bad=1
  done < <(comm -23 <(sort -u) <(sort -u <&3))
}
[ -n "$(metrics)" ] && [ -n "$(events)" ] && [ -n "$(problems)" ] || { echo "names: nothing found in the source" >&2; exit 2; }
missing "metric" docs/operations.md < <(metrics) 3< <(documented)
missing "log event" docs/operations.md < <(events) 3< <(documented)
missing "problem" docs/operations.md < <(problems) 3< <(documented)
missing "problem" docs/openapi.json < <(problems) 3< <(in_openapi)
missing "problem of docs/openapi.json" "the source" < <(in_openapi) 3< <(problems)
missing "metric of docs/operations.md" "the source" < <(grep -oE '`batchd_[a-z_]+`' docs/operations.md | tr -d '`') 3< <(metrics; echo batchd_)
exit $bad
