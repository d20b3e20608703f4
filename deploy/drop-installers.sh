#!/bin/bash
# deploy/drop-installers.sh PYTHON: take pip and setuptools out of a virtual environment. What runs needs neither, and those that
# Python brings along are years old, with the weaknesses known since. deploy/install-lock.sh puts pip in again when it installs.
set -euo pipefail
python=$1
"$python" -c 'import pip' 2>/dev/null || exit 0
"$python" -m pip uninstall --disable-pip-version-check --quiet --yes setuptools wheel pip 2>/dev/null
