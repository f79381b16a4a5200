#!/usr/bin/env bash
# Starts the gateway alone, the last part of start-rgw.sh: also again after it was killed. Ends when it answers.
# usage: start-gateway.sh DIR PORT
set -euo pipefail
D=$1 PORT=$2
radosgw -c "$D/ceph.conf" -n client.rgw -f > "$D/log/rgw.out" 2>&1 &
echo $! >> "$D/pids"
for _ in $(seq 2400); do
  if (exec 3<> "/dev/tcp/127.0.0.1/$PORT") 2> /dev/null; then exit 0; fi
  sleep 0.05
done
echo "the gateway does not answer; see $D/log" >&2
exit 1
