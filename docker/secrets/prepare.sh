#!/bin/sh
# Makes the keys and passwords of compose.cluster.yaml beside this file. What exists is kept: with another sealing key, no
# stored token could be opened again. Keep a copy of it in another place.
set -eu
cd "$(dirname "$0")"
umask 077

make() {
  test -s "$1" || openssl rand "$2" "$3" | tr -d '\n' > "$1"
}

make sealing-key -base64 32
make owner-key -hex 32
make eventstoredb-password -hex 24
make mongodb-password -hex 24
make mongodb-key -base64 512
printf 'esdb+discover://admin:%s@eventstoredb-1:2113,eventstoredb-2:2113,eventstoredb-3:2113?tls=true&tlsCAFile=/certificates/ca/ca.crt&nodePreference=leader' \
  "$(cat eventstoredb-password)" > eventstoredb-url
printf 'mongodb://seatbook:%s@mongodb-1:27017,mongodb-2:27017,mongodb-3:27017/seatbook?replicaSet=seatbook&authSource=admin' \
  "$(cat mongodb-password)" > mongodb-url
# Containers read them as another user; the folder keeps everybody else out.
chmod 0700 .
chmod 0444 sealing-key owner-key eventstoredb-password eventstoredb-url mongodb-key mongodb-password mongodb-url
