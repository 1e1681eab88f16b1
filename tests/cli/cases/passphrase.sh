# A secret key under a passphrase.
have c.nescio x.npy phrase.txt wrong_phrase.txt no_phrase.txt empty
t keygen c.nescio --secret s.key --evaluation e.key --passphrase-file phrase.txt
t encrypt c.nescio --secret s.key --input x.npy --passphrase-file phrase.txt -o x.ct
t encrypt c.nescio --secret s.key --input x.npy --passphrase-file wrong_phrase.txt -o out.ct
t encrypt c.nescio --secret s.key --input x.npy -o out.ct
t encrypt c.nescio --secret s.key --input x.npy --passphrase-file no_phrase.txt -o out.ct
t encrypt c.nescio --secret s.key --input x.npy --passphrase-file empty -o out.ct
head -c 5000 /dev/zero | tr '\0' a >long.txt
t keygen c.nescio --secret out.key --evaluation out2.key --passphrase-file long.txt
t keygen c.nescio --secret out.key --evaluation out2.key --passphrase-file no_phrase.txt
nescio encrypt c.nescio --secret s.key --input x.npy --passphrase-file - -o piped.ct <phrase.txt && echo "from standard input: ok"
files
