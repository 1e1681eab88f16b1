#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Trains the 784-128-64-10 digit classifier and writes the data files of this folder.

    python train.py --data DIR [--out DIR] [--epochs N] [--holdout N]

DIR holds the MNIST database's four IDX files, as they are distributed (gzip or plain). README.md says what is written.
Needs torch, onnx, onnxscript, numpy. The seed is fixed; another release of torch may still give other weights.
"""
import argparse
import gzip
import pathlib
import time

import numpy as np
import onnx
import torch
from torch import nn
from torch.nn import functional as F

SIDE = 28
PIXELS = SIDE * SIDE
CALIBRATION_ROWS = 500
OPSET = 20


def read_idx(folder, name):
    """One IDX file of unsigned bytes, name or name.gz, as an array of its stated shape."""
    plain = pathlib.Path(folder) / name
    packed = plain.with_name(name + ".gz")
    raw = gzip.decompress(packed.read_bytes()) if packed.exists() else plain.read_bytes()
    zeros, kind, rank = raw[0:2], raw[2], raw[3]
    if zeros != b"\0\0" or kind != 0x08:
        raise SystemExit(f"{name}: not an IDX file of unsigned bytes")
    shape = np.frombuffer(raw, ">u4", count=rank, offset=4).astype(int)
    return np.frombuffer(raw, np.uint8, offset=4 + 4 * rank).reshape(shape)


def read_test(folder):
    """The test part, whose files are called t10k-... in the original distribution and test-... in some copies."""
    original = any(pathlib.Path(folder).glob("t10k-images-idx3-ubyte*"))
    prefix = "t10k" if original else "test"
    pixels = read_idx(folder, f"{prefix}-images-idx3-ubyte").reshape(-1, PIXELS)
    return pixels, read_idx(folder, f"{prefix}-labels-idx1-ubyte").astype(np.int64)


class Classifier(nn.Module):
    """Two hidden layers. The input is (N, 784), pixel / 255; the output is ten logits."""

    def __init__(self):
        super().__init__()
        self.hidden1 = nn.Linear(PIXELS, 128)
        self.hidden2 = nn.Linear(128, 64)
        self.scores = nn.Linear(64, 10)

    def forward(self, image):
        hidden = F.relu(self.hidden1(image))
        hidden = F.relu(self.hidden2(hidden))
        return self.scores(hidden)


def distort(images):
    """Each image moved by up to 2 pixels, turned by up to 15 degrees, scaled and sheared by up to 15 %, bent a little."""
    count = images.shape[0]

    def uniform(reach):
        return (torch.rand(count) * 2 - 1) * reach

    turn, shear, shift = uniform(np.pi / 12), uniform(0.15), 2 * 2 / SIDE
    scale_x, scale_y = 1 + uniform(0.15), 1 + uniform(0.15)
    cos, sin = torch.cos(turn), torch.sin(turn)
    affine = torch.stack([
        torch.stack([cos * scale_x, -sin + shear, uniform(shift)], 1),
        torch.stack([sin, cos * scale_y, uniform(shift)], 1),
    ], 1)
    grid = F.affine_grid(affine, (count, 1, SIDE, SIDE), align_corners=False)
    bend = F.interpolate(torch.randn(count, 2, 7, 7) * 0.05, size=(SIDE, SIDE), mode="bicubic", align_corners=False)
    grid = grid + bend.permute(0, 2, 3, 1)
    square = images.view(count, 1, SIDE, SIDE)
    return F.grid_sample(square, grid, align_corners=False).view(count, PIXELS)


def accuracy(model, images, labels):
    with torch.no_grad():
        return (model(images).argmax(1) == labels).float().mean().item()


def train(model, images, labels, epochs, batch=100):
    """AdamW with a single warm-up and cosine decay. Small weights and soft labels keep the logits in a narrow range,
    which is what makes five bits a weight enough."""
    steps = epochs * (len(images) // batch)
    optimizer = torch.optim.AdamW(model.parameters(), weight_decay=0.02)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, 4e-3, total_steps=steps, pct_start=0.1)
    start = time.monotonic()
    for epoch in range(epochs):
        for rows in torch.randperm(len(images)).view(-1, batch):
            logits = model(distort(images[rows]))
            loss = F.cross_entropy(logits, labels[rows], label_smoothing=0.05)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()
        if (epoch + 1) % 10 == 0:
            print(f"epoch {epoch + 1:3d}  loss {loss.item():.4f}  {time.monotonic() - start:.0f} s", flush=True)


def strip(proto):
    """Drops what an exporter leaves about the machine it ran on: stack traces, paths, documentation."""
    nodes = list(proto.graph.node)
    values = [*proto.graph.value_info, *proto.graph.input, *proto.graph.output, *proto.graph.initializer]
    for part in [proto, proto.graph, *nodes, *values]:
        del part.metadata_props[:]
        part.doc_string = ""
    del proto.graph.value_info[:]


def export(model, path):
    sample = torch.zeros(2, PIXELS)
    program = torch.onnx.export(model, (sample,), dynamo=True, opset_version=OPSET, input_names=["image"],
                                output_names=["logits"], dynamic_shapes={"image": {0: torch.export.Dim("batch")}})
    proto = program.model_proto
    strip(proto)
    onnx.checker.check_model(proto, full_check=True)
    onnx.save(proto, path, save_as_external_data=False)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", required=True, help="folder with the four IDX files")
    parser.add_argument("--out", default=pathlib.Path(__file__).parent, type=pathlib.Path)
    parser.add_argument("--epochs", default=200, type=int)
    parser.add_argument("--holdout", default=0, type=int,
                        help="only report accuracy on this many training images left out of training; write nothing")
    args = parser.parse_args()

    torch.manual_seed(0)
    pixels = read_idx(args.data, "train-images-idx3-ubyte").reshape(-1, PIXELS)
    digits = read_idx(args.data, "train-labels-idx1-ubyte")
    images = torch.from_numpy(pixels.astype(np.float32) / 255)
    labels = torch.from_numpy(digits.astype(np.int64))
    kept = (len(images) - args.holdout) // 100 * 100

    model = Classifier()
    train(model, images[:kept], labels[:kept], args.epochs)
    model.eval()
    if args.holdout:
        print(f"held out: {100 * accuracy(model, images[-args.holdout:], labels[-args.holdout:]):.2f} %")
        return

    args.out.mkdir(parents=True, exist_ok=True)
    export(model, args.out / "mnist_mlp.onnx")
    # Evenly spaced training images: what a user would calibrate with.
    step = len(images) // CALIBRATION_ROWS
    np.save(args.out / "calibration.npy", images[::step][:CALIBRATION_ROWS].numpy())

    test_pixels, test_labels = read_test(args.data)
    test_images = (test_pixels.astype(np.float32) / 255).astype(np.float16)
    # Half precision halves the file and still tells all 256 levels apart.
    assert np.array_equal(np.rint(test_images.astype(np.float32) * 255), test_pixels)
    np.save(args.out / "test_images.npy", test_images)
    np.save(args.out / "test_labels.npy", test_labels)
    exact = accuracy(model, torch.from_numpy(test_pixels.astype(np.float32) / 255), torch.from_numpy(test_labels))
    print(f"{len(test_labels)} test images: {100 * exact:.2f} %")


if __name__ == "__main__":
    main()
