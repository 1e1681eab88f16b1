# Keygen, encrypt, evaluate, decrypt: each in a folder that holds only the files that it may have; the answers are those
# of predict on the same keys, up to the noise of encryption.
mkdir owner client server
cp "$W/m.nescio" owner/
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
"$PYTHON" - <<'P'
import sys, os
sys.path.insert(0, os.environ['TOOLS'])
import small_files as small
steps, predict, clear = (small.read_npy(open(f, 'rb').read()) for f in ('client/y.npy', 'owner/p.npy', 'owner/d.npy'))
assert steps[0] == predict[0] == clear[0] == (8, 2)
for other in (predict, clear):
    assert max(abs(a - b) for a, b in zip(steps[1], other[1])) < 0.1
    assert all((steps[1][2 * i] > steps[1][2 * i + 1]) == (other[1][2 * i] > other[1][2 * i + 1]) for i in range(8))
print('the same classes')
P
(cd server && echo "evaluate --json" && keys nescio evaluate srv.nescio --evaluation e.key --input x.ct --batch 4 -o y.ct --json)
