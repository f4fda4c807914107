#!/bin/bash
# Makes the package that an upgrade test starts from: PACKAGE.deb with the programs of an older commit, as another version.
# Usage: previous.sh PACKAGE.deb COMMIT VERSION   (in a clone with its history); leaves build/package/batchd_VERSION_ARCH.deb
# The commits that upgrades are tested from:
#   8e72ec7 0.0.1   the last one before the database's schema became version 3
#   2504e6e 0.0.9   shortly before the rooms became folders
# Each commit is built in a folder of its own, which stays, so that a second run only makes the package.
set -euo pipefail
[ $# -eq 3 ] || { echo "usage: previous.sh PACKAGE.deb COMMIT VERSION" >&2; exit 64; }
package="$(readlink -f "$1")" version="$3"
cd "$(dirname "$(readlink -f "$0")")/../.."
commit="$(git rev-parse -q --verify --short=12 "$2^{commit}")" || { echo "previous: $2 isn't in this clone" >&2; exit 1; }
folder="build/previous/$commit"

if [ ! -d "$folder/source" ]; then
  rm -rf "$folder.new"
  mkdir -p "$folder.new"
  git archive --prefix=source/ "$commit" | tar -x -C "$folder.new"
  mkdir -p "$folder"
  mv "$folder.new/source" "$folder/"
  rmdir "$folder.new"
fi
# A commit from before unity builds has names that clash in them, so it is built as it was then.
settings=()
! grep -q CMAKE_UNITY_BUILD "$folder/source/CMakePresets.json" ||
  settings=(-DCMAKE_UNITY_BUILD=ON -DCMAKE_UNITY_BUILD_BATCH_SIZE=0)
cmake -S "$folder/source" -B "$folder/build" -G Ninja -DCMAKE_BUILD_TYPE=RelWithDebInfo -DBATCHD_TESTS=OFF "${settings[@]}" >/dev/null
cmake --build "$folder/build" -j "${BATCHD_JOBS:-$(nproc)}" --target batchd batchctl

tree="$folder/tree"
rm -rf "$tree"
dpkg-deb -R "$package" "$tree"
for program in batchd batchctl; do
  strip -o "$tree/usr/bin/$program" "$folder/build/bin/$program"
done
sed -i "s/^Version: .*/Version: $version/" "$tree/DEBIAN/control"
(cd "$tree" && find . -type f ! -path './DEBIAN/*' -printf '%P\0' | xargs -0 md5sum >DEBIAN/md5sums)
mkdir -p build/package
dpkg-deb --root-owner-group -b "$tree" build/package/ >/dev/null
echo "build/package/batchd_${version}_$(dpkg --print-architecture).deb"
