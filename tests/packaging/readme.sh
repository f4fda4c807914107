#!/bin/bash
# Follows a document literally: runs every "$ command" of its ```console blocks, in order and in one shell, and compares the
# output with the document. Usage: readme.sh [--record] DOCUMENT [FOLDER]   (in FOLDER, or a temporary one)
# --record: prints the document with the actual output.
# What differs at every run counts as equal: ids, cursors, times, and the numbers of jobs and processes of the shell.
# A line "..." in the document stands for any lines.
set -uo pipefail
record=no
[ "${1:-}" != --record ] || { record=yes && shift; }
document="$(readlink -f "${1:?usage: readme.sh [--record] DOCUMENT [FOLDER]}")"
folder="${2:-$(mktemp -d)}"
own_folder="$([ -n "${2:-}" ] || echo "$folder")"
cd "$folder"
bound=120 # seconds that one command may take
mark="--- end of the command ---"
bad=0
count=0

# One interactive shell on a terminal for the whole document, as the reader has. What it has started and the document doesn't
# end is ended with it.
coproc SHELL_OF_READER { exec script -qfc 'stty -echo -onlcr cols 250; exec env PS1= PS2= bash --norc --noprofile --noediting -i' /dev/null 2>&1; }
reader=$SHELL_OF_READER_PID
end_reader() {
  local shell process
  shell="$(pgrep -P "$reader" | head -1)"
  [ -n "$shell" ] || return
  for process in $(ps -o pid= -s "$shell"); do kill -9 "$process" 2>/dev/null; done
}
trap 'end_reader; rm -rf "$own_folder"' EXIT

normal() {
  sed -E -e 's/\b[0-7][0-9a-hjkmnp-tv-z]{12}\b/ID/g' -e 's/[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:.]+Z/TIME/g' \
    -e 's/"cursor":"[^"]*"/"cursor":"CURSOR"/g' -e 's/--after [^ ]+/--after CURSOR/' -e 's|batches/[a-z0-9]{36}|batches/JOB|g' -e 's/"responseId":"[^"]*"/"responseId":"ANY"/g' \
    -e 's/^\[[0-9]+\][-+ ]*[0-9]+$/[JOB]/' -e 's/[[:space:]]+$//'
}

run() { # run COMMAND: what it prints into $said
  said=""
  local line end=$((SECONDS + bound))
  printf '%s\nprintf "\\n%%s\\n" "%s"\n' "$1" "$mark" >&"${SHELL_OF_READER[1]}"
  while IFS= read -r -t $((end - SECONDS + 1)) line <&"${SHELL_OF_READER[0]}"; do
    [ "$line" = "$mark" ] && { said="${said%$'\n'}" && return 0; }
    said+="${line##*$'\r'}"$'\n' # of a progress bar, what stands there in the end
  done
  said+="(no end within $bound s)"
  return 1
}

compare() { # compare LINE COMMAND EXPECTED
  count=$((count + 1))
  run "$2" || bad=1
  if [ $record = yes ]; then
    sed -e '1s/^/$ /' -e '2,$s/^/> /' <<<"$2"
    [ -z "${said//$'\n'/}" ] || sed -e '/./,$!d' -e 's/[[:space:]]*$//' <<<"${said%$'\n'}"
    return
  fi
  local wanted got pattern
  wanted="$(normal <<<"$3" | sed -e '/./,$!d')"
  got="$(normal <<<"$said" | sed -e '/./,$!d')"
  if [ "$wanted" = "$got" ]; then
    return
  fi
  # "..." stands for any lines.
  pattern="$(sed -e 's/[][\.*^$/]/\\&/g' <<<"$wanted" | tr '\n' '\001' | sed -e 's/\x01\\\.\\\.\\\.\x01/\x01.*/g')"
  if [[ "$wanted" == *...* ]] && tr '\n' '\001' <<<"$got" | grep -qx -- "$pattern"; then
    return
  fi
  bad=1
  echo "$document:$1: $2"
  diff <(echo "$wanted") <(echo "$got") | sed 's/^/    /'
}

run : # what the shell says when it begins
inside=no number=0 command="" expected="" at=0
while IFS= read -r line || [ -n "$line" ]; do
  number=$((number + 1))
  if [ $inside = no ]; then
    [ $record = no ] || printf '%s\n' "$line"
    [ "$line" != '```console' ] || inside=yes
    continue
  fi
  case "$line" in
    '```')
      [ -z "$command" ] || compare "$at" "$command" "$expected"
      [ $record = no ] || printf '%s\n' "$line"
      inside=no command="" expected=""
      continue
      ;;
  esac
  if [[ "$line" == '$ '* ]]; then
    [ -z "$command" ] || compare "$at" "$command" "$expected"
    command="${line:2}" expected="" at=$number
  elif [[ "$line" == '> '* ]]; then
    command+=$'\n'"${line:2}"
  else
    expected+="$line"$'\n'
  fi
done <"$document"
[ $inside = no ] || { echo "readme: the last block of $document isn't closed" >&2; exit 2; }
[ $record = no ] || exit 0
[ $count -gt 0 ] || { echo "readme: no command in $document" >&2; exit 2; }
echo "readme: $count commands followed, $([ $bad -eq 0 ] && echo "every output as shown" || echo "with differences")"
exit $bad
