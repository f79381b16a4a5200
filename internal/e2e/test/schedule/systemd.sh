#!/bin/sh
# Runs a command beside a real systemd: a user's manager, but run by root, so that it makes namespaces as the system's does, and in
# namespaces and control groups of its own, so that nothing of the machine is touched.
# $1: a scratch folder, home of the manager; the rest: the command
set -eu
scratch=$1
shift

# A manager takes every process of the control group that it is in; so it gets one for itself, in each hierarchy.
group=quackup-test-$(cut -d- -f1 /proc/sys/kernel/random/uuid)
if [ -e /sys/fs/cgroup/cgroup.procs ]; then
  hierarchies=/sys/fs/cgroup
else
  # A new group of cpuset has no processors and takes nobody.
  hierarchies=$(find /sys/fs/cgroup -mindepth 1 -maxdepth 1 -type d ! -name '*cpuset*')
fi
for root in $hierarchies; do
  mkdir "$root/$group"
  echo 0 >"$root/$group/cgroup.procs"
done
leave() {
  for root in $hierarchies; do
    echo 0 >"$root/cgroup.procs"
    find "$root/$group" -depth -type d -exec rmdir {} +
  done
}
trap leave EXIT

mount -t proc proc /proc
mount -t tmpfs tmpfs /run
export XDG_RUNTIME_DIR=/run/quackup XDG_CONFIG_HOME="$scratch/config" HOME="$scratch"
# A user's manager looks for the last of these to see that the system runs systemd.
mkdir -p "$XDG_RUNTIME_DIR" "$XDG_CONFIG_HOME/systemd/user" /run/systemd/system
# What the system's manager makes, and units of the system bind over what they shall not see.
ln -s "$XDG_RUNTIME_DIR/systemd/inaccessible" /run/systemd/inaccessible
/lib/systemd/systemd --user --log-target=console >"$scratch/manager.log" 2>&1 &
manager=$!
tries=0
until systemctl --user show-environment >/dev/null 2>&1; do
  tries=$((tries + 1))
  [ "$tries" -lt 100 ] || { cat "$scratch/manager.log"; exit 1; }
  sleep 0.1
done
status=0
"$@" || status=$?
kill "$manager"
wait "$manager" 2>/dev/null || true
exit "$status"
