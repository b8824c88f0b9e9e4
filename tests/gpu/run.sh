#!/usr/bin/env bash
# The GPU suite, run from a bundle (deploy/make-bundle.sh) on a host with an NVIDIA GPU and its driver:
#   1. every test program of the bundle, its cases on CUDA;
#   2. compute-sanitizer's memcheck and racecheck over the float16 cases, which take the kernels that the networks
#      take, or over all of a program that has none (skipped, and said so, where there is no compute-sanitizer);
#   3. benchmarks.
# Prints one table and the benchmarks; exits with 1 if anything failed.
#
#   BUNDLE/tests/gpu/run.sh [--no-sanitizer] [--no-benchmarks]
#
# Environment: LOGS, where logs go (BUNDLE/logs); BENCHMARKS, the benchmarks' filter (f16; f32 and more: .).
set -uo pipefail

bundle=$(realpath "$(dirname "$0")/../..")
logs=${LOGS:-$bundle/logs}
sanitizer=true
benchmarks=true
for argument in "$@"; do
  case $argument in
    --no-sanitizer) sanitizer=false ;;
    --no-benchmarks) benchmarks=false ;;
    *) echo "run.sh: $argument: wanted --no-sanitizer or --no-benchmarks" >&2; exit 2 ;;
  esac
done
mkdir -p "$logs"

nvidia-smi --query-gpu=name,driver_version,memory.total --format=csv,noheader || {
  echo "run.sh: no NVIDIA GPU here" >&2
  exit 1
}

# check KIND PROGRAM FILTER SECONDS LAUNCHER...: runs a test program; one line of the table into $logs/KIND.PROGRAM.
check() {
  local kind=$1 program=$2 filter=$3 limit=$4
  shift 4
  local log=$logs/$kind.$program.txt begin=$EPOCHSECONDS code result
  LAUNCHER="$*" timeout -k 5 "$limit" "$bundle/run" "$program" --gtest_filter="$filter" \
    --gtest_brief=1 >"$log" 2>&1
  code=$?
  case $code in
    0) result=pass ;;
    124 | 137) result="TIMEOUT" ;;
    *) result="FAIL ($code)" ;;
  esac
  if grep -q 'device "cuda' "$log"; then result="SKIPPED"; fi
  printf '%-10s %-24s %-10s %5s cases %4d s\n' "$kind" "$program" "$result" \
    "$(sed -n 's/^\[==========\] \([0-9]*\) tests\{0,1\} from.*ran.*/\1/p' "$log" | tail -1)" \
    $((EPOCHSECONDS - begin)) >"$logs/$kind.$program.line"
}

# Programs that have cases on CUDA. They run side by side: each uses a fraction of the GPU.
programs=()
declare -A sanitized  # filter of the cases that the sanitizers take
for path in "$bundle"/bin/*_test; do
  program=$(basename "$path")
  # One that cannot even list its cases is run, and so fails.
  cases=$("$bundle/run" "$program" --gtest_list_tests 2>&1) || cases=Cuda
  [[ $cases == *Cuda* || $cases == *GraphEngine* ]] || continue
  programs+=("$program")
  if [[ $cases == *CudaFloat16* ]]; then sanitized[$program]='*CudaFloat16*'; else sanitized[$program]='*Cuda*'; fi
done
sanitized[device_test]=CudaMemoryTest.CopiesThereAndBackInOrder  # others run out of memory on purpose
rm -f "$logs"/*.line
for program in "${programs[@]}"; do check test "$program" '*Cuda*:*GraphEngine*' 120 & done
wait
if $sanitizer; then
  if command -v compute-sanitizer >/dev/null; then
    for program in "${programs[@]}"; do
      # Whole networks would take a sanitizer minutes, and launch no kernel that its own test does not.
      [[ $program =~ ^(golden_.*|engine_test|trainer_test)$ ]] && continue
      check memcheck "$program" "${sanitized[$program]}" 100 \
        compute-sanitizer --tool memcheck --error-exitcode 99 &
      [[ $program == device_test ]] && continue  # launches no kernel of several threads
      check racecheck "$program" "${sanitized[$program]}" 100 \
        compute-sanitizer --tool racecheck --error-exitcode 99 &
    done
    wait
  else
    echo "run.sh: compute-sanitizer is not here: no memcheck and no racecheck"
  fi
fi

echo
cat "$logs"/test.*.line "$logs"/memcheck.*.line "$logs"/racecheck.*.line 2>/dev/null
failed=$(cat "$logs"/*.line | grep -cv ' pass ')
grep -lv ' pass ' "$logs"/*.line | while IFS= read -r line; do
  echo
  echo "== ${line%.line}.txt"
  grep -E 'Failure|FAILED|Expected|The difference|evaluates|actual|=========|error' "${line%.line}.txt" | head -12
done

if $benchmarks && [[ -x $bundle/bin/kernel_bench ]]; then
  echo
  timeout -k 5 300 "$bundle/run" kernel_bench --benchmark_filter="^copy|${BENCHMARKS:-f16}" \
    --benchmark_min_time=0.02 2>"$logs/kernel_bench.err" | tee "$logs/kernel_bench.txt"
  [[ ${PIPESTATUS[0]} -eq 0 ]] || failed=$((failed + 1))
fi
echo
[[ $failed -eq 0 ]] && echo "GPU suite: green" || echo "GPU suite: $failed FAILED"
[[ $failed -eq 0 ]]
