#!/usr/bin/env bash
# Makes a folder of programs, tests and benchmarks with the shared libraries they need, which runs on another
# x86-64 Linux host. Not in it: glibc, the NVIDIA driver and CUDA's own libraries, which the host brings.
#
#   deploy/make-bundle.sh BUILD_FOLDER BUNDLE_FOLDER [NAME...]
#
# With NAMEs (shell patterns, such as '*_test') only programs that match one. What is built already is taken; nothing
# is built. Use: BUNDLE_FOLDER/run PROGRAM [arguments], or BUNDLE_FOLDER/tests/gpu/run.sh.
set -euo pipefail

[[ $# -ge 2 ]] || { sed -n '2,/^set/{/^set/d;s/^# \{0,1\}//;p}' "$0"; exit 2; }
source_folder=$(cd "$(dirname "$0")/.." && pwd)
build=$(realpath "$1")
bundle=$(realpath -m "$2")
shift 2
patterns=("$@")

wanted() {
  [[ ${#patterns[@]} -gt 0 ]] || return 0
  local pattern
  for pattern in "${patterns[@]}"; do
    # shellcheck disable=SC2053  # the right side is a pattern
    [[ $1 == $pattern ]] && return 0
  done
  return 1
}

if [[ -e $bundle && ! -e $bundle/run ]]; then
  echo "make-bundle: $bundle exists and is no bundle" >&2
  exit 2
fi
rm -rf "$bundle"
mkdir -p "$bundle"/{bin,lib,source}

# The programs, stripped.
count=0
while IFS= read -r program; do
  name=$(basename "$program")
  if ! wanted "$name" || ! file -b "$program" | grep -q '^ELF.*executable'; then continue; fi
  strip -o "$bundle/bin/$name" "$program"
  count=$((count + 1))
done < <(find "$build" -path '*/CMakeFiles' -prune -o -type f -executable -not -name '*.so*' -print)
[[ $count -gt 0 ]] || { echo "make-bundle: no program of that name in $build" >&2; exit 1; }

# The libraries they load, except the host's.
host='^(ld-linux-x86-64|libc|libm|libpthread|librt|libdl|libresolv|libutil|libanl)\.so'
cuda='^lib(cuda|cudart|cublas|cublasLt|cudnn.*|nvrtc.*|nvJitLink|nvidia-ml|nccl)\.so'
find "$bundle/bin" -type f -exec ldd {} + | awk '$2 == "=>" {print $1, $3}' | sort -u |
  while read -r name path; do
    if [[ $name =~ $host || $name =~ $cuda ]]; then continue; fi
    [[ $path == /* ]] || { echo "make-bundle: $name is not found on this host" >&2; exit 1; }
    strip --strip-unneeded -o "$bundle/lib/$name" "$path"
  done

# What tests read, and the scripts.
(cd "$source_folder" && cp -r --parents -t "$bundle/source" tests/golden deploy/samples model/vision/data)
mkdir -p "$bundle/tests/gpu"
cp "$source_folder/tests/gpu/run.sh" "$bundle/tests/gpu/"
cat >"$bundle/run" <<'EOF'
#!/usr/bin/env bash
# run PROGRAM [arguments]: a program of this bundle with the bundle's libraries and the host's CUDA libraries.
here=$(dirname "$(realpath "$0")")
libraries=$here/lib
# Where the host's loader would not look by itself.
for name in libcublasLt.so.13 libcudnn.so.9; do
  ldconfig -p 2>/dev/null | grep -qF "$name" && continue
  for file in "${CUDA_HOME:-/usr/local/cuda}"/{lib64,lib,targets/x86_64-linux/lib}/"$name" \
    /usr/local/cuda-13*/lib64/"$name" \
    {/usr,/usr/local,/opt/*,/opt/*/.venv}/lib/python3*/{dist,site}-packages/nvidia/{cu13,cublas,cudnn}/lib/"$name"; do
    if [[ -e $file ]]; then libraries+=:$(dirname "$file"); break; fi
  done
done
export LD_LIBRARY_PATH=$libraries${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}
export LOCALMAMBA_SOURCE_DIR=$here/source
program=$here/bin/$1
shift
# LAUNCHER: a program to run it under, such as compute-sanitizer.
exec ${LAUNCHER:-} "$program" "$@"
EOF
chmod +x "$bundle/run"
echo "make-bundle: $count programs, $(find "$bundle/lib" -type f | wc -l) libraries," \
  "$(du -sm "$bundle" | cut -f1) MiB in $bundle"
