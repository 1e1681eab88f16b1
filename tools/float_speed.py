#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The float executor beside onnxruntime on one thread: ResNet-18 and MobileNet with random weights, one 224 x 224 image.
usage: float_speed.py BUILD/tests/models/float_seconds     (needs onnx, onnxruntime)
Runs alternate in rounds; each side's figure is the minimum of the thread's CPU time."""
import os, subprocess, sys, tempfile, time
import numpy as np, onnx, onnxruntime
from onnx import TensorProto, helper, numpy_helper

ROUNDS, RUNS = 6, 5


class Builder:
    """ONNX nodes one behind the other; every method returns the name of its result."""

    def __init__(self):
        self.random, self.nodes, self.weights = np.random.default_rng(0), [], []

    def weight(self, *shape):
        scale = np.sqrt(2 / max(1, np.prod(shape[1:])))
        self.weights.append(numpy_helper.from_array((self.random.standard_normal(shape) * scale).astype(np.float32),
                                                    f'w{len(self.weights)}'))
        return self.weights[-1].name

    def node(self, op, *inputs, **attributes):
        name = f'{op.lower()}{len(self.nodes)}'
        self.nodes.append(helper.make_node(op, inputs, [name], **attributes))
        return name

    def conv(self, x, channels, filters, kernel, stride, group=1):
        return self.node('Conv', x, self.weight(filters, channels // group, kernel, kernel), self.weight(filters), strides=[stride] * 2,
                         kernel_shape=[kernel] * 2, pads=[kernel // 2] * 4, group=group)

    def block(self, x, channels, filters, stride):
        y = self.node('Relu', self.conv(x, channels, filters, 3, stride))
        y = self.conv(y, filters, filters, 3, 1)
        if channels != filters:
            x = self.conv(x, channels, filters, 1, stride)
        return self.node('Relu', self.node('Add', y, x))

    def separable(self, x, channels, filters, stride):
        y = self.node('Relu', self.conv(x, channels, channels, 3, stride, channels))
        return self.node('Relu', self.conv(y, channels, filters, 1, 1))

    def classifier(self, x, channels):
        """Ends the network: 1000 classes; gives the model."""
        x = self.node('Flatten', self.node('GlobalAveragePool', x))
        y = self.node('Gemm', x, self.weight(1000, channels), self.weight(1000), transB=1)
        graph = helper.make_graph(self.nodes, 'network', [helper.make_tensor_value_info('x', TensorProto.FLOAT, [1, 3, 224, 224])],
                                  [helper.make_tensor_value_info(y, TensorProto.FLOAT, [1, 1000])], self.weights)
        return helper.make_model(graph, opset_imports=[helper.make_opsetid('', 17)], ir_version=8)


def resnet18():
    b = Builder()
    x = b.node('Relu', b.conv('x', 3, 64, 7, 2))
    x = b.node('MaxPool', x, kernel_shape=[3, 3], strides=[2, 2], pads=[1] * 4)
    for channels, filters, stride in ((64, 64, 1), (64, 128, 2), (128, 256, 2), (256, 512, 2)):
        x = b.block(b.block(x, channels, filters, stride), filters, filters, 1)
    return b.classifier(x, 512)


def mobilenet():
    b = Builder()
    x, channels = b.node('Relu', b.conv('x', 3, 32, 3, 2)), 32
    for filters, stride in [(64, 1), (128, 2), (128, 1), (256, 2), (256, 1), (512, 2)] + 5 * [(512, 1)] + [(1024, 2), (1024, 1)]:
        x, channels = b.separable(x, channels, filters, stride), filters
    return b.classifier(x, channels)


def compare(name, network):
    with tempfile.TemporaryDirectory() as folder:
        model, rows = os.path.join(folder, 'model.onnx'), os.path.join(folder, 'x.npy')
        onnx.save(network, model)
        x = np.random.default_rng(1).standard_normal((1, 3, 224, 224)).astype(np.float32)
        np.save(rows, x)
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        session = onnxruntime.InferenceSession(model, options, providers=['CPUExecutionProvider'])
        ours, theirs = [], []
        for _ in range(ROUNDS):
            lines = subprocess.run([sys.argv[1], model, rows, str(RUNS)], check=True, capture_output=True, text=True).stdout
            ours += [float(line) for line in lines.split()]
            for _ in range(RUNS):
                start = time.thread_time()
                session.run(None, {'x': x})
                theirs.append(1e3 * (time.thread_time() - start))
    print(f'{name}: nescio {min(ours):.1f} ms, onnxruntime {onnxruntime.__version__} {min(theirs):.1f} ms: '
          f'{min(ours) / min(theirs):.2f} times')


if __name__ == '__main__':
    compare('ResNet-18', resnet18())
    compare('MobileNet', mobilenet())
