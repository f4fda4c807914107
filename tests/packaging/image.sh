#!/bin/bash
# Builds the image of the Dockerfile and checks the statements of docs/container.md. No container engine is needed or used:
# buildah makes the image, and tests/packaging/contain runs it as its own configuration says.
set -euo pipefail

usage() {
  cat <<'TEXT'
Usage: tests/packaging/image.sh [OPTION...] [-- BUILDAH-BUD-OPTION...]
  --store DIR   buildah's storage, kept; else a temporary one. A second run is quick: layers that exist aren't made again
  --no-build    check the image "batchd" that is in the store
  --tests ON    build it with batchd's tests run first
  --help
As root on Debian 12, with the packages: buildah mmdebstrap python3-yaml curl iproute2. Exit code 77: can't run here.
The base, debian:bookworm-slim, is taken from the store; if it isn't there it is made with mmdebstrap.
TEXT
}

store="" build=yes tests=OFF
while [ $# -gt 0 ]; do
  case "$1" in
    --store) store="$2" && shift 2 ;;
    --no-build) build=no && shift ;;
    --tests) tests="$2" && shift 2 ;;
    --help) usage && exit 0 ;;
    --) shift && break ;;
    *) usage >&2 && exit 64 ;;
  esac
done

here="$(dirname "$(readlink -f "$0")")"
source="$(cd "$here/../.." && pwd)"
skip() { echo "image: SKIPPED: $1"; exit 77; }
[ "$(id -u)" -eq 0 ] || skip "needs root, to be other users"
for program in buildah curl ip nsenter pgrep unshare setpriv; do
  command -v $program >/dev/null || skip "there is no $program here"
done
/usr/bin/python3 -c 'import yaml' 2>/dev/null || skip "there is no python3-yaml here"

work="$(mktemp -d /var/tmp/batchd-image.XXXXXX)"
chmod 0711 "$work"  # for who has been mapped to other uids
cp "$here/contain" "$work/"
processes=() container="" failures=0
# shellcheck source=tests/packaging/image_checks.sh
. "$here/image_checks.sh"

cleanup() {
  local code=$? pid
  trap - EXIT INT TERM
  # What runs inside goes first: having become another user, it doesn't notice the end of who started it.
  for pid in "${processes[@]}"; do
    pgrep -P "$pid" | xargs -r kill -9 2>/dev/null || true
    kill -9 "$pid" 2>/dev/null && wait "$pid" 2>/dev/null || true
  done
  [ $code -eq 0 ] || [ $code -eq 77 ] || [ $failures -gt 0 ] || echo "image: FAILED: it broke off" >&2
  [ $code -eq 0 ] || [ ! -s "$work/batchd.log" ] || { echo "image: batchd's last lines:" && tail -n 15 "$work/batchd.log"; } >&2
  [ -z "$container" ] || b rm "$container" >/dev/null || true
  [ "$storage" != "$work/store" ] || b rmi --all --force >/dev/null 2>&1 || true
  rm -rf --one-file-system "$work"
  exit $code
}
trap cleanup EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

# --- the image -------------------------------------------------------------------------------------------------------

storage="${store:-$work/store}"
mkdir -p "$storage/tmp"  # where buildah keeps what a build caches, ccache's files among it
b() { TMPDIR="$storage/tmp" buildah --root "$storage" --runroot "$storage/run" "$@"; }
base=localhost/debian:bookworm-slim # as an engine finds it without asking anybody
canary="canary-$(od -An -N8 -tx1 /dev/urandom | tr -d ' \n')"

make_base() {
  b inspect --type image "$base" >/dev/null 2>&1 && return
  command -v mmdebstrap >/dev/null || skip "there is neither $base nor mmdebstrap here"
  echo "image: making the base with mmdebstrap"
  mmdebstrap --quiet --variant=minbase --aptopt='Acquire::Languages "none"' --dpkgopt='path-exclude=/usr/share/man/*' \
    --dpkgopt='path-exclude=/usr/share/locale/*' --dpkgopt='path-exclude=/usr/share/doc/*' \
    --dpkgopt='path-include=/usr/share/doc/*/copyright' bookworm "$work/base.tar"
  local from
  from="$(b from scratch)"
  b add -q "$from" "$work/base.tar" / >/dev/null
  b config --cmd bash --env PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin "$from"
  b commit -q --rm "$from" "$base" >/dev/null
  rm "$work/base.tar"
}

# What is in the tree and not ignored, and beside it what must not get into an image.
make_context() {
  local file
  mkdir "$work/context"
  (cd "$source" && { git ls-files -z --cached --others --exclude-standard 2>/dev/null || find . -path ./build -prune -o -type f -print0; } |
    tar --null --no-recursion --ignore-failed-read -T - -c 2>/dev/null) | tar -x -C "$work/context"
  for file in .env gemini_api_key keys/mine docs/api-key.txt tests/secrets/tokens build/key.txt docs/examples/compose/gemini_api_key; do
    mkdir -p "$(dirname "$work/context/$file")"
    echo "$canary" >"$work/context/$file"
  done
}

build_image() {
  make_base
  make_context
  echo "image: building; this takes some minutes"
  BATCHD_GEMINI_API_KEY="$canary" b bud --isolation=chroot --format docker --pull=never --layers --build-arg "TESTS=$tests" \
    -t batchd "$@" "$work/context" >"$work/build.log" 2>&1 || { tail -n 60 "$work/build.log" >&2; exit 1; }
  grep -E '^(check|image): ' "$work/build.log" || true
  printf 'FROM scratch\nCOPY . /\n' >"$work/context.Dockerfile"
  b bud -q --isolation=chroot --pull=never -f "$work/context.Dockerfile" -t context "$work/context" >/dev/null
  b push -q context "docker-archive:$work/context.tar"
  check "no key in what a build sees (.dockerignore)" absent "$canary" "$work/context.tar"
  b rmi context >/dev/null
  rm -rf "$work/context" "$work/context.tar"
}
if [ $build = yes ]; then
  build_image "$@"
  echo "image: built in $SECONDS s"
fi

container="$(b from --pull=never localhost/batchd)"
tree="$(b mount "$container")"
b inspect --type image localhost/batchd | /usr/bin/python3 -c 'import json, sys; json.dump(json.load(sys.stdin)["Docker"]["config"], sys.stdout)' >"$work/config.json"

check_configuration
check_content
check_life
check_callers
check_examples
check_other_hosts
[ $failures -eq 0 ] || { echo "image: $failures FAILED" >&2; exit 1; }
echo "image: all is well"
