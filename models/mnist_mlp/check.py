#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Runs mnist_mlp.onnx on the test images with ONNX Runtime, a judge that is not ours, and prints its accuracy.

    python check.py [--expect PERCENT]

Needs onnxruntime and numpy. Fails when the accuracy is below --expect.
"""
import argparse
import pathlib

import numpy as np
import onnxruntime


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--expect", default=96.0, type=float)
    args = parser.parse_args()
    here = pathlib.Path(__file__).parent

    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    session = onnxruntime.InferenceSession(here / "mnist_mlp.onnx", options, providers=["CPUExecutionProvider"])
    images = np.load(here / "test_images.npy").astype(np.float32)
    labels = np.load(here / "test_labels.npy")
    (logits,) = session.run(["logits"], {"image": images})
    (sharp,) = session.run(["logits"], {"image": np.rint(images * 255) / np.float32(255)})

    percent = 100 * np.mean(logits.argmax(1) == labels)
    print(f"{len(labels)} images: {percent:.2f} %; {100 * np.mean(sharp.argmax(1) == labels):.2f} % on the unrounded pixels, "
          f"largest difference of a logit {np.abs(sharp - logits).max():.1e}")
    if percent < args.expect:
        raise SystemExit(f"below {args.expect} %")


if __name__ == "__main__":
    main()
