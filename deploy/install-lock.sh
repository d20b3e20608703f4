#!/bin/bash
# deploy/install-lock.sh PYTHON LOCK: install a complete lock exactly as it is, then see that nothing is missing.
# --no-deps: pip 23 (Debian 12, Python 3.11) asks the index again for every "package[extra]" that a locked package needs and
# refuses a newer release of it, although the lock pins one. The lock is complete (deploy/lock.sh), so nothing is to be resolved.
# pip is put in where it was taken out again (deploy/drop-installers.sh).
set -euo pipefail
python=$1 lock=$2
"$python" -c 'import pip' 2>/dev/null || "$python" -m ensurepip >/dev/null
"$python" -m pip install --disable-pip-version-check --no-input --progress-bar off --no-deps --require-hashes -r "$lock"
"$python" -m pip check
