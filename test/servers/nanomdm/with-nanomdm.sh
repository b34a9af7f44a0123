#!/usr/bin/env bash
# Runs a command with NANOMDM, the path of the program NanoMDM 0.9.0 (Go); what the command starts of it, it ends.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
NANOMDM=$("$here/install.sh") exec "$@"
