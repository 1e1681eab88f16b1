# Each kind of file where another is needed.
have m.nescio c.nescio srv.nescio s.key e.key x.ct y.ct x.npy tiny.onnx empty
for f in s.key e.key x.ct y.ct x.npy tiny.onnx empty; do
    t estimate $f
    t split $f --client out.nescio
done
t estimate srv.nescio
t split c.nescio --server out.nescio
t split srv.nescio --client out.nescio
t predict c.nescio --input x.npy --fhe disable
t predict srv.nescio --input x.npy --fhe disable
t keygen srv.nescio --secret out.key --evaluation out2.key
t encrypt srv.nescio --secret s.key --input x.npy -o out.ct
t encrypt c.nescio --secret e.key --input x.npy -o out.ct
t encrypt c.nescio --secret s.key --input x.ct -o out.ct
t evaluate c.nescio --evaluation e.key --input x.ct -o out.ct
t evaluate srv.nescio --evaluation s.key --input x.ct -o out.ct
t evaluate srv.nescio --evaluation e.key --input y.ct -o out.ct
t decrypt c.nescio --secret e.key --input y.ct -o out.npy
t decrypt c.nescio --secret s.key --input x.ct -o out.npy
t run m.nescio --input x.npy
t inspect x.npy
files
