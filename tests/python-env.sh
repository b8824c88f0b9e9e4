#!/usr/bin/env bash
# Makes build/python-env, the virtual environment that the Python tests run in, of tests/requirements.txt. With nothing
# changed since the last time it does nothing. The packages come from whatever index pip is set up to use.
#
# If they cannot be had, it says so and exits with 0: the tests that need them are then skipped, which CTest lists at its
# end, and all others still run.
set -euo pipefail
cd "$(dirname "$0")/.."

env=build/python-env
installed=$env/requirements.txt  # written last: its presence says that the environment is whole

if cmp -s tests/requirements.txt "$installed" && "$env/bin/python" -c '' 2>/dev/null; then
  echo "python-env: up to date"
  exit 0
fi

# The distribution's Python, which the distribution's venv package belongs to, whatever comes first on PATH.
rm -rf "$env"
mkdir -p build
if /usr/bin/python3 -m venv "$env" &&
   "$env/bin/pip" install --quiet --disable-pip-version-check --only-binary :all: -r tests/requirements.txt; then
  cp tests/requirements.txt "$installed"
  echo "python-env: made $env"
  exit 0
fi

rm -rf "$env"
echo "python-env: cannot install tests/requirements.txt; the tests that need build/python-env will be skipped" >&2
