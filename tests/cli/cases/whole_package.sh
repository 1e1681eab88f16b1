# model.nescio is accepted wherever one of its parts is.
have m.nescio s.key e.key x.ct y.ct x.npy
t encrypt m.nescio --secret s.key --input x.npy --rows 2 -o two.ct
q evaluate m.nescio --evaluation e.key --input two.ct -o answers.ct
t decrypt m.nescio --secret s.key --input answers.ct -o two.npy
t decrypt m.nescio --secret s.key --input y.ct -o folder
"$PYTHON" -c "
import sys, os
sys.path.insert(0, os.environ['TOOLS'])
import small_files as small
print(small.read_npy(open('two.npy', 'rb').read())[0], small.read_npy(open('folder/scores.npy', 'rb').read())[0])"
files
