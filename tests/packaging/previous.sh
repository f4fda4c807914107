#!/bin/bash
# Makes the package that an upgrade test starts from: PACKAGE.deb with the programs of the last commit before the
# database's schema became version 3, as version 0.0.1. Usage: previous.sh PACKAGE.deb   (in a clone with its history)
set -euo pipefail
package="$(readlink -f "${1:?usage: previous.sh PACKAGE.deb}")"
cd "$(dirname "$(readlink -f "$0")")/../.."
commit=8e72ec7
version=0.0.1
source=build/previous/source
git rev-parse -q --verify "$commit^{commit}" >/dev/null || { echo "previous: $commit isn't in this clone" >&2; exit 1; }

rm -rf build/previous
mkdir -p build/previous
git archive --prefix=source/ "$commit" | tar -x -C build/previous
cmake -S "$source" -B build/previous/build -G Ninja -DCMAKE_BUILD_TYPE=RelWithDebInfo -DBATCHD_TESTS=OFF >/dev/null
cmake --build build/previous/build -j "${BATCHD_JOBS:-$(nproc)}" --target batchd batchctl

tree=build/previous/tree
dpkg-deb -R "$package" "$tree"
for program in batchd batchctl; do
  strip -o "$tree/usr/bin/$program" "build/previous/build/bin/$program"
done
sed -i "s/^Version: .*/Version: $version/" "$tree/DEBIAN/control"
(cd "$tree" && find . -type f ! -path './DEBIAN/*' -printf '%P\0' | xargs -0 md5sum >DEBIAN/md5sums)
dpkg-deb --root-owner-group -b "$tree" build/package/ >/dev/null
echo "build/package/batchd_${version}_$(dpkg --print-architecture).deb"
