#!/usr/bin/env bash
# Builds the fuzz targets with Clang and sanitizers and searches each for a while. A finding ends the run with
# its input in build/fuzz/findings; what was reached is kept in build/fuzz/corpus, and the next run begins there.
#
# Needs the packages clang, libclang-rt-dev and libomp-dev beside those of deploy/install-dependencies.
#
#   tests/fuzz/run.sh [seconds per target, default 60] [target...]
set -euo pipefail
cd "$(dirname "$0")/../.."

seconds=${1:-60}
shift || true
if ! command -v clang++ >/dev/null; then
  echo "tests/fuzz/run.sh: needs clang++ (packages clang, libclang-rt-dev and libomp-dev)" >&2
  exit 2
fi
cmake --preset fuzz
cmake --build --preset fuzz --target fuzzers -j "$(nproc)"

programs=build/fuzz/fuzz
targets=("$@")
if [[ ${#targets[@]} -eq 0 ]]; then
  for replay in "$programs"/*_replay; do targets+=("$(basename "${replay%_replay}")"); done
fi
mkdir -p build/fuzz/findings
for target in "${targets[@]}"; do
  printf '\n== %s: %s seconds\n' "$target" "$seconds"
  corpus=build/fuzz/corpus/$target
  mkdir -p "$corpus"
  "$programs/${target}_replay" --write-seeds "$corpus"
  "$programs/$target" "$corpus" -max_total_time="$seconds" -max_len=16384 -timeout=10 -rss_limit_mb=2048 \
    -artifact_prefix="build/fuzz/findings/$target-" -print_final_stats=1 -verbosity=0
done
echo "no findings"
