#!/usr/bin/env bash
# Builds with sanitizers and runs every test under each. Long: a build of its own for each sanitizer.
#
#   tests/sanitize.sh [asan] [ubsan] [tsan]     default: all three
#
# tsan: the OpenMP runtime is not instrumented, so its worker threads look like races; loops are kept on one thread
# (OMP_THREAD_LIMIT) and what is checked is everything between the server's own threads.
set -euo pipefail
cd "$(dirname "$0")/.."

presets=("$@")
[[ ${#presets[@]} -gt 0 ]] || presets=(asan ubsan tsan)
deploy/install-dependencies
for preset in "${presets[@]}"; do
  printf '\n== %s\n' "$preset"
  cmake --preset "$preset"
  cmake --build --preset "$preset" -j "$(nproc)"
  environment=(ASAN_OPTIONS=detect_leaks=1 UBSAN_OPTIONS=print_stacktrace=1)
  [[ $preset != tsan ]] || environment+=(OMP_THREAD_LIMIT=1 "TSAN_OPTIONS=halt_on_error=1 suppressions=$PWD/tests/tsan_suppressions.txt")
  env "${environment[@]}" ctest --test-dir "build/$preset" --output-on-failure -j "$(nproc)" --no-tests=error
done
