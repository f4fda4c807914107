#!/bin/bash
# The Debian package under a real systemd: installed, used, broken, upgraded, removed.
# Runs as root beside the packages, on a Debian 12 that nothing else is on and that is thrown away after (a virtual machine, or
# a container with systemd as process 1): it makes users, changes mounts, and purges what it installed.
# Usage: box.sh --on-a-machine-to-throw-away     (not needed in a container that has its packages in /box)
#   batchd_*.deb: the newest version is the one under test; each older one is upgraded from.
# Prints "ok" and "FAILED" lines; exit code 0: none failed. Nothing is sent anywhere: gemini-emulator is the provider.
# Longer than 300 lines because it is one machine's story, in order; its helpers serve nothing else.
set -uo pipefail
cd "$(dirname "$(readlink -f "$0")")"
if [ "$PWD" != /box ] && [ "${1:-}" != --on-a-machine-to-throw-away ]; then
  sed -n '2,8s/^# //p' "$0" >&2
  exit 64
fi
if [ "$(id -u)" != 0 ] || [ -e /usr/bin/batchd ] || ! ls batchd_*.deb >/dev/null 2>&1; then
  echo "box: needs root, batchd_*.deb beside it, and a machine that batchd isn't installed on" >&2
  exit 2
fi
export LC_ALL=C DEBIAN_FRONTEND=noninteractive
port=18085
model=gemini-2.5-flash
work=/var/tmp/box
failures=0

ok() { echo "ok     $*"; }
failed() {
  echo "FAILED $*"
  failures=$((failures + 1))
}
check() { # check WHAT COMMAND...
  local what="$1" said
  shift
  if said="$("$@" 2>&1)"; then ok "$what"; else failed "$what: $*: $said"; fi
}
is() { # is WHAT EXPECTED ACTUAL
  if [ "$2" = "$3" ]; then ok "$1"; else failed "$1: expected \"$2\", got \"$3\""; fi
}
holds() { # holds WHAT PATTERN TEXT
  if grep -qE -- "$2" <<<"$3"; then ok "$1"; else failed "$1: nothing like \"$2\" in: $3"; fi
}
# until SECONDS COMMAND...: again and again until it succeeds; the bound only ends a test that has failed.
until_true() {
  local end=$((SECONDS + $1))
  shift
  until "$@" >/dev/null 2>&1; do
    [ $SECONDS -lt $end ] || return 1
    sleep 0.2
  done
}
as() { # as USER COMMAND...
  local user="$1"
  shift
  runuser -u "$user" -- "$@"
}
property() { systemctl show -P "$1" "${2:-batchd.service}"; }
journal() { journalctl --no-pager -o cat -u batchd.service; }
install_package() { apt-get install -y -qq --allow-downgrades -o Dpkg::Options::=--force-confold "./$1" >>$work/apt.log 2>&1; }

# --- the provider ------------------------------------------------------------------------------------------------------

emulator() { # emulator JOB_SECONDS: a fresh one with an empty ledger
  systemctl stop emulator.service 2>/dev/null
  rm -f $work/ledger.jsonl
  systemd-run -q --unit=emulator --collect -p DynamicUser=no /opt/emulator/gemini-emulator --port $port \
    --job-seconds "$1" --ledger $work/ledger.jsonl
  until_true 20 curl -s -H 'x-goog-api-key: any' "http://127.0.0.1:$port/v1beta/models"
}
configure() { # configure [LINES OF TOML]
  cat >/etc/batchd/batchd.toml <<TOML
[accounts.default]
base_url = "http://127.0.0.1:$port"
[packing]
max_age = "1s"
max_items = 40
[polling]
first = "500ms"
max = "1s"
[submission]
quarantine = "3s"
reconcile_first = "500ms"
fence_pause = "500ms"
relist_pause = "500ms"
[retry]
first = "200ms"
max = "1s"
${1:-}
TOML
}
prompts() { # prompts PREFIX COUNT: that many lines of a batch file, noted as to be billed once
  local i
  for ((i = 0; i < $2; ++i)); do
    printf '{"key":"%s-%d","request":{"contents":[{"role":"user","parts":[{"text":"%s %d"}]}]}}\n' "$1" "$i" "$1" "$i"
  done | tee -a $work/expected.jsonl
}
answers_of() { sed -nE 's/.*"key":"([^"]*)".*"text":"echo: ([^"]*)".*/\1=\2/p' "$1" | sort -u; }
# Every line of the file has one answer of its own in the results.
answered() { # answered WHAT FILE RESULTS
  local wanted got
  wanted="$(sed -E 's/.*"key":"([^"]*)".*"text":"([^"]*)".*/\1=\2/' "$2" | sort)"
  got="$(answers_of "$3")"
  is "$1" "" "$(diff <(echo "$wanted") <(echo "$got") | head -5)"
}
audit() {
  local said
  if said="$(/opt/emulator/gemini-emulator audit $work/ledger.jsonl $work/expected.jsonl)"; then
    ok "$1: $(sed -nE 's/^billed once +([0-9]+).*/\1/p' <<<"$said") prompts billed, each once"
  else
    failed "$1: $(head -20 <<<"$said")"
  fi
}
in_state() { as alice batchctl status --json | grep -oE "\"$1\":[0-9]+" | head -1 | cut -d: -f2; }

# --- the stage ------------------------------------------------------------------------------------------------------

rm -rf $work
mkdir -p $work /opt/emulator
chmod 755 $work
apt-get update -qq
packages="$(for file in batchd_*.deb; do echo "$(dpkg-deb -f "$file" Version) $file"; done | sort -V | cut -d' ' -f2)"
newest="$(tail -1 <<<"$packages")"
older="$(head -n -1 <<<"$packages")"
version="$(dpkg-deb -f "$newest" Version)"
dpkg-deb --fsys-tarfile "$newest" | tar -x -C /opt/emulator --strip-components=3 ./usr/bin/gemini-emulator
for user in alice bob carol; do useradd -m "$user"; done
find / -xdev -name '*batchd*' ! -path '/box/*' ! -path '/proc/*' ! -path "$work/*" >$work/before.txt 2>/dev/null

echo "== install $newest, without a key"
check "apt installs it" install_package "$newest"
is "the service is active" active "$(systemctl is-active batchd.service)"
is "it is enabled" enabled "$(systemctl is-enabled batchd.service)"
is "the socket" "660 batchd:batchd socket" "$(stat -c '%a %U:%G %F' /run/batchd/batchd.sock)"
is "its folder" "750 batchd:batchd" "$(stat -c '%a %U:%G' /run/batchd)"
is "the database's folder" "700 batchd:batchd" "$(stat -c '%a %U:%G' /var/lib/batchd)"
is "it runs as" batchd "$(stat -c %U "/proc/$(property MainPID)")"
until_true 20 sh -c 'systemctl show -P StatusText batchd | grep -q "setup gemini"'
holds "its status says what is missing" 'batchctl setup gemini' "$(property StatusText)"
holds "so does the journal" 'account_without_key.*batchctl setup gemini' "$(journal)"
holds "and batchctl doctor" 'WRONG.*batchctl setup gemini' "$(batchctl doctor 2>&1)"

echo "== users"
for user in alice bob; do usermod -aG batchd "$user"; done
id="$(as alice batchctl submit --model $model "before the key")"
holds "without a key a request is taken, and kept" '^[0-9a-z]{13}$' "$id"
outside="$(as carol batchctl status 2>&1)"
is "one who isn't in the group is refused" 77 "$(as carol batchctl status >/dev/null 2>&1; echo $?)"
holds "and told what to do" 'usermod -aG batchd ' "$outside"
is "curl, for one in the group" '{"queued":1' "$(as alice curl -s --unix-socket /run/batchd/batchd.sock http://batchd/v1/status | grep -o '{"queued":1')"
is "the kernel refuses curl, too" 7 "$(as carol curl -s --unix-socket /run/batchd/batchd.sock http://batchd/v1/status >/dev/null 2>&1; echo $?)"

echo "== the key"
emulator 1
configure
printf '{"key":"-","request":{"contents":[{"role":"user","parts":[{"text":"before the key"}]}]}}\n' >>$work/expected.jsonl
is "setup is for root" 77 "$(as alice batchctl setup gemini </dev/null >/dev/null 2>&1; echo $?)"
canary=canary-7dd1f0c2aa
mount --make-rprivate / # as it is in some containers: no service sees its credentials
setup="$(printf '%s\n' "$canary" | batchctl setup gemini 2>&1)"
is "batchctl setup gemini where systemd hands no credentials over" 75 $?
echo "       ${setup//$'\n'/$'\n'       }"
holds "says where to put the key" 'set api_key_file = "/etc/batchd/gemini_api_key"' "$setup"
sed -i '/^base_url/a api_key_file = "/etc/batchd/gemini_api_key"' /etc/batchd/batchd.toml
setup="$(printf '%s\n' "$canary" | batchctl setup gemini 2>&1)"
is "batchctl setup gemini with an api_key_file" 0 $?
is "the key is in a file that only the daemon reads" "400 batchd:batchd" "$(stat -c '%a %U:%G' /etc/batchd/gemini_api_key)"
configure
rm /etc/batchd/gemini_api_key /etc/credstore/batchd.gemini_api_key
mount --make-rshared / # as every machine's boot has it
setup="$(printf '%s\n' "$canary" | batchctl setup gemini 2>&1)"
is "batchctl setup gemini" 0 $?
echo "       ${setup//$'\n'/$'\n'       }"
is "the key is stored for root only" "600 root:root" "$(stat -c '%a %U:%G' /etc/credstore/batchd.gemini_api_key)"
is "the request from before the key is answered" "echo: before the key" "$(as alice batchctl wait "$id" --timeout 60 2>&1)"
is "nobody else gets it" 65 "$(as bob batchctl get "$id" >/dev/null 2>&1; echo $?)"
answer="$(as bob batchctl submit --model $model --wait=60 "bob's own")"
printf '{"key":"-","request":{"contents":[{"role":"user","parts":[{"text":"bob'"'"'s own"}]}]}}\n' >>$work/expected.jsonl
is "bob has his own" "echo: bob's own" "$answer"
is "alice sees hers only" 1 "$(as alice batchctl list --all --json | grep -c '"id"')"
is "bob sees his only" 1 "$(as bob batchctl list --all --json | grep -c '"id"')"
check "batchctl doctor finds nothing wrong" batchctl doctor
holds "the status has numbers" '^[0-9]+ queued' "$(property StatusText)"

echo "== reload"
sed -i 's/^max_age = .*/max_age = "2s"/' /etc/batchd/batchd.toml
check "systemctl reload" systemctl reload batchd.service
check "puts a changed key in force" until_true 20 sh -c 'journalctl -o cat -u batchd | grep -q "reloaded keys=packing.max_age"'
sed -i 's/^max_age = .*/max_age = 2/' /etc/batchd/batchd.toml
systemctl reload batchd.service
check "a fault changes nothing, and is named" until_true 20 sh -c 'journalctl -o cat -u batchd | grep -q "reload_refused.*line="'
configure

echo "== restarts under load"
emulator 15
rm -f $work/expected.jsonl
prompts load 600 >$work/load.jsonl
chmod 644 $work/load.jsonl
as alice batchctl submit --model $model --channel load --wait=300 $work/load.jsonl >$work/load.out 2>$work/load.err &
load=$!
check "jobs are out" until_true 30 sh -c 'batchctl batches --json | grep -q submitted'
for _ in 1 2 3; do
  check "restart" systemctl restart batchd.service
done
holds "which still has work after three" '[1-9]' "$(in_state packed)"
wait $load
is "the submitting program was answered" 0 $?
answered "every answer of 600, over three restarts" $work/load.jsonl $work/load.out
audit "restarts"

echo "== the watchdog"
mkdir -p /etc/systemd/system/batchd.service.d
printf '[Service]\nWatchdogSec=4s\n' >/etc/systemd/system/batchd.service.d/box.conf
systemctl daemon-reload
systemctl restart batchd.service
pid="$(property MainPID)"
sleep 10 # two and a half times the limit: it is fed
is "it is fed while all is well" "$pid" "$(property MainPID)"
restarts="$(property NRestarts)"
id="$(as alice batchctl submit --model $model "before the hang")"
printf '{"key":"-","request":{"contents":[{"role":"user","parts":[{"text":"before the hang"}]}]}}\n' >>$work/expected.jsonl
kill -STOP "$pid" # nothing but the watchdog ends a process that is stopped
check "a process that hangs is replaced" until_true 60 sh -c "[ \"\$(systemctl show -P NRestarts batchd)\" -gt $restarts ] && systemctl is-active batchd"
is "what it had accepted is answered" "echo: before the hang" "$(as alice batchctl wait "$id" --timeout 60)"
audit "after the watchdog"
rm -r /etc/systemd/system/batchd.service.d
systemctl daemon-reload

echo "== kill -9"
systemctl restart batchd.service
prompts killed 30 >$work/killed.jsonl
chmod 644 $work/killed.jsonl
as alice batchctl submit --model $model --channel killed --wait=120 $work/killed.jsonl >$work/killed.out 2>/dev/null &
load=$!
for _ in 1 2 3; do
  sleep 0.7
  systemctl kill -s KILL --kill-who=main batchd.service
  check "it comes back" until_true 30 systemctl is-active batchd.service
done
wait $load
answered "every answer, over three kills" $work/killed.jsonl $work/killed.out
audit "kill -9"

echo "== the socket held by systemd"
systemctl stop batchd.service
check "batchd.socket starts" systemctl enable -q --now batchd.socket
inode="$(stat -c %i /run/batchd/batchd.sock)"
is "the socket" "660 batchd:batchd" "$(stat -c '%a %U:%G' /run/batchd/batchd.sock)"
is "the first caller starts the service" 0 "$(as alice batchctl status >/dev/null 2>&1; echo $?)"
is "which is active" active "$(systemctl is-active batchd.service)"
as alice sh -c "for i in 1 2 3 4 5 6 7 8 9 10; do curl -s -o /dev/null --max-time 60 --unix-socket /run/batchd/batchd.sock http://batchd/v1/status || echo lost; sleep 0.3; done" >$work/queued.txt &
clients=$!
for _ in 1 2 3; do
  sleep 0.5
  systemctl restart batchd.service
done
wait $clients
is "clients wait over restarts, none is refused" "" "$(cat $work/queued.txt)"
is "the socket is the same file" "$inode" "$(stat -c %i /run/batchd/batchd.sock)"
systemctl stop batchd.service
is "and stays after a stop" "$inode" "$(stat -c %i /run/batchd/batchd.sock)"
systemctl disable -q --now batchd.socket
is "it goes with its unit" "" "$(ls /run/batchd)"
check "without it the service makes its own" systemctl start batchd.service

echo "== stop"
as alice batchctl submit --model $model "never mind" --deadline 100h >$work/slow.id
curl -s --unix-socket /run/batchd/batchd.sock "http://batchd/v1/results?channel=none&wait=300" >$work/held.txt &
held=$!
sleep 0.5
check "stop" systemctl stop batchd.service
is "within its limit, by itself" success "$(property Result)"
wait $held
is "the socket is gone with it" "" "$(ls /run/batchd)"
holds "batchctl says that it isn't running" 'systemctl start batchd' "$(as alice batchctl status 2>&1)"
printf '{"key":"-","request":{"contents":[{"role":"user","parts":[{"text":"never mind"}]}]}}\n' >>$work/expected.jsonl

echo "== a configuration that is wrong"
configure 'nonsense = 1'
systemctl start batchd.service 2>/dev/null
is "it doesn't start" failed "$(systemctl is-failed batchd.service)"
is "says so by its exit code" 78 "$(property ExecMainStatus)"
is "and isn't tried again" 0 "$(property NRestarts)"
holds "the journal names the line" 'nonsense' "$(journal | tail -20)"
configure
printf '%s\n' "$canary" | batchctl setup gemini >/dev/null 2>&1
is "batchctl setup gemini starts it again" "0 active" "$? $(systemctl is-active batchd.service)"

echo "== another group"
groupadd llm
usermod -aG llm carol
mkdir -p /etc/systemd/system/batchd.service.d
printf '[Service]\nGroup=llm\n' >/etc/systemd/system/batchd.service.d/box.conf
systemctl daemon-reload
systemctl restart batchd.service
is "Group= gives socket and folder to it" "660 batchd:llm 750 batchd:llm" "$(stat -c '%a %U:%G' /run/batchd/batchd.sock /run/batchd | tr '\n' ' ' | sed 's/ $//')"
check "its members may use it" as carol batchctl status
is "those of batchd may not any more" 77 "$(as alice batchctl status >/dev/null 2>&1; echo $?)"
rm -r /etc/systemd/system/batchd.service.d
systemctl daemon-reload
systemctl stop batchd.service

echo "== a disk that is full at the start"
mount -t tmpfs -o size=16m tmpfs /var/lib/batchd
dd if=/dev/zero of=/var/lib/batchd/filler bs=64k 2>/dev/null
systemctl start --no-block batchd.service
check "it waits for room, and says so" until_true 30 sh -c 'systemctl show -P StatusText batchd | grep -q "waiting for room"'
rm /var/lib/batchd/filler
check "and goes on once there is some" until_true 60 systemctl is-active batchd.service
systemctl stop batchd.service
umount /var/lib/batchd

echo "== remove and purge"
systemctl start batchd.service
apt-get remove -y -qq batchd >>$work/apt.log 2>&1
is "removed: the service is gone" inactive "$(systemctl is-active batchd.service)"
check "the data stays" test -s /var/lib/batchd/batchd.db
check "the configuration stays" test -s /etc/batchd/batchd.toml
apt-get purge -y -qq batchd >>$work/apt.log 2>&1
find / -xdev -name '*batchd*' ! -path '/box/*' ! -path '/proc/*' ! -path "$work/*" >$work/after.txt 2>/dev/null
is "purged: not one file is left" "" "$(diff $work/before.txt $work/after.txt)"
is "nor its user" "" "$(getent passwd batchd)"
is "nor its group" "" "$(getent group batchd)"
is "the key was never in the journal" 0 "$(journalctl --no-pager -o cat | grep -c "$canary")"

for old in $older; do
  from="$(dpkg-deb -f "$old" Version)"
  echo "== upgrade from $from"
  rm -f $work/expected.jsonl
  emulator 8
  check "apt installs $old" install_package "$old"
  configure
  mkdir -p /etc/credstore && chmod 700 /etc/credstore
  (umask 077 && echo "$canary" >/etc/credstore/batchd.gemini_api_key)
  # A version from before the watchdog doesn't feed it.
  mkdir -p /etc/systemd/system/batchd.service.d
  printf '[Service]\nWatchdogSec=0\n' >/etc/systemd/system/batchd.service.d/box.conf
  systemctl daemon-reload
  systemctl restart batchd.service
  is "it runs" "$from active" "$(dpkg-query -W -f '${Version}' batchd) $(systemctl is-active batchd.service)"
  usermod -aG batchd alice
  prompts "from $from" 100 >$work/upgrade.jsonl
  chmod 644 $work/upgrade.jsonl
  as alice batchctl submit --model $model --channel upgrade $work/upgrade.jsonl >/dev/null
  until_true 60 sh -c 'batchctl batches --json | grep -q submitted'
  batchctl pause >/dev/null
  prompts "waiting in $from" 30 >$work/waiting.jsonl
  chmod 644 $work/waiting.jsonl
  as alice batchctl submit --model $model --channel upgrade $work/waiting.jsonl >/dev/null
  holds "jobs are out" submitted "$(batchctl batches --json)"
  schema="$(od -An -tu4 --endian=big -j60 -N4 /var/lib/batchd/batchd.db | tr -d ' ')"
  check "apt upgrades it to $version" install_package "$newest"
  pid="$(property MainPID)"
  is "the new version runs" active "$(systemctl is-active batchd.service)"
  is "its own program" "$(stat -c %i /usr/bin/batchd)" "$(stat -L -c %i "/proc/$pid/exe")"
  holds "it says so" "ready version=$version" "$(journalctl --no-pager -o cat "_PID=$pid")"
  batchctl resume >/dev/null
  cat $work/upgrade.jsonl $work/waiting.jsonl >$work/all.jsonl
  check "everything ends" until_true 120 sh -c 'runuser -u alice -- batchctl status --json | grep -qE "\"succeeded\":130"'
  as alice batchctl results --channel upgrade >$work/upgrade.out
  answered "every answer, of jobs that were out and of what was queued" $work/all.jsonl $work/upgrade.out
  audit "upgrade"
  systemctl stop batchd.service
  now="$(od -An -tu4 --endian=big -j60 -N4 /var/lib/batchd/batchd.db | tr -d ' ')"
  if [ "$schema" != "$now" ]; then
    holds "the database was copied before its schema went from $schema to $now" "batchd.db" "$(ls /var/lib/batchd | grep -v '^batchd.db$')"
    echo "-- and back to $from, whose batchd is older than the database"
    install_package "$old"
    systemctl start batchd.service 2>/dev/null
    is "the older one doesn't touch it" failed "$(systemctl is-failed batchd.service)"
    is "and isn't tried again" "78 0" "$(property ExecMainStatus) $(property NRestarts)"
    holds "it says why" "has schema version $now, this batchd knows $schema" "$(journal | tail -5)"
    check "the newer one goes on" install_package "$newest"
    systemctl reset-failed batchd.service
    systemctl restart batchd.service
    is "with every answer" 130 "$(in_state succeeded)"
  fi
  apt-get purge -y -qq batchd >>$work/apt.log 2>&1
  rm -rf /etc/systemd/system/batchd.service.d
done

[ $failures -eq 0 ] || { echo "box: $failures failed"; journal | tail -40; tail -20 $work/apt.log; exit 1; }
echo "box: all ok"
