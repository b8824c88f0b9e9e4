#!/usr/bin/env bash
# From nothing to an answer: installs what is missing, builds, starts a server, classifies sample images through it,
# detects and segments in them, shows the answers, leaves pictures of them in build/demo, and stops the server. Safe to
# run again.
#
#   deploy/demo.sh [IMAGE...]     your own images instead of deploy/samples
set -euo pipefail
images=()
for image in "$@"; do images+=("$(realpath -- "$image")"); done
cd "$(dirname "$0")/.."
[[ ${#images[@]} -gt 0 ]] || images=(deploy/samples/*.jpg)

step() { printf '\n== %s (%(%H:%M:%S)T)\n' "$1" -1; }
fail() { echo "demo: $1" >&2; exit 1; }

step "1/6 dependencies"
deploy/install-dependencies

step "2/6 build"
if ! command -v nvcc >/dev/null && [[ -x /usr/local/cuda/bin/nvcc ]]; then
  export PATH=$PATH:/usr/local/cuda/bin
fi
cmake --preset release >/dev/null
cmake --build --preset release -j "$(nproc)" --target localmamba_server localmamba localmamba_tool
programs=build/release/bin

step "3/6 models"
# The classifier is trained (deploy/models/cifar10/README.md). Of the others there are no weights that we may ship, so
# they are initialised from a seed: their answers exercise the whole path but mean nothing.
work=build/demo
rm -rf "$work"
mkdir -p "$work/models"
cp -r deploy/models/cifar10 "$work/models/"
"$programs/localmamba_tool" init --variant mask_rcnn_local_vssm_tiny_fpn_coco --seed 0 --out "$work/models/detector"
"$programs/localmamba_tool" init --variant upernet_local_vssm_tiny_8xb2-160k_ade20k-512x512 --seed 0 \
  --out "$work/models/segmenter"

step "4/6 server"
"$programs/localmamba_server" --model-repository "$work/models" --grpc-port 0 --http-port 0 --admin-port 0 \
  --drain-delay 0s >"$work/server.log" 2>&1 &
server=$!
trap 'kill "$server" 2>/dev/null || true' EXIT
# The line "listening" of the log has the ports.
port_of() { sed -n "s/.*\"message\":\"listening\".*\"$1\":\([0-9]*\).*/\1/p; s/.*\"$1\":\([0-9]*\).*\"message\":\"listening\".*/\1/p" "$work/server.log"; }
for ((i = 0; i < 3000; ++i)); do
  [[ -z $(port_of grpc_port) ]] || break
  kill -0 "$server" 2>/dev/null || { cat "$work/server.log" >&2; fail "the server did not start"; }
  read -r -t 0.1 <> <(:) || true
done
grpc_port=$(port_of grpc_port)
http_port=$(port_of http_port)
[[ -n $grpc_port ]] || fail "the server was not ready within five minutes; see $work/server.log"
echo "serving gRPC on 127.0.0.1:$grpc_port, metrics on http://127.0.0.1:$http_port/metrics"
"$programs/localmamba" models --server "127.0.0.1:$grpc_port"

step "5/6 classify"
echo "(the model knows the ten classes of CIFAR-10, a cat among them; other things get one of these names as well)"
"$programs/localmamba" classify --server "127.0.0.1:$grpc_port" --model cifar10 --top-k 3 "${images[@]}"

step "6/6 detect and segment"
echo "(initialised from a seed, not trained: what is found carries no meaning, and its scores are low)"
"$programs/localmamba" detect --server "127.0.0.1:$grpc_port" --timeout 5m --model detector --max-detections 5 \
  --overlay "$work/objects/" "${images[@]}"
"$programs/localmamba" segment --server "127.0.0.1:$grpc_port" --timeout 5m --model segmenter \
  --overlay "$work/regions/" "${images[@]}"
echo "pictures: $work/objects/*.png, $work/regions/*.png"

kill -TERM "$server"
trap - EXIT
wait "$server" || fail "the server did not stop cleanly; see $work/server.log"
echo
echo "demo: done. Next: README.md, docs/model-format.md for your own weights."
