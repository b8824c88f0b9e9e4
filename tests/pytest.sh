#!/usr/bin/env bash
# Runs pytest in build/python-env; exits with 77, which CTest counts as skipped, if there is none.
set -euo pipefail
python=$(dirname "$0")/../build/python-env/bin/python

if [[ ! -f $(dirname "$python")/../requirements.txt ]]; then
  echo "skipped: there is no build/python-env (tests/python-env.sh makes it)"
  exit 77
fi
exec "$python" -m pytest -p no:cacheprovider "$@"
