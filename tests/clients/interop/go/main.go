// The two gmsm libraries for Go: `go run . emmansun` and `go run . tjfoc`, a case on stdin.
package main

import (
	"crypto/cipher"
	"crypto/rand"
	"encoding/asn1"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"math/big"
	"os"

	"github.com/emmansun/gmsm/sm2"
	"github.com/emmansun/gmsm/sm4"
	oldsm4 "github.com/tjfoc/gmsm/sm4"
	oldx509 "github.com/tjfoc/gmsm/x509"
)

type given struct{ PrivateKey, PublicKey, Text, Wrapped, Iv, Sealed, Aad, Signer, Checkpoint, Signature string }

func must[T any](value T, err error) T {
	if err != nil {
		panic(err)
	}
	return value
}

func unhex(text string) []byte { return must(hex.DecodeString(text)) }

// r‖s 改写为 DER
func der(raw []byte) []byte {
	return must(asn1.Marshal(struct{ R, S *big.Int }{new(big.Int).SetBytes(raw[:32]), new(big.Int).SetBytes(raw[32:])}))
}

func main() {
	var g given
	if err := json.NewDecoder(os.Stdin).Decode(&g); err != nil {
		panic(err)
	}
	var signature, key []byte
	var block cipher.Block
	var holds func(text string) bool
	if os.Args[1] == "emmansun" {
		priv := must(sm2.NewPrivateKey(unhex(g.PrivateKey)))
		signature = must(priv.Sign(rand.Reader, []byte(g.Text), sm2.DefaultSM2SignerOpts))
		key = must(priv.Decrypt(nil, unhex(g.Wrapped), sm2.ASN1DecrypterOpts))
		block = must(sm4.NewCipher(key))
		signer := must(sm2.NewPublicKey(unhex("04" + g.Signer)))
		holds = func(text string) bool {
			return sm2.VerifyASN1WithSM2(signer, nil, []byte(text), der(unhex(g.Signature)))
		}
	} else {
		priv := must(oldx509.ReadPrivateKeyFromHex(g.PrivateKey))
		signature = must(priv.Sign(rand.Reader, []byte(g.Text), nil))
		key = must(priv.DecryptAsn1(unhex(g.Wrapped)))
		block = must(oldsm4.NewCipher(key))
		signer := must(oldx509.ReadPublicKeyFromHex("04" + g.Signer))
		holds = func(text string) bool { return signer.Verify([]byte(text), der(unhex(g.Signature))) }
	}
	gcm := must(cipher.NewGCM(block))
	plain := must(gcm.Open(nil, unhex(g.Iv), unhex(g.Sealed), unhex(g.Aad)))
	found := map[string]any{
		"header": "sig=:" + base64.StdEncoding.EncodeToString(signature) + ":",
		"key":    hex.EncodeToString(key), "plain": hex.EncodeToString(plain),
		"holds": holds(g.Checkpoint), "forged": holds(g.Checkpoint + "x"),
	}
	if err := json.NewEncoder(os.Stdout).Encode(found); err != nil {
		panic(err)
	}
}
