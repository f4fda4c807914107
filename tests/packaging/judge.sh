#!/bin/bash
# Checks a Debian package of batchd: lintian, what its unit may do, and what must not be in the package.
# Usage: judge.sh PACKAGE.deb     exit code 0: nothing wrong.  Needs lintian, dpkg-dev and systemd-analyze (tools/setup package).
set -euo pipefail
package="$(readlink -f "${1:?usage: judge.sh PACKAGE.deb}")"
# In tenths, as systemd-analyze takes it: 1.3 of 10.
exposure_max=13
root="$(mktemp -d)"
trap 'rm -rf "$root"' EXIT
bad=0
verdict() { # verdict RESULT WHAT
  if [ "$1" -eq 0 ]; then echo "ok     $2"; else echo "FAILED $2" && bad=1; fi
}

dpkg-deb -x "$package" "$root"
dpkg-deb -e "$package" "$root/DEBIAN"
unit="$root/lib/systemd/system/batchd.service"

code=0
lintian --allow-root --pedantic --display-info --show-overrides --fail-on error,warning "$package" || code=$?
verdict $code "lintian: no error, no warning"

code=0
said="$(systemd-analyze security --offline=true --threshold=$exposure_max "$unit" 2>&1 | tail -1)" || code=$?
verdict $code "the unit's sandbox: ${said#→ }; at most $((exposure_max / 10)).$((exposure_max % 10))"

# Every caller would become one user.
code=0
grep -q '^PrivateUsers=' "$unit" && code=1
verdict $code "the unit has no PrivateUsers="

# Its own words only: what the host lacks of man pages, targets and programs isn't the unit's fault.
code=0
for each in "$unit" "${unit%.service}.socket"; do
  sed -i -e "s|^ExecStart=/|ExecStart=$root/|" "$each"
  said="$(systemd-analyze verify --man=no "$each" 2>&1)" || code=1
  [ -z "$said" ] || { code=1 && echo "$said"; }
done
verdict $code "systemd-analyze verify: the units are right"

code=0
for program in batchd batchctl gemini-emulator; do
  facts="$(readelf --wide --file-header --dynamic --dyn-syms "$root/usr/bin/$program")"
  for wanted in 'Type: *DYN' 'FLAGS.*NOW' '__stack_chk_fail' '_chk@'; do
    grep -q "$wanted" <<<"$facts" || { code=1 && echo "$program: no $wanted"; }
  done
  ! grep -q 'RPATH\|RUNPATH' <<<"$facts" || code=1
done
verdict $code "the programs are position independent, bound at start, with guarded stacks, and without library paths of the builder"

code=0
for script in postinst prerm postrm; do sh -n "$root/DEBIAN/$script" || code=1; done
[ "$(cat "$root/DEBIAN/conffiles")" = "$(cd "$root" && find etc -type f | sed 's|^|/|')" ] || code=1
verdict $code "maintainer scripts parse, every file in /etc is a conffile"
exit $bad
