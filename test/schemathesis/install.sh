#!/usr/bin/env bash
# Installs the fuzzer where it is not yet, and prints the folder of its virtual environment. Needs Python 3.10 or newer.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)

version=$(sha256sum "$here/requirements.txt" | cut -c1-12)
venv=${XDG_CACHE_HOME:-$HOME/.cache}/seatbook/schemathesis-$version
if [[ ! -e $venv/installed ]]; then
  python3 -m venv --clear "$venv"
  "$venv/bin/pip" install --quiet --disable-pip-version-check -r "$here/requirements.txt" >&2
  touch "$venv/installed"
fi
echo "$venv"
