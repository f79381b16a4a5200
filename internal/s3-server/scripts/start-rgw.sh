#!/usr/bin/env bash
# A one-node Ceph (monitor, one store, S3 gateway) on 127.0.0.1, without systemd, manager or container.
# usage: start-rgw.sh DIR PORT     makes DIR anew; its objects are in memory. Ends when the gateway answers.
# Ports: PORT for S3, PORT+5000 for the monitor, PORT+10000 to PORT+10100 for the store. Process ids: DIR/pids.
# Needs Debian's radosgw, ceph-mon, ceph-osd and ceph-common. Access key testkey, secret key testsecret.
set -euo pipefail
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
: > "$D/pids"
monmaptool --create --clobber --fsid "$FSID" --addv a "[v1:127.0.0.1:$((PORT + 5000))]" "$D/monmap" > /dev/null
ceph-mon "${C[@]}" -i a --mkfs --monmap "$D/monmap" > /dev/null
ceph-mon "${C[@]}" -i a -f > "$D/log/mon.out" 2>&1 &
echo $! >> "$D/pids"
OSD=$(cat /proc/sys/kernel/random/uuid)
ID=$(timeout 120 ceph "${C[@]}" osd new "$OSD" 2> /dev/null)
ceph-osd "${C[@]}" -i "$ID" --mkfs --osd-uuid "$OSD" > "$D/log/osd-mkfs.out" 2>&1
ceph-osd "${C[@]}" -i "$ID" -f > "$D/log/osd.out" 2>&1 &
echo $! >> "$D/pids"
for _ in $(seq 100); do
  if timeout 10 ceph "${C[@]}" osd stat 2> /dev/null | grep -q '1 up'; then break; fi
  sleep 0.1
done
timeout 180 radosgw-admin "${C[@]}" -n client.rgw user create --uid=test --display-name=test \
  --access-key=testkey --secret-key=testsecret > "$D/log/user.out" 2>&1
exec bash "$(dirname "$0")/start-gateway.sh" "$D" "$PORT"
