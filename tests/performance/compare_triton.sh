#!/usr/bin/env bash
# perf_analyzer's figures of Triton Inference Server beside ours, in turn, on the same machine: Triton answers zeros from
# its Python backend, ours the logits of a tiny network (two layers, images of 32 x 32).
#
#   tests/performance/compare_triton.sh [folder of the built programs, default build/release/bin] [rounds, default 3]
#
# Needs what tests/conformance/perf_analyzer.sh has downloaded, Debian's libpython3.11 and python3-venv. Downloads to
# build/triton, once: nvidia-pytriton (55 MB), whose wheel carries the server.
set -euo pipefail
cd "$(dirname "$0")/../.."
programs=${1:-build/release/bin}
rounds=${2:-3}
folder=$PWD/build/triton

if [[ ! -d $folder/env ]]; then
  /usr/bin/python3 -m venv "$folder/env"
  "$folder/env/bin/pip" install --quiet nvidia-pytriton
fi
packages=$(echo "$folder"/env/lib/python3*/site-packages)
triton=$packages/pytriton/tritonserver
cp "$triton/python_backend_stubs/$(basename "$(dirname "$packages")" | sed s/python//)/triton_python_backend_stub" \
  "$triton/backends/python/"

models=$(mktemp -d)
trap 'kill "${servers[@]}" 2>/dev/null; wait "${servers[@]}" 2>/dev/null; rm -rf "$models"' EXIT
servers=()
mkdir -p "$models/triton/tiny/1" "$models/ours"
cat >"$models/triton/tiny/config.pbtxt" <<'PBTXT'
backend: "python"
max_batch_size: 8
dynamic_batching {}
input [ { name: "pixels" data_type: TYPE_UINT8 dims: [ 32, 32, 3 ] } ]
output [ { name: "logits" data_type: TYPE_FP32 dims: [ 3 ] } ]
instance_group [ { kind: KIND_CPU count: 1 } ]
PBTXT
cat >"$models/triton/tiny/1/model.py" <<'PYTHON'
import numpy as np
import triton_python_backend_utils as pb


class TritonPythonModel:
    def execute(self, requests):
        batches = (pb.get_input_tensor_by_name(request, "pixels").shape()[0] for request in requests)
        return [pb.InferenceResponse([pb.Tensor("logits", np.zeros((batch, 3), np.float32))]) for batch in batches]
PYTHON
cat >"$models/.spec.json" <<'JSON'
{"local_vim": {"scan": {"layers": [{"directions": ["h"]}, {"directions": ["w2"]}]}, "image_height": 32,
               "image_width": 32, "patch_size": 8, "embed_dim": 16, "num_classes": 3},
 "preprocess": {"resize_short_side": 32, "crop_height": 32, "crop_width": 32}}
JSON
"$programs/localmamba_tool" init --spec "$models/.spec.json" --out "$models/ours/tiny" >/dev/null

env -u PYTHONHOME PATH=/usr/bin:/bin PYTHONPATH="$packages" LD_LIBRARY_PATH="$packages/nvidia_pytriton.libs" \
  "$triton/bin/tritonserver" --model-repository "$models/triton" --backend-directory "$triton/backends" \
  --grpc-port 18601 --http-port 18602 --metrics-port 18603 --allow-gpu-metrics false >"$models/triton.log" 2>&1 &
servers+=($!)
"$programs/localmamba_server" --model-repository "$models/ours" --device cpu --cpu-threads 1 --admin false \
  --grpc-port 18604 --http-port 18605 --drain-delay 0s 2>"$models/ours.log" &
servers+=($!)
until grep -q 'Started Metrics Service' "$models/triton.log" && grep -q '"listening"' "$models/ours.log"; do
  kill -0 "${servers[@]}"
  sleep 0.1
done

libraries=build/perf-analyzer
perf_analyzer=$(find "$libraries/tritonclient" -name perf_analyzer -type f)
LD_LIBRARY_PATH=$(dirname "$(find "$libraries/cuda" -name libcudart.so.12)"):$(dirname "$(find "$libraries/libb64" -name libb64.so.0d)")
export LD_LIBRARY_PATH
for ((round = 0; round < rounds; ++round)); do
  for server in triton:18601 ours:18604; do
    for in_flight in 1 8 32; do
      printf '%-7s %2d in flight: ' "${server%:*}" "$in_flight"
      "$perf_analyzer" -m tiny -i grpc -u "127.0.0.1:${server#*:}" --measurement-interval 2000 --max-trials 3 \
        --stability-percentage 999 --concurrency-range "$in_flight" |
        sed -n 's/^ *Throughput: /throughput /p; s/^ *p99 latency: /p99 /p' | paste -sd ' '
    done
  done
done
