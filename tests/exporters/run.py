# SPDX-License-Identifier: Apache-2.0
"""Holds the command to what exporters write today: run.py NESCIO [FAMILY ...]

For each family (sklearn, boosting, torch, brevitas, hummingbird, catboost, keras) this makes a virtual environment from
requirements-FAMILY.txt, lets make_FAMILY.py train and export models in it, and compares (compare.py, in the same environment).
Environments and cases stay in $XDG_CACHE_HOME/nescio/exporters/FAMILY until the requirements or the generators change.

Runs only when NESCIO_EXPORTERS is set: to 1 or "all" for all families, or to some of their names. Exit status 77 (skipped)
without it, or when no environment can be made; 1 when a family fails, or when only some environments can be made."""
import hashlib, os, pathlib, shutil, subprocess, sys, venv

HERE = pathlib.Path(__file__).resolve().parent
FAMILIES = ('sklearn', 'boosting', 'torch', 'brevitas', 'hummingbird', 'catboost', 'keras')
SKIPPED = 77


def digest(*names):
    return hashlib.sha256(b''.join((HERE / name).read_bytes() for name in names)).hexdigest()


def is_fresh(stamp, key):
    return stamp.is_file() and stamp.read_text() == key


def environment(folder, family):
    """The Python of the family's environment, which is made when its requirements are new; None when it cannot be."""
    requirements = f'requirements-{family}.txt'
    stamp, key, python = folder / 'environment', digest(requirements), folder / 'env/bin/python'
    if is_fresh(stamp, key):
        return python
    print(f'{family}: making an environment', flush=True)
    stamp.unlink(missing_ok=True)
    shutil.rmtree(folder / 'env', ignore_errors=True)
    venv.create(folder / 'env', with_pip=True)
    made = subprocess.run([python, '-m', 'pip', 'install', '--quiet', '-r', HERE / requirements], capture_output=True, text=True)
    if made.returncode != 0:
        print(f'{family}: no environment: {(made.stderr.strip().splitlines() or ["pip failed"])[-1]}')
        return None
    stamp.write_text(key)
    return python


def cases(folder, family, python):
    """The folder of the family's cases, made anew when their generator is new; None when it fails."""
    generator = f'make_{family}.py'
    stamp, key, out = folder / 'generated', digest(generator, 'cases.py', f'requirements-{family}.txt'), folder / 'cases'
    if is_fresh(stamp, key):
        return out
    print(f'{family}: making models', flush=True)
    stamp.unlink(missing_ok=True)
    log = folder / 'generator.log'
    with open(log, 'w') as f:
        failed = subprocess.run([python, HERE / generator, out], stdout=f, stderr=subprocess.STDOUT, cwd=folder).returncode
    if failed:
        print(f'FAILED {family}: {log.read_text().strip().splitlines()[-1]} (see {log})')
        return None
    stamp.write_text(key)
    return out


def run_family(root, family, nescio):
    """'passed', 'failed', or 'absent' where there is no environment."""
    folder = root / family
    folder.mkdir(parents=True, exist_ok=True)
    python = environment(folder, family)
    if not python:
        return 'absent'
    made = cases(folder, family, python)
    if not made:
        return 'failed'
    compared = subprocess.run([python, HERE / 'compare.py', nescio, family, made, HERE / 'refusals.txt'])
    return 'failed' if compared.returncode else 'passed'


def main():
    nescio, wanted = sys.argv[1], sys.argv[2:]
    if not wanted:
        wanted = os.environ.get('NESCIO_EXPORTERS', '').replace(',', ' ').split()
    if wanted in (['1'], ['all']):
        wanted = list(FAMILIES)
    if not wanted:
        print('NESCIO_EXPORTERS is not set: it names families, or all, and needs the Python index')
        sys.exit(SKIPPED)
    if unknown := set(wanted) - set(FAMILIES):
        sys.exit(f'no family {", ".join(sorted(unknown))}: {", ".join(FAMILIES)} or all')
    cache = os.environ.get('XDG_CACHE_HOME') or pathlib.Path.home() / '.cache'
    root = pathlib.Path(cache) / 'nescio/exporters'
    results = {family: run_family(root, family, nescio) for family in wanted}
    if all(result == 'absent' for result in results.values()):
        sys.exit(SKIPPED)
    sys.exit(any(result != 'passed' for result in results.values()))


main()
