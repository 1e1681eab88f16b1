#!/usr/bin/env bash
# Installs what is missing, builds, and lets a server that cannot see them recognise ten handwritten digits.
# usage: ./demo.sh [NUMBER OF DIGITS]
set -euo pipefail
cd "$(dirname "$0")"
. tools/install.sh
digits=${1:-10}

need_packages gcc libc6-dev meson ninja-build pkg-config python3 libsodium-dev libjansson-dev
need_meson
mkdir -p build
[ -d build/demo ] || meson setup build/demo --buildtype=release -Dtests=false >build/demo.setup.log 2>&1 || { cat build/demo.setup.log; exit 1; }
ninja -C build/demo >build/demo.log 2>&1 || { tail -n 40 build/demo.log; exit 1; }
nescio=$PWD/build/demo/cli/nescio
model=$PWD/models/mnist_mlp

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir "$work/owner" "$work/client" "$work/server"

echo "The model's owner compiles it and hands out its two parts:"
(cd "$work/owner" && "$nescio" compile "$model/mnist_mlp.onnx" --calibration "$model/calibration.npy" -o model.nescio &&
    "$nescio" split model.nescio --client ../client/client.nescio --server ../server/server.nescio)

echo "The client makes keys and encrypts $digits digits; secret.key never leaves its folder:"
(cd "$work/client" && "$nescio" keygen client.nescio --secret secret.key --evaluation evaluation.key &&
    "$nescio" encrypt client.nescio --secret secret.key --input "$model/test_images.npy" --rows "$digits" -o x.ct)
mv "$work/client/evaluation.key" "$work/client/x.ct" "$work/server/"
ls -l "$work/client" "$work/server" | awk 'NF > 8 {printf "    %-16s %10d bytes\n", $9, $5}'

echo "The server, a process with no secret, computes on what it cannot read:"
(cd "$work/server" && "$nescio" evaluate server.nescio --evaluation evaluation.key --input x.ct -o y.ct --json >evaluate.json)
mv "$work/server/y.ct" "$work/client/"

(cd "$work/client" && "$nescio" decrypt client.nescio --secret secret.key --input y.ct -o logits.npy)
(cd "$work/owner" && "$nescio" estimate model.nescio --json >estimate.json &&
    "$nescio" predict model.nescio --fhe disable --input "$model/test_images.npy" --rows "$digits" -o clear.npy --quiet)
python3 tools/demo_show.py "$model" "$work" "$digits"
