# SPDX-License-Identifier: Apache-2.0
"""Quantized networks of Brevitas as QONNX and as QCDQ, by dynamo and by TorchScript: make_brevitas.py FOLDER [PATTERN ...]"""
import sys

import brevitas.nn as qnn
import torch
from brevitas.export import export_onnx_qcdq, export_qonnx
from brevitas.quant import (Int8ActPerTensorFloat, Int8WeightPerChannelFloat, Int8WeightPerTensorFixedPoint, Int8WeightPerTensorFloat,
                            SignedBinaryWeightPerTensorConst, Uint8ActPerTensorFloat)
from torch import nn

from cases import Cases

torch.manual_seed(9)
torch.set_num_threads(1)


def mlp(weights=Int8WeightPerTensorFloat, bits=4, acts=4):
    return nn.Sequential(qnn.QuantIdentity(bit_width=8, return_quant_tensor=True),
                         qnn.QuantLinear(10, 12, bias=True, weight_quant=weights, weight_bit_width=bits),
                         qnn.QuantReLU(bit_width=acts, return_quant_tensor=True),
                         qnn.QuantLinear(12, 3, bias=True, weight_quant=weights, weight_bit_width=bits))


def cnn(weights=Int8WeightPerChannelFloat, bits=4, acts=4):
    return nn.Sequential(qnn.QuantIdentity(bit_width=8, return_quant_tensor=True),
                         qnn.QuantConv2d(2, 4, 3, bias=True, weight_quant=weights, weight_bit_width=bits),
                         nn.BatchNorm2d(4),
                         qnn.QuantReLU(bit_width=acts, return_quant_tensor=True),
                         nn.MaxPool2d(2), nn.Flatten(),
                         qnn.QuantLinear(36, 3, bias=False, weight_quant=weights, weight_bit_width=bits))


def binary():
    return nn.Sequential(qnn.QuantIdentity(bit_width=4, return_quant_tensor=True),
                         qnn.QuantLinear(10, 8, bias=False, weight_quant=SignedBinaryWeightPerTensorConst, weight_bit_width=1),
                         qnn.QuantHardTanh(bit_width=4, min_val=-1.0, max_val=1.0, return_quant_tensor=True),
                         qnn.QuantLinear(8, 3, bias=True, weight_bit_width=4))


def signed_acts():
    return nn.Sequential(qnn.QuantIdentity(bit_width=6, act_quant=Int8ActPerTensorFloat, return_quant_tensor=True),
                         qnn.QuantLinear(10, 6, bias=True, weight_quant=Int8WeightPerTensorFixedPoint, weight_bit_width=5),
                         qnn.QuantTanh(bit_width=5, return_quant_tensor=True), qnn.QuantLinear(6, 2, bias=True, weight_bit_width=5),
                         qnn.QuantSigmoid(bit_width=6))


def quant(path, model, x, exporter, **options):
    model.train()
    for _ in range(4):
        model(torch.randn_like(x))
    model.eval()
    with torch.no_grad():
        want = model(x)
    want = want.value if hasattr(want, 'value') else want
    exporter(model, args=x, export_path=str(path), **options)
    return [x.numpy()], [want.detach().numpy()]


def main():
    cases = Cases(*sys.argv[1:])
    row, image = torch.randn(6, 10), torch.randn(3, 2, 8, 8)
    networks = [('mlp', mlp, row), ('mlp_8bit', lambda: mlp(bits=8, acts=8), row), ('mlp_channels', lambda: mlp(Int8WeightPerChannelFloat), row),
                ('mlp_2bit', lambda: mlp(bits=2, acts=2), row), ('cnn', cnn, image), ('cnn_tensor', lambda: cnn(Int8WeightPerTensorFloat, 3, 3), image),
                ('signed_acts', signed_acts, row)]
    for name, network, x in networks:
        for way, dynamo in (('dynamo', True), ('script', False)):
            cases.make(f'{name}_qonnx_{way}', quant, network(), x, export_qonnx, dynamo=dynamo)
            cases.make(f'{name}_qcdq_{way}', quant, network(), x, export_onnx_qcdq, dynamo=dynamo)
    for way, dynamo in (('dynamo', True), ('script', False)):
        cases.make(f'binary_qonnx_{way}', quant, binary(), row, export_qonnx, dynamo=dynamo)
    cases.finish()


main()
