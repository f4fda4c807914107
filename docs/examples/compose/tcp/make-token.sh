#!/bin/sh
# Makes a token, once: /batchd-secrets/tokens for batchd's uid, /application-secrets/token for the application's. Files
# appear complete or not at all, and nobody else can read them.
set -eu
[ ! -e /batchd-secrets/tokens ] || exit 0
umask 077
token=$(od -An -N16 -tx1 /dev/urandom | tr -d ' \n')

# place FILE UID GID: standard input goes there
place() {
  rm -f "$1.new"
  cat >"$1.new"
  chmod 0400 "$1.new"
  chown "$2:$3" "$1.new"
  mv -f "$1.new" "$1"
}
echo "$token" | place /application-secrets/token 20002 20002
echo "application $token" | place /batchd-secrets/tokens 10001 10001  # last: its being there says that all is done
