#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Write the seeds of corpus/npy and corpus/csv: one small file for each thing that the readers tell apart."""
import pathlib, struct

here = pathlib.Path(__file__).resolve().parent / 'corpus'


def npy(descr, fortran, shape, data, version=1):
    text = ("{'descr': %s, 'fortran_order': %s, 'shape': %s, }" % (descr, fortran, shape)).encode()
    prelude = 10 if version == 1 else 12
    text += b' ' * (-(prelude + len(text) + 1) % 16) + b'\n'
    return b'\x93NUMPY' + bytes([version, 0]) + struct.pack('<H' if version == 1 else '<I', len(text)) + text + data


NPY = {
    'f4': npy("'<f4'", False, '(2, 3)', struct.pack('<6f', 1, -2, .5, 3e38, float('inf'), float('nan'))),
    'f8_big_fortran': npy("'>f8'", True, '(2, 2)', struct.pack('>4d', 1, 2, 3, 4)),
    'f2': npy("'<f2'", False, '(3,)', struct.pack('<3e', 1, -2.5, 6e-8)),
    'i8_scalar': npy("'<i8'", False, '()', struct.pack('<q', -2**63)),
    'u1_empty': npy("'|u1'", False, '(0, 4)', b''),
    'i2_fortran_rank3': npy("'>i2'", True, '(2, 1, 3)', struct.pack('>6h', 1, 2, 3, 4, 5, 6)),
    'bool': npy("'|b1'", False, '(4,)', b'\x00\x01\x02\xff'),
    'text': npy("'<U2'", False, '(2,)', 'a\u20ac\U0001f600\0'.encode('utf-32-le')),
    'bytes': npy("'|S3'", True, '(2, 1)', b'ab\0\xe9c\0'),
    'version2': npy("'<u4'", False, '(1,)', b'\1\2\3\4', 2),
    'version3': npy("'<u8'", False, '(1L,)', b'\1\2\3\4\5\6\7\x08', 3),
    'structured': npy("[('a', '<f4')]", False, '(1,)', b'\0\0\0\0'),
    'object': npy("'|O'", False, '(1,)', b'\x80\x04N.'),
    'short': npy("'<f4'", False, '(4,)', b'\0' * 15),
    'huge': npy("'<f8'", False, '(4294967296, 4294967296)', b''),
}
CSV = {
    'plain': b'1,2\n3.5,-4e2\n',
    'header_quotes': b'"a ""b"", c",d\r\n1,2\r\n',
    'marked': b'\xef\xbb\xbf1\n2\n\n',
    'blanks': b' 1 ,\t"2" \n',
    'special': b'nan,inf,-Infinity,.5,5.,+1E-3\n',
    'ragged': b'1,2\n3\n',
    'hole': b'1,,2\n',
    'frame': b',0,1\n0,1.5,2.5\n',
    'open_quote': b'1\n"2\n',
    'hexadecimal': b'1\n0x1p3\n',
    'long': b'1\n' + b'9' * 450 + b'\n',
    'zero_byte': b'1\n1\x002\n',
}
for folder, files in (('npy', NPY), ('csv', CSV)):
    (here / folder).mkdir(parents=True, exist_ok=True)
    for name, data in files.items():
        (here / folder / name).write_bytes(data)
