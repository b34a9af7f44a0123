#!/usr/bin/env bash
# Tries the whole API as its document describes it: what each operation answers to requests that the document allows and
# to such that it does not, and to chains of requests along its links. Needs a build.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$here/../.." && pwd)
# Longer than it takes on two processors.
limit_seconds=300

venv=$("$here/install.sh")

folder=$(mktemp -d)
product=
finish() {
  if [[ -n $product ]]; then
    kill "$product" 2>/dev/null || true
    wait "$product" 2>/dev/null || true
  fi
  rm -rf "$folder"
}
trap finish EXIT

export OWNER_KEY=owner-key-of-the-fuzzer-0123456789abcdef
cd "$folder"
SEATBOOK_PORT=0 SIMULATOR_PORT=0 SEATBOOK_OWNER_KEY=$OWNER_KEY \
  SEATBOOK_WAIT_MAX_MS=2000 \
  SEATBOOK_THROTTLE_REQUESTS_PER_SECOND=1000000 SEATBOOK_THROTTLE_FAILURES_PER_MINUTE=1000000 \
  node "$root/apps/standalone/dist/start.js" >"$folder/welcome" &
product=$!
until grep -q Ctrl-C "$folder/welcome"; do
  kill -0 "$product"
  sleep 0.2
done
url=$(sed -n 's/^  Seatbook  *//p' "$folder/welcome")

# The accounts of the examples, with all that Apple holds.
for name in berlin lyon; do
  curl --silent --show-error --fail --output "$folder/account" -H "Authorization: Bearer $OWNER_KEY" \
    -F "name=$name" -F "token=@data/simulator/$name.vpptoken" "$url/api/v1/accounts"
done
until curl --silent --fail -H "Authorization: Bearer $OWNER_KEY" "$url/api/v1/accounts" | grep -q '"completed":true.*"completed":true'; do
  sleep 0.2
done

# Where its hooks are looked for.
cp "$here/hooks.py" .
# An order for its lists to have.
curl --silent --show-error --fail --output "$folder/order" -H "Authorization: Bearer $OWNER_KEY" \
  -H 'Content-Type: application/json' "$url/api/v1/orders" \
  -d '{"kind":"AssignLicense","accountId":"7700000000000001","assetIds":["900000001"],"serialNumbers":["C02XK0AAHV29"]}'

timeout "$limit_seconds" "$venv/bin/schemathesis" --config-file "$here/schemathesis.toml" \
  run "$root/docs/openapi.json" --url "$url" "$@"
