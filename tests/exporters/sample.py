# SPDX-License-Identifier: Apache-2.0
"""Makes samples/ out of cases: sample.py CACHE (the folder with the families; run.py must have filled it)

A sample is a case in the form of ONNX's own node tests (model.onnx, test_data_set_0/{input,output}_K.pb), with five of its rows
and onnxruntime's outputs (the source library's where onnxruntime has no such operator), so that check_conformance runs it without
Python. Metadata is left out: it holds names and paths of whoever built the exporter or ran it."""
import json, pathlib, shutil, sys

import numpy as np
import onnx
import onnx.numpy_helper

ROWS = 5
SAMPLES = ('sklearn/logistic_words', 'sklearn/p_scaler_logistic', 'sklearn/tree_words', 'sklearn/t_onehot_words', 'sklearn/linear_svc_binary',
           'boosting/lgb_binary', 'boosting/xgb_booster_binary', 'catboost/one_stump', 'torch/rows_mlp_dynamo', 'torch/opset11_cnn_script',
           'hummingbird/logistic_one_row', 'hummingbird/tree_gemm', 'brevitas/mlp_2bit_qonnx_script', 'brevitas/mlp_2bit_qcdq_script', 'keras/cnn_same')


def write(path, array):
    path.write_bytes(onnx.numpy_helper.from_array(array.astype(object) if array.dtype.kind == 'U' else array).SerializeToString())


def without_metadata(model):
    graphs = [model.graph]
    for thing in [model, model.graph, *model.functions]:
        thing.doc_string = ''
        del thing.metadata_props[:]
    model.producer_version = ''
    for graph in graphs:
        for part in [*graph.node, *graph.input, *graph.output, *graph.value_info, *graph.initializer]:
            part.doc_string = ''
            del part.metadata_props[:]
        graphs += [a.g for node in graph.node for a in node.attribute if a.HasField('g')]
    return model


def rows_of(array, free):
    """The first rows, where the model does not fix their number."""
    return array[:ROWS] if free else array


def main():
    cache, here = pathlib.Path(sys.argv[1]), pathlib.Path(__file__).resolve().parent / 'samples'
    shutil.rmtree(here, ignore_errors=True)
    for which in SAMPLES:
        family, name = which.split('/')
        case, out = cache / family / 'cases' / name, here / f'test_{family}_{name}'
        data = out / 'test_data_set_0'
        data.mkdir(parents=True)
        names = json.loads((case / 'case.json').read_text())
        model = onnx.load(str(case / 'model.onnx'), load_external_data=False)
        first = next(i for i in model.graph.input if i.name == names['inputs'][0]).type.tensor_type.shape.dim[:1]
        free = not first or not first[0].dim_value
        (out / 'model.onnx').write_bytes(without_metadata(model).SerializeToString())
        if (case / 'model.onnx.data').exists():
            shutil.copy(case / 'model.onnx.data', out)
        for k in range(len(names['inputs'])):
            write(data / f'input_{k}.pb', rows_of(np.load(case / f'input_{k}.npy'), free))
        for k in range(len(names['outputs'])):
            reference = next(p for p in (case / f'ort_{k}.npy', case / f'source_{k}.npy') if p.exists())
            write(data / f'output_{k}.pb', rows_of(np.load(reference), free))


main()
