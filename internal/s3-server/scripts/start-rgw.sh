#!/usr/bin/env bash
# A one-node Ceph (monitor, one store, S3 gateway) on 127.0.0.1, without systemd, manager or container.
# usage: start-rgw.sh DIR PORT     makes DIR anew; its objects are in memory. Ends when the gateway answers.
# Ports: PORT for S3, PORT+5000 for the monitor, PORT+10000 to PORT+10100 for the store. Process ids: DIR/pids.
# If it fails it says at which step, and what Ceph wrote last.
# Needs Debian's radosgw, ceph-mon, ceph-osd and ceph-common. Access key testkey, secret key testsecret.
set -Eeuo pipefail
D=$1 PORT=$2
rm -rf "$D"
mkdir -p "$D"/{mon,osd,rgw,run,log}
FSID=$(cat /proc/sys/kernel/random/uuid)
cat > "$D/ceph.conf" <<C
[global]
fsid = $FSID
mon host = [v1:127.0.0.1:$((PORT + 5000))]
mon initial members = a
auth cluster required = none
auth service required = none
auth client required = none
public addr = 127.0.0.1
cluster addr = 127.0.0.1
ms bind ipv6 = false
ms bind port min = $((PORT + 10000))
ms bind port max = $((PORT + 10100))
run dir = $D/run
log file = $D/log/\$name.log
admin socket = $D/run/\$name.asok
pid file =
crash dir = $D/run
osd pool default size = 1
osd pool default min size = 1
osd pool default pg num = 1
osd pool default pgp num = 1
osd pool default pg autoscale mode = off
osd crush chooseleaf type = 0
mon allow pool size one = true
mon max pg per osd = 1000
paxos propose interval = 0.05
paxos min wait = 0.01
mon data avail crit = 1
mon data avail warn = 1
mon osd full ratio = 0.99
mon data = $D/mon
osd data = $D/osd
osd objectstore = memstore
memstore device bytes = 4294967296
osd memory target = 939524096
osd op num shards = 1
osd op num threads per shard = 2
debug mon = 0
debug paxos = 0
debug osd = 0
debug ms = 0
debug rgw = 1
[client.rgw]
rgw data = $D/rgw
rgw frontends = beast endpoint=127.0.0.1:$PORT
rgw thread pool size = 16
rgw num rados handles = 1
rgw enable usage log = false
rgw enable ops log = false
rgw run sync thread = false
rgw dns name = localhost
rgw crypt require ssl = false
rgw gc obj min wait = 1
rgw gc processor period = 60
C
C=(-c "$D/ceph.conf")
explain() {
  echo "start-rgw.sh: \"$2\" at line $1 failed" >&2
  for log in "$D"/log/*; do if [ -s "$log" ]; then echo "$log:" >&2; tail -n 5 "$log" | cut -c -300 >&2; fi; done
}
trap 'explain "$LINENO" "$BASH_COMMAND"' ERR
: > "$D/pids"
monmaptool --create --clobber --fsid "$FSID" --addv a "[v1:127.0.0.1:$((PORT + 5000))]" "$D/monmap" > /dev/null
ceph-mon "${C[@]}" -i a --mkfs --monmap "$D/monmap" > /dev/null
ceph-mon "${C[@]}" -i a -f > "$D/log/mon.out" 2>&1 &
echo $! >> "$D/pids"
# Whoever asks a monitor for something before it has told them which cluster this is, is refused as of the "wrong fsid" (beside other
# work one start in seven): so all is asked for up to five times, and the store, which ends if it is refused, is started as often.
retry() {
  local tries=1
  until "$@"; do
    [ "$tries" -lt 5 ] || return 1
    tries=$((tries + 1))
    sleep 0.1
  done
}
# The same number again if it is asked for twice.
OSD=$(cat /proc/sys/kernel/random/uuid)
new_store() { timeout 60 ceph "${C[@]}" osd new "$OSD" > "$D/id" 2> "$D/log/osd-new.out"; }
retry new_store
ID=$(cat "$D/id")
ceph-osd "${C[@]}" -i "$ID" --mkfs --osd-uuid "$OSD" > "$D/log/osd-mkfs.out" 2>&1
start_store() {
  ceph-osd "${C[@]}" -i "$ID" -f >> "$D/log/osd.out" 2>&1 &
  local store=$!
  for _ in $(seq 100); do
    if timeout 10 ceph "${C[@]}" osd stat 2> /dev/null | grep -q '1 up'; then
      echo "$store" >> "$D/pids"
      return 0
    fi
    kill -0 "$store" 2> /dev/null || return 1
    sleep 0.1
  done
  kill -9 "$store"
  return 1
}
retry start_store
# Some of it may have been made by a try before, but not the user, which is the last.
new_user() {
  timeout 60 radosgw-admin "${C[@]}" -n client.rgw user create --uid=test --display-name=test \
    --access-key=testkey --secret-key=testsecret > "$D/log/user.out" 2>&1
}
retry new_user
exec bash "$(dirname "$0")/start-gateway.sh" "$D" "$PORT"
