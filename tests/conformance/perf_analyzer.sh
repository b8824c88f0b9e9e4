#!/usr/bin/env bash
# Asks a server of a tiny model with perf_analyzer, unchanged, in each of its modes, and prints what it measures. Not
# part of the tests: it takes a minute, and the program, of 2023, needs libraries of CUDA to start, though no GPU.
#
#   tests/conformance/perf_analyzer.sh [folder of the built programs, default build/release/bin]
#
# Downloads to build/perf-analyzer, once: the last wheel of tritonclient with the program in it (12 MB), the wheel of
# the CUDA runtime (4 MB), and Debian's libb64.
set -euo pipefail
cd "$(dirname "$0")/../.."
programs=${1:-build/release/bin}
folder=build/perf-analyzer
seconds=2

if [[ ! -d $folder/tritonclient ]]; then
  mkdir -p "$folder"
  python3 -m pip download --quiet --no-deps --only-binary :all: --platform manylinux1_x86_64 -d "$folder" \
    tritonclient==2.41.0
  python3 -m pip download --quiet --no-deps -d "$folder" nvidia-cuda-runtime-cu12==12.9.79
  (cd "$folder" && apt-get download --quiet libb64-0d)
  dpkg -x "$folder"/libb64-0d_*.deb "$folder/libb64"
  python3 -m zipfile -e "$folder"/nvidia_cuda_runtime_*.whl "$folder/cuda"
  python3 -m zipfile -e "$folder"/tritonclient-*.whl "$folder/tritonclient"
fi
perf_analyzer=$(find "$folder/tritonclient" -name perf_analyzer -type f)
chmod +x "$perf_analyzer"
LD_LIBRARY_PATH=$(dirname "$(find "$folder/cuda" -name libcudart.so.12)"):$(dirname "$(find "$folder/libb64" -name libb64.so.0d)")
export LD_LIBRARY_PATH

models=$(mktemp -d)
log=$(mktemp)
trap 'kill "$server" 2>/dev/null; wait "$server" 2>/dev/null; rm -rf "$models" "$log"' EXIT
cat >"$models/.spec.json" <<'JSON'
{"local_vim": {"scan": {"layers": [{"directions": ["h"]}, {"directions": ["w2"]}]}, "image_height": 32,
               "image_width": 32, "patch_size": 8, "embed_dim": 16, "num_classes": 3},
 "preprocess": {"resize_short_side": 32, "crop_height": 32, "crop_width": 32}}
JSON
"$programs/localmamba_tool" init --spec "$models/.spec.json" --out "$models/tiny" >/dev/null
"$programs/localmamba_server" --model-repository "$models" --device cpu --admin false --grpc-port 0 --http-port 0 \
  --drain-delay 0s --system-shared-memory true 2>"$log" &
server=$!
until grep -q '"listening"' "$log"; do
  kill -0 "$server"
  sleep 0.1
done
port() { sed -n "s/.*\"listening\".*\"$1\":\([0-9]*\).*/\1/p" "$log"; }

measure() {
  printf '\n== perf_analyzer %s\n' "$*"
  "$perf_analyzer" -m tiny -i grpc -u "127.0.0.1:$(port grpc_port)" --measurement-interval "$((seconds * 1000))" \
    --max-trials 3 --stability-percentage 999 "$@" |
    grep -E 'Request concurrency|Request Rate|Throughput|Avg|p99|Inference count|queue|error|fail' || true
}

measure --concurrency-range 1:4:3
measure --concurrency-range 4 -b 4
measure --request-rate-range 200 --request-distribution poisson
measure --concurrency-range 4 --streaming --async
measure --concurrency-range 2 --shared-memory system --output-shared-memory-size 4096
measure --concurrency-range 2 --collect-metrics --verbose-csv --metrics-url "127.0.0.1:$(port http_port)/metrics"
