#!/usr/bin/env bash
# Installs what is missing, builds everything, runs every test. Safe to run again.
#
#   tests/run.sh [ctest options]     e.g. tests/run.sh -R Scan
#
# Builds the `release` preset: with the CUDA kernels if nvcc is there. Tests that need a GPU skip without one,
# and those in Python without the packages of tests/requirements.txt.
set -euo pipefail
cd "$(dirname "$0")/.."

step() { printf '\n== %s (%(%H:%M:%S)T)\n' "$1" -1; }

step "1/5 dependencies"
deploy/install-dependencies

step "2/5 Python environment"
tests/python-env.sh

step "3/5 configure"
# A CUDA toolkit that is not on PATH is found where NVIDIA's packages put it.
if ! command -v nvcc >/dev/null && [[ -x /usr/local/cuda/bin/nvcc ]]; then
  export PATH=$PATH:/usr/local/cuda/bin
fi
cmake --preset release

step "4/5 build"
cmake --build --preset release -j "$(nproc)"

step "5/5 test"
# Tests run side by side: OpenMP workers that wait must not take the cores from other tests.
export OMP_WAIT_POLICY=${OMP_WAIT_POLICY:-passive}
ctest --test-dir build/release --output-on-failure -j "$(nproc)" --no-tests=error "$@"
