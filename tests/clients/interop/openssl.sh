#!/bin/bash
# The openssl 3 command. In the folder: key.pem, signer.pem, text, wrapped, sealed, iv (hex), checkpoint, signature (hex).
set -euo pipefail
cd "$1"

# 签名
openssl pkeyutl -sign -rawin -digest sm3 -inkey key.pem -pkeyopt distid:1234567812345678 -in text -out text.sig
header="sig=:$(base64 -w0 text.sig):"

# 打开答复：3.0 没有 SM4-GCM，用 CTR，计数从 2 起；标签没有核对，须核对回执里 answer 的 SM3
openssl pkeyutl -decrypt -inkey key.pem -in wrapped -out data.key
key=$(od -An -v -tx1 data.key | tr -d ' \n')
head -c -16 sealed | openssl enc -d -sm4-ctr -K "$key" -iv "$(cat iv)00000002" -out plain

# 核验回执：r‖s 改写为 DER
s=$(cat signature)
printf 'asn1=SEQUENCE:rs\n[rs]\nr=INTEGER:0x%s\ns=INTEGER:0x%s\n' "${s:0:64}" "${s:64}" > rs.conf
openssl asn1parse -genconf rs.conf -noout -out checkpoint.sig
holds() { openssl pkeyutl -verify -rawin -digest sm3 -pubin -inkey signer.pem -pkeyopt distid:1234567812345678 -in "$1" -sigfile checkpoint.sig > verdict && echo true || echo false; }
{ cat checkpoint; printf x; } > forged

printf '{"header": "%s", "key": "%s", "plain": "%s", "holds": %s, "forged": %s}\n' \
  "$header" "$key" "$(od -An -v -tx1 plain | tr -d ' \n')" "$(holds checkpoint)" "$(holds forged)"
