// What others sign by default: each name with the signature, hex, of the text on stdin by the PEM key.
const crypto = require('node:crypto')
const [packages] = process.argv.slice(2)
const v2 = require('node:module').createRequire(packages)('sm-crypto-v2')
const { pem, text, privateKey, publicKey } = JSON.parse(require('node:fs').readFileSync(0, 'utf8'))
const key = crypto.createPrivateKey(pem)
console.log(JSON.stringify({
  'crypto.sign': crypto.sign('sm3', Buffer.from(text), key).toString('hex'),
  'createSign': crypto.createSign('sm3').update(text).sign(key).toString('hex'),
  'sm-crypto-v2': v2.sm2.doSignature(text, privateKey, { publicKey: '04' + publicKey }),
  'digest as text': v2.sm2.doSignature(v2.sm3(text), privateKey, { hash: true, publicKey: '04' + publicKey }),
}))
