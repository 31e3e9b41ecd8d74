// Key files as the two gmsm libraries write them; run by make.sh in a module of its own.
package main

import (
	"crypto/rand"
	"encoding/pem"
	"math/big"
	"os"

	"github.com/emmansun/gmsm/pkcs"
	"github.com/emmansun/gmsm/pkcs8"
	"github.com/emmansun/gmsm/sm2"
	"github.com/emmansun/gmsm/smx509"
	other "github.com/tjfoc/gmsm/sm2"
	otherx509 "github.com/tjfoc/gmsm/x509"
)

var password = []byte("fixture password")

func must[T any](value T, err error) T {
	if err != nil {
		panic(err)
	}
	return value
}

func write(name, label string, der []byte) {
	block := pem.EncodeToMemory(&pem.Block{Type: label, Bytes: der})
	if err := os.WriteFile(name, block, 0o644); err != nil {
		panic(err)
	}
}

func main() {
	key := must(sm2.GenerateKey(rand.Reader))
	write("emmansun-default.pem", "ENCRYPTED PRIVATE KEY", must(pkcs8.MarshalPrivateKey(key, password, nil)))
	sm := &pkcs.PBES2Opts{
		Cipher:  pkcs.SM4CBC,
		KDFOpts: pkcs.PBKDF2Opts{SaltSize: 16, IterationCount: 2048, HMACHash: pkcs.SM3},
	}
	write("emmansun-sm3-sm4.pem", "ENCRYPTED PRIVATE KEY", must(pkcs8.MarshalPrivateKey(key, password, sm)))
	scrypt := &pkcs.PBES2Opts{
		Cipher:  pkcs.SM4CBC,
		KDFOpts: pkcs.ScryptOpts{CostParameter: 1 << 10, BlockSize: 8, ParallelizationParameter: 1, SaltSize: 16},
	}
	write("emmansun-scrypt.pem", "ENCRYPTED PRIVATE KEY", must(pkcs8.MarshalPrivateKey(key, password, scrypt)))
	write("emmansun-smpbes.pem", "ENCRYPTED PRIVATE KEY",
		must(pkcs8.MarshalPrivateKey(key, password, pkcs.NewSMPBESEncrypter(16, 2048))))
	gcm := &pkcs.PBES2Opts{
		Cipher:  pkcs.SM4GCM,
		KDFOpts: pkcs.PBKDF2Opts{SaltSize: 16, IterationCount: 2048, HMACHash: pkcs.SM3},
	}
	write("emmansun-sm4-gcm.pem", "ENCRYPTED PRIVATE KEY", must(pkcs8.MarshalPrivateKey(key, password, gcm)))
	write("emmansun-sec1.pem", "EC PRIVATE KEY", must(smx509.MarshalSM2PrivateKey(key)))
	write("emmansun-public.pem", "PUBLIC KEY", must(smx509.MarshalPKIXPublicKey(&key.PublicKey)))

	old := must(other.GenerateKey(rand.Reader))
	if err := os.WriteFile("tjfoc-encrypted.pem", must(otherx509.WritePrivateKeyToPem(old, password)), 0o644); err != nil {
		panic(err)
	}
	if err := os.WriteFile("tjfoc-public.pem", must(otherx509.WritePublicKeyToPem(&old.PublicKey)), 0o644); err != nil {
		panic(err)
	}
	// A private key that begins with a zero byte: this library drops it.
	old.D = new(big.Int).Rsh(old.D, 8)
	old.X, old.Y = old.Curve.ScalarBaseMult(old.D.Bytes())
	if err := os.WriteFile("tjfoc-short.pem", must(otherx509.WritePrivateKeyToPem(old, nil)), 0o644); err != nil {
		panic(err)
	}
	if err := os.WriteFile("tjfoc-short-public.pem", must(otherx509.WritePublicKeyToPem(&old.PublicKey)), 0o644); err != nil {
		panic(err)
	}
}
