#!/usr/bin/env bash
# Builds NanoMDM 0.9.0 where that has not been done yet (Go), and prints where it is.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)

version=v0.9.0
if [[ ! -x $here/bin/$version/nanomdm ]]; then
  GOBIN=$here/bin/$version go install "github.com/micromdm/nanomdm/cmd/nanomdm@$version" >&2
fi
echo "$here/bin/$version/nanomdm"
