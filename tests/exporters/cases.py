# SPDX-License-Identifier: Apache-2.0
"""What the generators share: a case is a folder with a model, its inputs, and the results that are right.

    NAME/model.onnx        as the exporter wrote it (with model.onnx.data beside it, where it did)
    NAME/input_K.npy       rows for the K-th input
    NAME/ort_K.npy         the K-th output by onnxruntime, graph optimisations off (they quantize float biases of QCDQ files)
    NAME/source_K.npy      the same by the library that the model comes from, where it has that output
    NAME/more_*.npy        optional: rows and results for the converted file of a model that was shown one row only
    NAME/case.json         names of inputs and outputs; why a reference is absent

ZipMap's dictionaries are stored as one array, a column a key in the order of the first row's."""
import fnmatch, json, pathlib, shutil, sys, traceback, warnings

import numpy as np

warnings.filterwarnings('ignore')


def as_array(value):
    """An output of onnxruntime or of a library as an array; sequences of dictionaries as columns."""
    if isinstance(value, list) and value and isinstance(value[0], dict):
        return np.array([list(row.values()) for row in value], np.float32)
    value = np.asarray(value)
    return value.astype(str) if value.dtype == object else value


class Cases:
    """Writes cases into a folder. A model that cannot be made is an error of the generator: versions are pinned.
    With patterns of names only those cases are made anew."""

    def __init__(self, folder, *patterns):
        self.folder, self.patterns = pathlib.Path(folder), patterns
        if not patterns:
            shutil.rmtree(self.folder, ignore_errors=True)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.failed = []

    def make(self, name, maker, *args, **options):
        """Calls maker(path of the model to write, ...) -> (inputs, source): lists in the order of the model's inputs and
        outputs; None in `source` for an output that the library does not have. A string instead of a list says why there are none."""
        if self.patterns and not any(fnmatch.fnmatch(name, pattern) for pattern in self.patterns):
            return
        case = self.folder / name
        shutil.rmtree(case, ignore_errors=True)
        case.mkdir()
        try:
            inputs, source = maker(case / 'model.onnx', *args, **options)
            self.write(case, inputs, source)
        except Exception:
            self.failed.append(name)
            print(f'{name}: cannot be made\n{traceback.format_exc()}', file=sys.stderr)
            shutil.rmtree(case)

    def write(self, case, inputs, source):
        import onnx
        graph = onnx.load(str(case / 'model.onnx'), load_external_data=False).graph
        weights = {tensor.name for tensor in graph.initializer}
        names = [i.name for i in graph.input if i.name not in weights]
        notes = {'inputs': names, 'outputs': [o.name for o in graph.output]}
        for k, value in enumerate(inputs):
            np.save(case / f'input_{k}.npy', value)
        if isinstance(source, str):
            notes['no source'] = source
        else:
            for k, value in enumerate(source):
                if value is not None:
                    np.save(case / f'source_{k}.npy', as_array(value))
        try:
            for k, value in enumerate(run_ort(case / 'model.onnx', dict(zip(names, inputs)))):
                np.save(case / f'ort_{k}.npy', as_array(value))
        except Exception as e:
            notes['no ort'] = str(e).splitlines()[0][:200]
        (case / 'case.json').write_text(json.dumps(notes, indent=1) + '\n')

    def finish(self):
        n = len(list(self.folder.iterdir()))
        print(f'{n} models, {len(self.failed)} failed {self.failed or ""}', file=sys.stderr)
        sys.exit(bool(self.failed))


def run_ort(path, feeds):
    """Outputs of a model by onnxruntime with every graph optimisation off and one thread."""
    import onnxruntime as ort
    options = ort.SessionOptions()
    options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_DISABLE_ALL
    options.intra_op_num_threads = 1
    options.log_severity_level = 4
    session = ort.InferenceSession(str(path), options, providers=['CPUExecutionProvider'])
    typed = {}
    for i in session.get_inputs():
        value = feeds[i.name]
        typed[i.name] = value.astype(object) if value.dtype.kind == 'U' else value
    return session.run(None, typed)
