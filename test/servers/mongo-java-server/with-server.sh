#!/usr/bin/env bash
# Runs a command with MONGODB_URL of mongo-java-server 1.47.0 (Maven, JDK 17), for the time of the command.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
"$here/install.sh"

data=$(mktemp -d)
trap 'rm -rf "$data"' EXIT
coproc server { exec java -cp "$here/target:$here/target/lib/*" Main "$data/mongo.mv" 2>"$data/log"; }
server_pid=$server_PID
if ! read -r -t 60 url <&"${server[0]}"; then
  cat "$data/log" >&2
  exit 1
fi
status=0
MONGODB_URL="$url/?retryWrites=false" "$@" || status=$?
kill "$server_pid" 2>/dev/null || true
wait "$server_pid" 2>/dev/null || true
exit "$status"
