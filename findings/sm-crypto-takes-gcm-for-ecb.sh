#!/bin/bash
# npm sm-crypto 0.5.8 takes `mode: 'gcm'` for ECB: no tag, no iv, no error.
#
# Input: SM4-GCM as in RFC 8998 A.1 (key, iv, AAD, 64 bytes of plaintext), the call as sm-crypto-v2
#   documents it. sm-crypto knows `cbc` and ECB, and compares the mode with 'cbc' alone.
# Expected: the RFC's ciphertext and tag, as sm-crypto-v2 1.15.1 gives, or an error.
# Seen (Node 20 and 22, 2026-11-28):
#   sm-crypto-v2: 17f399f08c67d5ee19d0dc9969c4bb7d... tag 83de3541e4c2b58177e065a9bf7b62ec
#   sm-crypto gcm equals ecb: true; equal blocks of plaintext are equal blocks of ciphertext: true
# So docs/interop.md opens answers with sm-crypto's SM2 and sm-crypto-v2's SM4.
# Ends with 0 while this is so, with 1 once it changed.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-audit --no-fund sm-crypto@0.5.8 sm-crypto-v2@1.15.1 >/dev/null
node -e '
const [old, v2] = [require("sm-crypto").sm4, require("sm-crypto-v2").sm4]
const [key, iv] = ["0123456789abcdeffedcba9876543210", "00001234567800000000abcd"]
const plain = Buffer.from("abcdefea".split("").map((digit) => digit.repeat(16)).join(""), "hex")
const associatedData = Buffer.from("feedfacedeadbeeffeedfacedeadbeefabaddad2", "hex")
const right = Buffer.from("aabbccddeeffeeaa".replace(/../g, (pair) => pair.repeat(8)), "hex")
const options = { mode: "gcm", iv, associatedData, outputTag: true }
const { output, tag } = v2.encrypt(right, key, options)
const gcm = old.encrypt([...plain, ...plain], key, { mode: "gcm", iv })
const ecb = old.encrypt([...plain, ...plain], key)
const repeats = gcm.slice(0, 128) === gcm.slice(128, 256)
console.log(`sm-crypto-v2: ${output.slice(0, 32)}... tag ${tag}`)
console.log(`sm-crypto gcm equals ecb: ${gcm === ecb}; equal blocks of plaintext are equal blocks of ciphertext: ${repeats}`)
const rfc = tag === "83de3541e4c2b58177e065a9bf7b62ec"
process.exit(rfc && gcm === ecb && repeats ? 0 : 1)
'
