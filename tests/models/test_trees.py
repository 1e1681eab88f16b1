#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""convert --trees tensors from the outside, on forests of five exporters: no tree operator is left, answers stay, and converting back gives trees.
usage: test_trees.py NESCIO SAMPLES     (onnxruntime and onnx.checker judge the same in the suite of exporters)"""
import ast, pathlib, struct, subprocess, sys, tempfile

nescio, samples = sys.argv[1], pathlib.Path(sys.argv[2])
CASES = ['test_boosting_lgb_binary', 'test_boosting_xgb_booster_binary', 'test_catboost_one_stump', 'test_hummingbird_tree_gemm',
         'test_sklearn_tree_words']
FORMATS = {'<f4': 'f', '<f8': 'd', '<i8': 'q', '<i4': 'i'}
failures = 0


def call(*args):
    done = subprocess.run([nescio, *map(str, args)], capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(f'{args}: {done.stderr}')
    return done.stdout


def operators(model):
    line = call('inspect', '--max-elements', '1', model).split('# operators', 1)[1].splitlines()[0].split()
    return set(line[::2])


def read_npy(path):
    data = path.read_bytes()
    size = struct.unpack('<H', data[8:10])[0]
    head = ast.literal_eval(data[10:10 + size].decode())
    body = data[10 + size:]
    return head['shape'], [v for v, in struct.iter_unpack('<' + FORMATS[head['descr']], body)] if head['descr'] in FORMATS else body


def answers(model, case, work):
    inputs = sorted((case / 'test_data_set_0').glob('input_*.pb'))
    work.mkdir()
    call('run', model, *[word for path in inputs for word in ('--input', path)], '-o', work)
    return {path.name: read_npy(path) for path in sorted(work.iterdir())}


def difference(before, after):
    if before.keys() != after.keys():
        return f'outputs {sorted(after)} instead of {sorted(before)}'
    for name, (shape, old) in before.items():
        new_shape, new = after[name]
        if shape != new_shape or len(old) != len(new) or not old:
            return f'{name}: shape {new_shape} instead of {shape}'
        if isinstance(old, bytes) and old != new:
            return f'{name}: other labels'
        if not isinstance(old, bytes) and any(abs(a - b) > 1e-5 * (1 + abs(a)) for a, b in zip(old, new)):
            return f'{name}: other numbers'
    return None


def check(name):
    with tempfile.TemporaryDirectory() as folder:
        work, case = pathlib.Path(folder), samples / name
        tensors, back = work / 'tensors.onnx', work / 'back.onnx'
        call('convert', case / 'model.onnx', '--trees', 'tensors', '-o', tensors)
        call('convert', tensors, '-o', back)
        if any('Tree' in op for op in operators(tensors)) or not {'MatMul', 'Gemm'} <= operators(tensors):
            return 'the tensors are no products'
        if not any('Tree' in op for op in operators(back)):
            return 'the tensors do not become trees again'
        before = answers(case / 'model.onnx', case, work / 'before')
        return (difference(before, answers(tensors, case, work / 'tensors')) or
                difference(before, answers(back, case, work / 'back')))


for name in CASES:
    wrong = check(name)
    failures += bool(wrong)
    print(f'{"FAIL" if wrong else "ok  "}  {name}{": " + wrong if wrong else ""}')
sys.exit(failures > 0)
