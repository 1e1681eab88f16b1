# An output that cannot be written is named, and nothing is left behind.
have m.nescio c.nescio srv.nescio s.key e.key x.ct y.ct x.npy tiny.onnx calibration.npy
t compile tiny.onnx --calibration calibration.npy -o no/out.nescio
t run tiny.onnx --input x.npy -o no/out.npy
t predict m.nescio --input x.npy --fhe disable -o no/out.npy
t split m.nescio --client no/c.nescio
t split m.nescio --client out.nescio --server no/s.nescio
t keygen c.nescio --secret no/s.key --evaluation out.key
t keygen c.nescio --secret out.key --evaluation no/e.key
t encrypt c.nescio --secret s.key --input x.npy -o no/x.ct
t evaluate srv.nescio --evaluation e.key --input x.ct -o no/y.ct --quiet
t decrypt c.nescio --secret s.key --input y.ct -o no/y.npy
t inspect m.nescio -o no/text
files
