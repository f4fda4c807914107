#!/bin/bash
# The words that docs/architecture.md says are replaced stand nowhere: not in code, comments, documents or texts. Each
# `expression` of its table "| replaced | by |" is one for grep -iE, with \| for |.
# And no vendor's word stands in a neutral room, except in the statements of released migrations.
# Usage: words.sh [ROOT]. Prints FILE:LINE: complaint; exit code 1 if there is any.
set -euo pipefail
cd "${1:-$(dirname "$0")/../..}"
document=docs/architecture.md
bad=0

# Expression, tab, what to say instead.
replaced() {
  sed -n '/^| replaced | by |/,/^$/p' "$document" | tail -n +3 | while IFS= read -r row; do
    row="${row//\\|/$'\001'}"
    local words="${row#| }" by="${row##* | }"
    words="${words%% | *}" by="${by% |}"
    grep -oE '`[^`]+`' <<<"$words" | tr -d '`' | tr '\001' '|' | sed "s#\$#\t$by#"
  done
}
[ -n "$(replaced)" ] || { echo "words: no table of replaced words in $document" >&2; exit 2; }

while IFS=$'\t' read -r expression by; do
  while read -r found; do
    echo "$found: say \"$by\" (it matches $expression)"
    bad=1
  done < <(grep -rnioE --include=*.{h,cpp,in,md,sh,toml,cmake,mjs,html,service,socket} --include=CMakeLists.txt --include=openapi.json \
    --exclude-dir={build,node_modules,.git,corpus} --exclude=map_test.sh -- "$expression" \
    core config proto storage daemon ctl emulator tests docs systemd cmake README.md CONTRIBUTING.md tools 2>/dev/null |
    grep -vE "^$document:[0-9]+:" || true)
  # In the document itself, everywhere but in the table.
  while read -r found; do
    echo "$document:$found: say \"$by\" (it matches $expression)"
    bad=1
  done < <(sed '/^| replaced | by |/,/^$/s/.*//' "$document" | grep -nioE -- "$expression" || true)
done < <(replaced)

# Vendors' names, and words that only one of them has. The rooms of proto/ that implement a provider are named after one.
neutral=(core storage daemon/stages daemon/api)
vendor='gemini|google|goog|generateContent|embedContent|mime_index|displayName|"batches/|openai|anthropic'
for room in $(grep -rlE '^std::unique_ptr<core::Provider> make_' --include=*.h proto | xargs -rn1 dirname | sort -u); do
  vendor+="|${room#proto/}"
done
while read -r found; do
  echo "$found: a vendor's word in a neutral room"
  bad=1
done < <(find "${neutral[@]}" -name '*.h' -o -name '*.cpp' | sort | while read -r file; do
  sed '/R"sql(/,/)sql"/s/.*//' "$file" | grep -nioE -- "$vendor" | sed "s#^#$file:#" || true
done)
exit $bad
