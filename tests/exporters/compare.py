# SPDX-License-Identifier: Apache-2.0
"""Holds the command to the cases of one family: compare.py NESCIO FAMILY CASES REFUSALS

For each case (see cases.py): `inspect` succeeds; `run` gives what onnxruntime gives, and what the source library gives; the file
that `convert` writes gives the same again, in onnxruntime and in `run`, and passes onnx.checker; where a clean model has trees,
so does what `convert --trees tensors` writes, without them. Labels and all other integers and strings are equal;
floats agree to 1e-4 of each value, or to 1e-5 of the largest of its output (sums of float32 that cancel).
Where onnxruntime and the source library disagree with each other (an export that loses something, a signed maximum), agreeing
with one of them is enough; the last lines name the cases in which it is onnxruntime.
A model that is refused (exit status 1 and a message) has to be on the list, and nothing on the list may pass."""
import fnmatch, json, pathlib, subprocess, sys, tempfile

import numpy as np
import onnx

from cases import as_array, run_ort

SECONDS = 60
NAMES = {'ort': 'onnxruntime', 'source': 'the source library'}


class Wrong(Exception):
    pass


class Refused(Exception):
    pass


def difference(got, want):
    """None, or what is wrong with `got`, in words."""
    if want.dtype.kind != 'f':
        got = got.reshape(want.shape) if got.size == want.size else got
        if got.shape != want.shape:
            return f'shape {got.shape} instead of {want.shape}'
        if want.dtype.kind in 'US':
            bad = got.astype(str) != want.astype(str)
        else:
            bad = got.astype(np.float64) != want.astype(np.float64)
        return f'{bad.sum()} of {bad.size} labels differ' if bad.any() else None
    if got.shape != want.shape and got.size == want.size:
        got = got.reshape(want.shape)
    if got.shape != want.shape:
        return f'shape {got.shape} instead of {want.shape}'
    got, want = got.astype(np.float64), want.astype(np.float64)
    finite = np.abs(want[np.isfinite(want)])
    near = np.isclose(got, want, rtol=1e-4, atol=1e-5 * finite.max(initial=0) + 1e-7, equal_nan=True)
    if near.all():
        return None
    i = np.unravel_index(np.argmin(near), near.shape)
    return f'{(~near).sum()} of {near.size} values differ, first {got[i]:.7g} instead of {want[i]:.7g}'


class Family:
    def __init__(self, nescio, folder, scratch):
        self.nescio, self.folder, self.scratch = nescio, folder, scratch
        help_text = subprocess.run([nescio, '--help'], capture_output=True, text=True).stdout
        self.converts = any(line.split()[:1] == ['convert'] for line in help_text.splitlines())
        self.notes, self.as_tensors = [], 0

    def call(self, *args):
        try:
            done = subprocess.run([self.nescio, *map(str, args)], capture_output=True, text=True, errors='replace', timeout=SECONDS)
        except subprocess.TimeoutExpired:
            raise Wrong(f'{args[0]}: more than {SECONDS} s') from None
        message = (done.stderr.strip().splitlines() or [''])[0]
        if done.returncode == 1:
            raise Refused(f'{args[0]}: {message}')
        if done.returncode != 0:
            raise Wrong(f'{args[0]}: exit {done.returncode}: {message}')
        return done.stdout

    def run(self, model, case, names, prefix=''):
        out = pathlib.Path(tempfile.mkdtemp(dir=self.scratch))
        inputs = [a for k, name in enumerate(names['inputs']) for a in ('--input', f'{name}={case}/{prefix}input_{k}.npy')]
        self.call('run', model, *inputs, '-o', out)
        return [np.load(out / (name.replace('/', '_') + '.npy')) for name in names['outputs']]

    def judge(self, what, got, case, names):
        """Compares outputs with both references; True when these disagree with each other and the source is not met."""
        at_fault = False
        for k, name in enumerate(names['outputs']):
            path = {kind: case / f'{kind}_{k}.npy' for kind in ('ort', 'source')}
            want = {kind: np.load(p) for kind, p in path.items() if p.exists()}
            bad = {kind: words for kind, array in want.items() if (words := difference(got[k], array))}
            disagree = len(want) == 2 and difference(want['ort'], want['source']) is not None
            if len(bad) == 1 and disagree:
                at_fault |= 'source' in bad
            elif bad:
                kind = min(bad)
                raise Wrong(f"{what}, '{name}' against {NAMES[kind]}: {bad[kind]}")
        return at_fault

    def check(self, case):
        names = json.loads((case / 'case.json').read_text())
        if 'no ort' in names and 'no source' in names:
            raise Wrong('neither onnxruntime nor the source library has outputs')
        self.call('inspect', case / 'model.onnx')
        got = self.run(case / 'model.onnx', case, names)
        if self.judge('run', got, case, names):
            self.notes.append(case.name)
        if (case / 'more_input_0.npy').exists():
            self.check_more_rows(case / 'model.onnx', case, names)
        if self.converts:
            self.check_converted(case, names, got, 'nodes')
            if self.has_trees('--stage', 'clean', case / 'model.onnx') and self.all_finite(case, names):
                self.check_converted(case, names, got, 'tensors')
                self.as_tensors += 1

    def all_finite(self, case, names):
        """Trees as tensors have no place for missing values."""
        inputs = [np.load(case / f'input_{k}.npy') for k in range(len(names['inputs']))]
        return all(a.dtype.kind != 'f' or np.isfinite(a).all() for a in inputs)

    def has_trees(self, *args):
        operators = self.call('inspect', *args).split('# operators', 1)[1].splitlines()[0]
        return 'TreeEnsemble' in operators

    def check_more_rows(self, model, case, names):
        """A model that was shown one row, on many: what the source library gives, and what onnxruntime gives row by row."""
        got = self.run(model, case, names, 'more_')
        rows = [np.load(case / f'more_input_{k}.npy') for k in range(len(names['inputs']))]
        one_by_one = [run_ort(case / 'model.onnx', {name: x[i:i + 1] for name, x in zip(names['inputs'], rows)}) for i in range(len(rows[0]))]
        for k, name in enumerate(names['outputs']):
            by_row = np.concatenate([as_array(values[k]) for values in one_by_one])
            for words, want in (('the source library', np.load(case / f'more_source_{k}.npy')), ('onnxruntime', by_row)):
                if bad := difference(got[k], want):
                    raise Wrong(f"more rows, '{name}' against {words}: {bad}")

    def check_form(self, converted):
        """onnx.checker, which knows neither the domains of others nor opsets after its own."""
        model = onnx.load(str(converted))
        newest = {'': onnx.defs.onnx_opset_version(), 'ai.onnx.ml': 5}
        if any(o.version > newest.get(o.domain, 0) for o in model.opset_import):
            return
        try:
            onnx.checker.check_model(model)
        except onnx.checker.ValidationError as e:
            raise Wrong(f'convert: onnx.checker: {str(e).splitlines()[0][:200]}') from None

    def check_converted(self, case, names, first, trees):
        converted = pathlib.Path(tempfile.mkdtemp(dir=self.scratch)) / 'converted.onnx'
        self.call('convert', '--trees', trees, case / 'model.onnx', '-o', converted)
        if trees == 'tensors' and self.has_trees(converted):
            raise Wrong('convert --trees tensors: there are trees left')
        self.judge(f'convert to {trees}, run', self.run(converted, case, names), case, names)
        if b'site-packages' in converted.read_bytes():
            raise Wrong('convert: paths of the exporting machine survive')
        self.check_form(converted)
        if (case / 'more_input_0.npy').exists():
            self.check_more_rows(converted, case, names)
        feeds = {name: np.load(case / f'input_{k}.npy') for k, name in enumerate(names['inputs'])}
        if 'no ort' in names:
            return
        try:
            by_ort = [as_array(value) for value in run_ort(converted, feeds)]
        except Exception as e:
            raise Wrong(f'convert to {trees}: onnxruntime: {str(e).splitlines()[0][:200]}') from None
        for k, (name, got) in enumerate(zip(names['outputs'], by_ort)):
            before = case / f'ort_{k}.npy'
            if bad := difference(got, np.load(before) if before.exists() else first[k]):
                raise Wrong(f"convert to {trees}, '{name}' in onnxruntime: {bad}")


def read_refusals(path, family):
    """Patterns of this family with their reasons."""
    lines = [line.split(None, 1) for line in path.read_text().splitlines() if line.strip() and not line.startswith('#')]
    return [(pattern.split('/', 1)[1], reason) for pattern, reason in lines if pattern.split('/')[0] == family]


def main():
    nescio, name, folder, refusals = sys.argv[1:5]
    listed = read_refusals(pathlib.Path(refusals), name)
    passed = refused = bad = 0
    with tempfile.TemporaryDirectory() as scratch:
        family = Family(nescio, folder, scratch)
        for case in sorted(p for p in pathlib.Path(folder).iterdir() if p.is_dir()):
            on_list = any(fnmatch.fnmatch(case.name, pattern) for pattern, _ in listed)
            try:
                family.check(case)
                passed += 1
                if on_list:
                    bad += 1
                    print(f'LISTED {name}/{case.name}: passes, but is on the list of refusals')
            except Refused as e:
                refused += 1
                if not on_list:
                    bad += 1
                    print(f'REFUSED {name}/{case.name}: {e}')
            except Wrong as e:
                bad += 1
                print(f'FAILED {name}/{case.name}: {e}')
    if family.notes:
        print(f'{name}: as onnxruntime, not as the source: {" ".join(family.notes)}')
    print(f'{name}: {passed} passed, {refused} refused, {bad} wrong, {family.as_tensors} with trees as tensors' + ('' if family.converts else ' (no convert command)'))
    sys.exit(bool(bad))


main()
