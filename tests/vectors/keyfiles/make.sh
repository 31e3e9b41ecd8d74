#!/bin/bash
# Makes the key files of this folder anew, with the tools that others use; see README.md.
#   bash make.sh FOLDER      (a new folder; openssl 3, go, java, mvn and a gmssl 3 command are needed)
# GMSSL names the gmssl command: GmSSL 3.1.1, built from the sources in the sdist of PyPI's easy-gmssl.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
mkdir "$1"; cd "$1"
p=pass:"fixture password"

openssl version
openssl ecparam -name SM2 -genkey -noout -out openssl-pkcs8.pem
openssl ec -in openssl-pkcs8.pem -pubout -out openssl-public.pem
openssl ec -in openssl-pkcs8.pem -pubout -outform DER -out openssl-public.der
openssl ecparam -name SM2 -genkey -out openssl-parameters.pem            # SM2 PARAMETERS, then the key
openssl ec -in openssl-parameters.pem -pubout -out openssl-parameters-public.pem
openssl ec -in openssl-pkcs8.pem -out openssl-sec1.pem                      # SM2 PRIVATE KEY
openssl ec -in openssl-pkcs8.pem -outform DER -out openssl-sec1.der
openssl ec -in openssl-pkcs8.pem -no_public -outform DER -out openssl-sec1-no-public.der
openssl ec -in openssl-pkcs8.pem -aes256 -passout "$p" -out openssl-dek.pem     # Proc-Type: 4,ENCRYPTED
openssl pkcs8 -topk8 -in openssl-pkcs8.pem -passout "$p" -out openssl-default.pem
openssl pkcs8 -topk8 -in openssl-pkcs8.pem -v2 aes-256-cbc -iter 600000 -passout "$p" -out openssl-600000.pem
openssl pkcs8 -topk8 -in openssl-pkcs8.pem -v2 aes-128-cbc -v2prf hmacWithSHA512 -passout "$p" -outform DER -out openssl-sha512.der
openssl pkcs8 -topk8 -in openssl-pkcs8.pem -v2 sm4-cbc -passout "$p" -out openssl-sm4.pem
openssl pkcs8 -topk8 -in openssl-pkcs8.pem -scrypt -scrypt_N 1024 -passout "$p" -out openssl-scrypt.pem
openssl ec -in openssl-pkcs8.pem -param_enc explicit -out openssl-explicit.pem
openssl ecparam -name prime256v1 -genkey -noout -out openssl-p256.pem
openssl genpkey -algorithm ed25519 -out openssl-ed25519.pem

"$GMSSL" version
"$GMSSL" sm2keygen -pass "fixture password" -out gmssl-encrypted.pem -pubout gmssl-public.pem

cp "$here/make.go" .
cat > go.mod <<'END'
module keyfiles

go 1.24

require (
	github.com/emmansun/gmsm v0.41.1
	github.com/tjfoc/gmsm v1.4.1
)
END
go mod tidy
go run make.go
rm make.go go.mod go.sum

for name in bcprov bcpkix bcutil; do
  mvn -q dependency:copy -Dartifact=org.bouncycastle:$name-jdk18on:1.78.1 -DoutputDirectory=jars
done
java -cp 'jars/*' "$here/Make.java"
rm -r jars
