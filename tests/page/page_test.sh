#!/bin/bash
# Shows the sample page in a headless browser: at a phone's width nothing may stick out to the side, in light and dark
# it looks different, and hostile text runs no script. Skipped (77) where there is no Chromium.
# Usage: page_test.sh RENDER_PAGE [KEEP_FOLDER]   The pictures are kept in KEEP_FOLDER.
set -euo pipefail
render="$1"
browser="$(command -v chromium || true)"
[ -n "$browser" ] || { echo "page: SKIPPED: there is no chromium here"; exit 77; }
folder="$(mktemp -d)"
trap 'rm -rf "$folder"' EXIT

run() { # run ARGUMENTS...: one browser, on a profile of its own
  timeout 60 "$browser" --headless --no-sandbox --disable-gpu --disable-quic --no-first-run \
    --disable-background-networking --disable-component-update --disable-sync --disable-dev-shm-usage --hide-scrollbars \
    --user-data-dir="$(mktemp -d -p "$folder")" "$@" 2>"$folder/log" || { tail -5 "$folder/log" >&2; return 1; }
}

"$render" >"$folder/page.html"
"$render" '</td></style><script>document.title="broken"</script><img src=x onerror="document.title=1">' >"$folder/hostile.html"
run --window-size=390,3400 --screenshot="$folder/phone-light.png" "file://$folder/page.html"
run --window-size=1280,1560 --blink-settings=preferredColorScheme=0 --screenshot="$folder/desktop-dark.png" "file://$folder/page.html"
run --window-size=1280,1560 --screenshot="$folder/desktop-light.png" "file://$folder/page.html"
for picture in phone-light desktop-dark desktop-light; do
  [ -s "$folder/$picture.png" ] || { echo "page: no picture of $picture" >&2; exit 1; }
done
if cmp -s "$folder/desktop-dark.png" "$folder/desktop-light.png"; then
  echo "page: dark looks like light" >&2
  exit 1
fi

# What sticks out to the side at a phone's width, told by the browser itself: the probe is appended to a copy.
{
  cat "$folder/page.html"
  echo '<script>document.title = "wide=" + (document.documentElement.scrollWidth - innerWidth);</script>'
} >"$folder/probe.html"
run --window-size=390,3400 --dump-dom "file://$folder/probe.html" >"$folder/dom"
grep -q '<title>wide=0</title>' "$folder/dom" || { grep -o '<title>[^<]*' "$folder/dom" >&2; echo "page: wider than a phone" >&2; exit 1; }
run --dump-dom "file://$folder/hostile.html" >"$folder/dom"
grep -q '<title>batchd</title>' "$folder/dom" || { echo "page: hostile text ran a script" >&2; exit 1; }
[ -z "${2:-}" ] || cp "$folder"/*.png "$2"/
