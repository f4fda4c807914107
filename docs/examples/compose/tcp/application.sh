#!/bin/sh
# Asks batchd one thing over TCP, and prints the answer. A shell and curl are all that is needed.
# Usage: application.sh PROMPT, with $BATCHD_URL and $TOKEN_FILE; no quotes or backslashes in the prompt
set -eu
key=$(cat /proc/sys/kernel/random/uuid)
body="{\"model\":\"${MODEL:-gemini-2.5-flash}\",\"request\":{\"contents\":[{\"parts\":[{\"text\":\"$1\"}]}]}}"

# With an Idempotency-Key the same call may be made again and again: it is one request. The token comes from a pipe, since
# the arguments of a program can be read by others.
ask() {
  printf 'Authorization: Bearer %s\n' "$(cat "$TOKEN_FILE")" |
    curl --silent --show-error --fail-with-body --max-time 120 --retry 100 --retry-connrefused --retry-max-time 600 \
      -H @- -H "Idempotency-Key: $key" -H 'Prefer: wait=60' -H 'Content-Type: application/json' \
      --data "$body" "$BATCHD_URL/v1/requests"
}

while answer=$(ask); do
  case $answer in
    *'"state":"succeeded"'*)
      printf '%s\n' "$answer" | sed -nE 's/.*"text": *"(([^"\\]|\\.)*)".*/\1/p'
      exit 0 ;;
    *'"state":"queued"'* | *'"state":"packed"'*) ;;  # accepted, and not finished yet
    *) break ;;
  esac
done
printf '%s\n' "$answer" >&2
exit 1
