# Whatever file is not there, the message names it.
have m.nescio c.nescio srv.nescio s.key e.key x.ct y.ct x.npy tiny.onnx
t inspect absent
t run absent.onnx --input x.npy
t run tiny.onnx --input absent.npy
t run tiny.onnx --input absent.csv
t run tiny.onnx --input absent.pb
t compile absent.onnx --calibration x.npy -o out.nescio
t compile tiny.onnx --calibration absent.npy -o out.nescio
t estimate absent.nescio
t predict absent.nescio --input x.npy --fhe disable
t predict m.nescio --input absent.npy --fhe disable
t predict m.nescio --input x.npy --labels absent.npy --fhe disable
t predict m.nescio --input x.npy --fhe execute --secret absent.key --evaluation e.key
t predict m.nescio --input x.npy --fhe execute --secret s.key --evaluation absent.key
t split absent.nescio --client out.nescio
t keygen absent.nescio --secret out.key --evaluation out2.key
t keygen c.nescio --secret out.key --evaluation out2.key --passphrase-file absent.txt
t encrypt absent.nescio --secret s.key --input x.npy -o out.ct
t encrypt c.nescio --secret absent.key --input x.npy -o out.ct
t encrypt c.nescio --secret s.key --input absent.npy -o out.ct
t evaluate absent.nescio --evaluation e.key --input x.ct -o out.ct
t evaluate srv.nescio --evaluation absent.key --input x.ct -o out.ct
t evaluate srv.nescio --evaluation e.key --input absent.ct -o out.ct
t decrypt absent.nescio --secret s.key --input y.ct -o out.npy
t decrypt c.nescio --secret absent.key --input y.ct -o out.npy
t decrypt c.nescio --secret s.key --input absent.ct -o out.npy
t inspect .
t estimate .
files
