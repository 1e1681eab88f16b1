# Keygen, encrypt, evaluate, decrypt: each in a folder that holds only the files that it may have. The circuit is exact, so
# the answers are those of predict, encrypted and in the clear, to the last bit.
mkdir owner client server
cp "$W/tiny.onnx" "$W/calibration.npy" owner/
(cd owner && q compile tiny.onnx --calibration calibration.npy --rounding exact --bits 3 --input-bits 3 -o m.nescio)
(cd owner && t split m.nescio --client c.nescio --server srv.nescio)
mv owner/c.nescio client/
mv owner/srv.nescio server/
cp "$W/x.npy" client/
(cd client && t keygen c.nescio --secret s.key --evaluation e.key && ls -l s.key | cut -c1-10)
mv client/e.key server/
(cd client && t encrypt c.nescio --secret s.key --input x.npy -o x.ct)
mv client/x.ct server/
(cd server && q evaluate srv.nescio --evaluation e.key --input x.ct --batch 8 -o y.ct)
mv server/y.ct client/
(cd client && t decrypt c.nescio --secret s.key --input y.ct -o y.npy && files)
(cd server && files)
(cd owner && t predict m.nescio --input ../client/x.npy --fhe execute --secret ../client/s.key --evaluation ../server/e.key --batch 8 -o p.npy --quiet)
(cd owner && t predict m.nescio --input ../client/x.npy --fhe disable -o d.npy --quiet)
cmp client/y.npy owner/p.npy && echo "as predict --fhe execute"
cmp client/y.npy owner/d.npy && echo "as predict --fhe disable"
(cd server && echo "evaluate --json" && keys nescio evaluate srv.nescio --evaluation e.key --input x.ct --batch 4 -o y.ct --json)
