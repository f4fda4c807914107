# What tests/packaging/image.sh checks of an image; it sources this file. $tree: the image's files; $work/config.json: its
# configuration, from which user, environment, entrypoint, volumes, stop signal and health check are taken.

check() { # check TEXT COMMAND...: the command's exit code decides, its output is shown if it is bad
  local text="$1"
  shift
  if "$@" >"$work/out" 2>&1; then
    echo "ok   $text"
  else
    echo "FAIL $text"
    sed 's/^/       /' "$work/out" | tail -n 15
    failures=$((failures + 1))
  fi
}
fails_with() { # fails_with CODE COMMAND...
  local wanted="$1" code=0
  shift
  "$@" || code=$?
  [ $code -eq "$wanted" ] || { echo "exit code $code instead of $wanted"; return 1; }
}
fails() { ! "$@"; }
absent() { ! grep -q -a -F -e "$1" "$2"; }
equal() { [ "$1" = "$2" ] || { echo "\"$1\" instead of \"$2\""; return 1; }; }
eventually() { # eventually COMMAND...: within a minute
  local deadline=$((SECONDS + 60))
  until "$@" >/dev/null 2>&1; do
    [ $SECONDS -lt $deadline ] || { "$@"; return 1; }
    sleep 0.1
  done
}

config() { # config EXPRESSION: of the image's configuration c; a list has a line for each
  /usr/bin/python3 -c '
import json, sys
c = json.load(open(sys.argv[1]))
value = eval(sys.argv[2])
print("\n".join(value) if isinstance(value, list) else value)' "$work/config.json" "$1"
}
compose() { /usr/bin/python3 "$here/compose.py" "$1" "$source/docs/examples/compose/$2/compose.yaml" "${@:3}"; }

# --- containers --------------------------------------------------------------------------------------------------------

of_image() { # options of `contain`: the image, as its configuration says
  options=(--root "$tree" --user "$(config 'c["User"]')" --folder "$(config 'c["WorkingDir"]')")
  local line
  while read -r line; do options+=(--env "$line"); done < <(config 'c["Env"]')
}
volume() { # volume NAME PLACE: made as engines make it, with the content, owner and mode of the image's folder
  [ -d "$work/volumes/$1" ] || { mkdir -p "$work/volumes" && cp -a "$tree$2" "$work/volumes/$1"; }
}
is_new() { [ "$(readlink "$1")" != "$(readlink "/proc/self/ns/${1##*/}")" ]; }
network() { # network NAME: a process that keeps a network namespace; its path is in $networks[NAME]
  unshare --net sleep infinity &
  processes+=($!)
  networks[$1]=/proc/$!/ns/net
  eventually is_new "${networks[$1]}"
}
declare -A networks

start() { # start STATE SOCKET NETWORK OPTION...: batchd on these two volumes; $daemon: PID 1, $waiter: whom to wait for
  local options entrypoint state="$1" socket="$2" net="${networks[$3]}"
  shift 3
  of_image
  volume "$state" /var/lib/batchd
  volume "$socket" /run/batchd
  readarray -t entrypoint < <(config '(c["Entrypoint"] or []) + (c["Cmd"] or [])')
  rm -f "$work/pid"
  "$work/contain" "${options[@]}" --pid-file "$work/pid" --net "$net" --mount "$work/volumes/$state:/var/lib/batchd" \
    --mount "$work/volumes/$socket:/run/batchd" "$@" "${entrypoint[@]}" >>"$work/batchd.log" 2>&1 &
  waiter=$!
  processes+=("$waiter")
  eventually test -s "$work/pid"
  daemon="$(cat "$work/pid")"
}
inside() { # inside COMMAND...: in batchd's container, as an engine runs the health check
  local user environment
  user="$(config 'c["User"]')"
  readarray -t environment < <(config 'c["Env"]')
  nsenter --target "$daemon" --mount --pid --net --ipc --uts --root --wdns=/ setpriv --reuid "${user%:*}" \
    --regid "${user#*:}" --clear-groups --no-new-privs --bounding-set=-all --inh-caps=-all env -i "${environment[@]}" "$@"
}
healthy() { # healthy [COMMAND...]: the image's own check, with its own timeout; COMMAND runs it, `inside` if none is given
  local test
  readarray -t test < <(config 'c["Healthcheck"]["Test"]')
  [ $# -gt 0 ] || set -- inside
  [ "${test[0]-}" = CMD ] && "$@" timeout "$(config 'c["Healthcheck"]["Timeout"] / 1e9')" "${test[@]:1}"
}
end() { # end SIGNAL: batchd's exit code; after the grace of an engine (10 s) it is killed
  local code=0 deadline=$((SECONDS + 10))
  kill -s "$1" "$daemon"
  while [ -e "/proc/$daemon" ] && [ $SECONDS -lt $deadline ]; do sleep 0.05; done
  [ ! -e "/proc/$daemon" ] || { echo "it hasn't ended after 10 s" && kill -KILL "$daemon"; }
  wait "$waiter" || code=$?
  return $code
}
emulator() { # emulator NETWORK: from the image, beside batchd
  local options
  of_image
  "$work/contain" "${options[@]}" --net "${networks[$1]}" --tmpfs /tmp gemini-emulator --port 8085 --job-seconds 0.5 \
    --ledger /tmp/ledger >"$work/emulator.log" 2>&1 &
  processes+=($!)
}
client() { # client UID:GID[,GROUP] SOCKET COMMAND...: a program of the image in a container of its own; SOCKET may be none
  local options user="$1" socket="$2"
  shift 2
  of_image
  [ "$socket" = none ] || options+=(--mount "$work/volumes/$socket:/run/batchd:ro")
  "$work/contain" "${options[@]}" --folder / --user "$user" "$@"
}
queued() { inside batchctl list --state queued --all | wc -l; }

# Fast, and nothing leaves by itself.
quiet=(--env BATCHD_ACCOUNTS__DEFAULT__BASE_URL=http://127.0.0.1:8085 --env BATCHD_PACKING__MAX_AGE=1h
  --env BATCHD_POLLING__FIRST=200ms --env BATCHD_RETRY__FIRST=100ms --env BATCHD_ACCOUNTS__DEFAULT__API_KEY_FILE=/run/secrets/gemini_api_key)

# --- the checks --------------------------------------------------------------------------------------------------------

check_configuration() {
  local page="$source/docs/container.md" uid
  uid="$(config 'c["User"].split(":")[0]')"
  check "its user is a number, and not root: $(config 'c["User"]')" grep -qxE '[1-9][0-9]*:[1-9][0-9]*' <(config 'c["User"]')
  check "the number is the documented one" grep -q "uid and gid \*\*$uid\*\*" "$page"
  check "the user has a name and a home" grep -qE "^batchd:x:$uid:$uid:.*:/var/lib/batchd:/usr/sbin/nologin$" "$tree/etc/passwd"
  check "it has a health check, that gives up before batchd is looked at again" test \
    "$(config 'c["Healthcheck"]["Timeout"] > 5e9 and c["Healthcheck"]["Timeout"] < c["Healthcheck"]["Interval"]')" = True
  check "it stops on SIGTERM" equal "$(config 'c["StopSignal"]')" SIGTERM
  check "its volumes" equal "$(config 'sorted(c["Volumes"])' | tr '\n' ' ')" "/run/batchd /var/lib/batchd "
  check "their owner and mode" equal "$(stat -c '%u:%g %a' "$tree/run/batchd" "$tree/var/lib/batchd" | tr '\n' ' ')" \
    "$uid:$uid 750 $uid:$uid 700 "
  check "its label says which version it is" equal "batchd $(config 'c["Labels"]["org.opencontainers.image.version"]')" \
    "$(client 65534:65534 none batchd --version)"
  check "the time is UTC" equal "$(client 65534:65534 none date +%Z)" UTC
}

check_content() {
  local program
  for program in batchd batchctl gemini-emulator; do
    check "$program runs" client 65534:65534 none $program --version
  done
  check "no compiler, no sources, no lists of packages" equal "$(ls -d "$tree"/src "$tree"/usr/bin/{g++,cc,cmake,git} \
    "$tree"/var/lib/apt/lists/*Packages* "$tree"/var/cache/apt/*.bin 2>/dev/null)" ""
  b push -q localhost/batchd "docker-archive:$work/image.tar"
  check "no key in any layer, in the configuration or the history" absent "$canary" "$work/image.tar"
  check "no variable of the image could hold a key" fails grep -iE 'key|token|secret' <(config 'c["Env"]')
  echo "image: $(b images --format '{{.Size}}' localhost/batchd | head -n 1); the base: $(b images --format '{{.Size}}' "$base")"
  rm "$work/image.tar"
}

check_life() {
  local uid key="$work/gemini_api_key"
  uid="$(config 'c["User"].split(":")[0]')"
  install -m 0400 -o "$uid" -g "$uid" /dev/stdin "$key" <<<"project:$canary"
  quiet+=(--mount "$key:/run/secrets/gemini_api_key:ro")
  network provider
  start state socket provider "${quiet[@]}"
  check "it starts, with a read-only root and no capability" eventually healthy
  check "it runs as that uid, can gain nothing" equal "$(awk '/^(Uid|NoNewPrivs|CapEff):/ { print $2 }' "/proc/$daemon/status" | tr '\n' ' ')" \
    "$uid 0000000000000000 1 "
  check "nothing can be written to its root" fails inside touch /etc/batchd/x
  for number in 1 2 3; do inside batchctl submit --model gemini-2.5-flash "number $number" >/dev/null 2>&1; done
  kill -STOP "$daemon"
  check "the health check fails while batchd hangs" fails healthy
  kill -CONT "$daemon"
  check "and passes again" eventually healthy
  check "the stop signal ends it with 0, within the grace" end "$(config 'c["StopSignal"]')"
  check "the health check fails when it is stopped" fails healthy client "$uid:$uid" socket
  start state socket provider "${quiet[@]}"
  check "it starts again on the same volumes" eventually healthy
  check "what was queued is there" equal "$(queued)" 3
  check "kill -9 ends it" fails end KILL
  start state socket provider "${quiet[@]}"
  check "it starts after kill -9" eventually healthy
  check "what was queued is there still" equal "$(queued)" 3
}

check_callers() {
  local gid id
  gid="$(config 'c["User"].split(":")[1]')"
  emulator provider
  id="$(client "20001:20001,$gid" socket batchctl submit --model gemini-2.5-flash "of 20001" 2>/dev/null)" || true
  check "another uid in the group submits" equal "${#id}" 13
  inside batchctl flush >/dev/null 2>&1
  check "and gets its answer" equal "$(client "20001:20001,$gid" socket timeout 60 batchctl wait "$id")" "echo: of 20001"
  check "who submitted is its uid: another one in the group finds nothing" fails client "20003:20003,$gid" socket batchctl get "$id"
  check "a uid outside the group doesn't get in" fails_with 77 client 20004:20004 socket batchctl health
  check "not even to the socket itself" fails_with 77 "$work/contain" --root "$tree" --user 20004:20004 --env BATCHD_SOCKET=/sock \
    --env PATH=/usr/bin --mount "$work/volumes/socket/batchd.sock:/sock" batchctl health
  check "what was queued before the kill is answered" eventually inside sh -c 'test $(batchctl list --state succeeded | wc -l) -eq 3'
  check "no key in its log" absent "$canary" "$work/batchd.log"
  check "a backup goes to the volume" inside batchctl backup /var/lib/batchd/backup.db
  check "it stops" end TERM
}

# The programs of docs/examples/compose, with what their compose files say, on the files of the image or of this machine.
example_batchd() { # example_batchd NAME OPTION...: starts it and the emulator
  local name="$1" environment=() command=() line
  shift
  network "$name"
  while read -r line; do environment+=(--env "$line"); done < <(compose environment "$name" batchd)
  start "$name-state" "$name-socket" "$name" "${environment[@]}" "$@" \
    --mount "$source/docs/examples/compose/any-key:/run/secrets/gemini_api_key:ro"
  local options
  of_image
  readarray -t command < <(compose command "$name" emulator)
  "$work/contain" "${options[@]}" --net "${networks[$name]}" --tmpfs /tmp "${command[@]}" >>"$work/emulator.log" 2>&1 &
  processes+=($!)
  check "compose/$name: batchd starts" eventually healthy
}
example_application() { # example_application NAME OPTION...
  local name="$1" command=() environment=() line
  shift
  while read -r line; do environment+=(--env "$line"); done < <(compose environment "$name" application)
  readarray -t command < <(compose command "$name" application)
  timeout 90 "$work/contain" --user "$(compose user "$name" application)" --env PATH=/usr/bin:/bin "${environment[@]}" "$@" "${command[@]}"
}

check_examples() {
  local name examples="$source/docs/examples/compose"
  for name in socket tcp; do
    check "compose/$name: what it names is there" compose check "$name" "$work/config.json"
  done

  example_batchd socket
  check "compose/socket: the application prints its answer" equal "echo: Name three rivers." \
    "$(example_application socket --mount "$examples/socket/application.py:/application.py:ro" --mount "$work/volumes/socket-socket:/run/batchd:ro")"
  end TERM || true

  local secrets="$work/volumes/tcp-secrets" token
  mkdir -p "$secrets/batchd" "$secrets/application"
  check "compose/tcp: the token is made" make_token
  token="$(cat "$secrets/application/token")"
  check "compose/tcp: once" make_token
  check "compose/tcp: each may read its own half only" equal "$(stat -c '%u %a' "$secrets"/*/* | tr '\n' ' ')" "20002 400 10001 400 "
  check "compose/tcp: both halves are one token" grep -qx "application $token" "$secrets/batchd/tokens"
  example_batchd tcp --mount "$secrets/batchd:/secrets:ro"
  network shop
  connect tcp 10.99.0.1/24 shop 10.99.0.2/24
  printf '127.0.0.1 localhost\n10.99.0.1 batchd other\n' >"$work/hosts"
  local application=(--net "${networks[shop]}" --mount "$work/hosts:/etc/hosts:ro" --mount "$secrets/application:/secrets:ro"
    --mount "$examples/tcp/application.sh:/application.sh:ro")
  check "compose/tcp: the application prints its answer" equal "echo: Name three rivers." \
    "$(example_application tcp "${application[@]}")"
  check "compose/tcp: nobody without the token" equal "$(status_of http://batchd:8090/v1/status)" 401
  check "compose/tcp: nor with another one" equal "$(status_of http://batchd:8090/v1/status -H 'Authorization: Bearer 0123456789abcdef')" 401
  check "compose/tcp: somebody with it" equal "$(status_of http://batchd:8090/v1/status -H "Authorization: Bearer $token")" 200
  check "compose/tcp: by no other name" equal "$(status_of http://other:8090/v1/status -H "Authorization: Bearer $token")" 421
  check "compose/tcp: no token in its log" absent "$token" "$work/batchd.log"
  end TERM || true
}
make_token() {
  local options
  of_image
  "$work/contain" "${options[@]}" --user 0:0 --folder / --capability chown --mount "$secrets/batchd:/batchd-secrets" \
    --mount "$secrets/application:/application-secrets" --mount "$examples/tcp/make-token.sh:/make-token.sh:ro" sh /make-token.sh
}
status_of() { # status_of URL CURL-OPTION...: from the application's network
  "$work/contain" --net "${networks[shop]}" --user 20002:20002 --env PATH=/usr/bin \
    --mount "$work/hosts:/etc/hosts:ro" curl -s -o /dev/null -w '%{http_code}' "${@:2}" "$1"
}
connect() { # connect NETWORK ADDRESS NETWORK ADDRESS: a cable between two
  nsenter "--net=${networks[$1]}" ip link add eth0 type veth peer name eth0 netns "$(cut -d/ -f3 <<<"${networks[$3]}")"
  nsenter "--net=${networks[$1]}" ip address add "$2" dev eth0
  nsenter "--net=${networks[$1]}" ip link set eth0 up
  nsenter "--net=${networks[$3]}" ip address add "$4" dev eth0
  nsenter "--net=${networks[$3]}" ip link set eth0 up
}

# A state of a newer batchd, and uids that are mapped, as under rootless engines.
check_other_hosts() {
  local code=0 mapped holder id
  /usr/bin/python3 -c 'import sqlite3, sys; sqlite3.connect(sys.argv[1]).execute("PRAGMA user_version = 9999")' "$work/volumes/state/batchd.db"
  start state socket provider "${quiet[@]}"
  wait "$waiter" || code=$?
  check "it refuses the database of a newer one: 78" equal $code 78

  unshare --user sleep infinity &
  holder=$!
  processes+=("$holder")
  mapped=("${quiet[@]}" --users "/proc/$holder/ns/user")
  eventually is_new "/proc/$holder/ns/user"
  echo "0 100000 65536" >"/proc/$holder/uid_map"
  echo "0 100000 65536" >"/proc/$holder/gid_map"
  volume mapped-state /var/lib/batchd
  volume mapped-socket /run/batchd
  chown -R 110001:110001 "$work/volumes/mapped-state" "$work/volumes/mapped-socket" "$work/gemini_api_key"
  code=0
  start mapped-state mapped-socket provider "${mapped[@]}"
  wait "$waiter" || code=$?
  check "it refuses mapped uids: 69" equal $code 69
  check "and says which key allows them" grep -q allow_mapped_uids "$work/batchd.log"
  start mapped-state mapped-socket provider "${mapped[@]}" --env BATCHD_SERVER__ALLOW_MAPPED_UIDS=true
  check "it starts if that is allowed" eventually client 110001:110001 mapped-socket batchctl health
  id="$(client 5000:5000,110001 mapped-socket batchctl submit --model gemini-2.5-flash "of 5000" 2>/dev/null)" || true
  check "then all uids outside the map are one caller" fails_with 75 client 5001:5001,110001 mapped-socket batchctl get "$id"
  check "and those inside it aren't" fails_with 65 client 120001:120001,110001 mapped-socket batchctl get "$id"
  check "it stops" end TERM
}
