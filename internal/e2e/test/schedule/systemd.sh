#!/bin/sh
# Runs one unit with a real systemd: a user's manager, but run by root, so that it makes namespaces as the system's does, in
# namespaces of its own, so that nothing of the machine is touched. Prints how the unit ended, and what it printed.
# $1: the folder of the units; $2: a scratch folder; $3: the name of the service
set -eu
mount -t proc proc /proc
mount -t tmpfs tmpfs /run
export XDG_RUNTIME_DIR=/run/quackup XDG_CONFIG_HOME="$2/config" HOME="$2"
# A user's manager looks for this folder to see that the system runs systemd.
mkdir -p "$XDG_RUNTIME_DIR" "$XDG_CONFIG_HOME/systemd" /run/systemd/system
# What the system's manager makes, and units of the system bind over what they shall not see.
ln -s "$XDG_RUNTIME_DIR/systemd/inaccessible" /run/systemd/inaccessible
ln -sfn "$1" "$XDG_CONFIG_HOME/systemd/user"
/lib/systemd/systemd --user --log-target=console >"$2/manager.log" 2>&1 &
manager=$!
tries=0
until systemctl --user show-environment >/dev/null 2>&1; do
  tries=$((tries + 1))
  [ "$tries" -lt 100 ] || { cat "$2/manager.log"; exit 1; }
  sleep 0.1
done
systemctl --user start "$3" 2>/dev/null || true
systemctl --user show "$3" --property=Result --property=ExecMainStatus
kill "$manager"
wait "$manager" 2>/dev/null || true
