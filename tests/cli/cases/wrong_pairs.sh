# Files that are whole, but do not belong together.
have m.nescio c.nescio srv.nescio other.nescio classical.nescio s.key s2.key s3.key e.key e2.key e3.key x.ct x2.ct y.ct y2.ct x.npy
t predict m.nescio --input x.npy --fhe execute --secret s.key --evaluation e2.key
t predict m.nescio --input x.npy --fhe execute --secret s3.key --evaluation e3.key
t encrypt c.nescio --secret s3.key --input x.npy -o out.ct
t evaluate srv.nescio --evaluation e2.key --input x.ct -o out.ct
t evaluate srv.nescio --evaluation e3.key --input x.ct -o out.ct
t evaluate srv.nescio --evaluation e.key --input x2.ct -o out.ct
t evaluate other.nescio --evaluation e.key --input x.ct -o out.ct
t evaluate classical.nescio --evaluation e3.key --input x.ct -o out.ct
t evaluate srv.nescio --evaluation e.key --input x.ct --json -o no/out.ct >.json
grep -c seconds_per_row .json
rm .json
t decrypt c.nescio --secret s2.key --input y.ct -o out.npy
t decrypt c.nescio --secret s.key --input y2.ct -o out.npy
t decrypt c.nescio --secret s3.key --input y.ct -o out.npy
t decrypt other.nescio --secret s.key --input y.ct -o out.npy
files
