#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A second user of the library beside the command: Python's ctypes over the public headers, nothing else.
Loads a package and predicts rows in the three modes.  usage: ctypes_consumer.py LIBRARY PACKAGE ROWS.npy LABELS.npy N

Fails when a mode's accuracy is far from the clear one, when an error has no message, or when a struct's size differs."""
import ctypes as c
import math
import sys

DISABLE, SIMULATE, EXECUTE = range(3)


class Array(c.Structure):  # nescio_array
    _fields_ = [('name', c.c_char_p), ('type', c.c_int), ('rank', c.c_int), ('dims', c.c_int64 * 12), ('data', c.c_void_p)]


class Options(c.Structure):  # nescio_predict_options
    _fields_ = [('mode', c.c_int), ('batch_rows', c.c_size_t), ('draws', c.c_uint), ('seed', c.c_uint64)]


class Report(c.Structure):  # nescio_predict_report
    _fields_ = [('rows', c.c_size_t), ('seconds_per_row', c.c_double), ('cpu_seconds_per_row', c.c_double),
                ('agreement', c.c_double), ('flip_probability', c.c_double), ('out_of_range', c.c_uint64),
                ('clamped', c.c_uint64)]


class Nescio:
    """The library with a context; a call that fails raises its one line."""

    def __init__(self, path):
        self.lib, self.ctx = c.CDLL(path), c.c_void_p()
        self.lib.nescio_ctx_message.restype = self.lib.nescio_version.restype = c.c_char_p
        self.lib.nescio_arrays_at.restype = c.POINTER(Array)
        self.lib.nescio_arrays_count.restype = c.c_size_t
        if self.lib.nescio_ctx_new(c.byref(self.ctx)):
            raise MemoryError

    def __call__(self, function, *arguments):
        if getattr(self.lib, 'nescio_' + function)(self.ctx, *arguments):
            raise RuntimeError(self.lib.nescio_ctx_message(self.ctx).decode())

    def new(self, function, *arguments):
        """For calls whose last argument is the new object."""
        made = c.c_void_p()
        self(function, *arguments, c.byref(made))
        return made

    def read(self, path, n):
        arrays = self.new('arrays_new')
        self('arrays_add_file', arrays, None, path.encode())
        self('arrays_rows', arrays, c.c_size_t(0), c.c_size_t(n))
        return arrays


def predict(nescio, predictor, rows, labels, mode):
    options, report, outputs, accuracy = Options(mode=mode, batch_rows=4, seed=7), Report(), c.c_void_p(), c.c_double()
    nescio('predict', predictor, rows, c.byref(options), c.byref(outputs), c.byref(report))
    nescio('accuracy', outputs, labels, c.byref(accuracy))
    first = nescio.lib.nescio_arrays_at(outputs, c.c_size_t(0)).contents
    assert nescio.lib.nescio_arrays_count(outputs) == 1 and first.dims[0] == report.rows, (first.dims[0], report.rows)
    scores = c.cast(first.data, c.POINTER(c.c_float))
    assert first.type == 1 and all(math.isfinite(scores[i]) for i in range(first.dims[0] * first.dims[1]))
    nescio.lib.nescio_arrays_free(outputs)
    return accuracy.value, report


def main():
    library, package, rows_path, labels_path, n = sys.argv[1:]
    nescio = Nescio(library)
    try:
        nescio.new('predictor_open', b'no such package')
        sys.exit('a missing package was opened')
    except RuntimeError as error:
        assert 'no such package' in str(error), error
    rows, labels = nescio.read(rows_path, int(n)), nescio.read(labels_path, int(n))
    predictor = nescio.new('predictor_open', package.encode())
    clear = None
    for name, mode in ('disable', DISABLE), ('simulate', SIMULATE), ('execute', EXECUTE):
        accuracy, report = predict(nescio, predictor, rows, labels, mode)
        clear = accuracy if clear is None else clear
        print(f'{name:9} {report.rows} rows, accuracy {100 * accuracy:.1f} %, agreement {100 * report.agreement:.1f} %, '
              f'{report.seconds_per_row:.3f} s a row')
        assert report.rows == int(n) and accuracy >= 0.8 and abs(accuracy - clear) <= 0.15, (name, accuracy)
    for free, thing in ('predictor', predictor), ('arrays', rows), ('arrays', labels), ('ctx', nescio.ctx):
        getattr(nescio.lib, f'nescio_{free}_free')(thing)


main()
