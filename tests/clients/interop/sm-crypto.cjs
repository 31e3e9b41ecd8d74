// npm sm-crypto 0.5.8, and sm-crypto-v2 for SM4-GCM, which sm-crypto silently takes for ECB.
const { createRequire } = require('node:module')
const [packages, library] = process.argv.slice(2)
const load = createRequire(packages)
const { sm2 } = load(library)
const { sm4 } = load('sm-crypto-v2')
const given = JSON.parse(require('node:fs').readFileSync(0, 'utf8'))
const { privateKey, publicKey } = given

// 签名
const options = { hash: true, der: false, publicKey: '04' + publicKey, userId: '1234567812345678' }
const signature = sm2.doSignature(given.text, privateKey, options)
const header = 'sig=:' + Buffer.from(signature, 'hex').toString('base64') + ':'

// 打开答复：GM/T 0009 的 DER 改写为 C1C3C2，不带 04
function plainOrder(der) {
  let at = 2
  const next = () => { const size = der[at + 1]; at += 2 + size; return der.subarray(at - size, at) }
  const [x, y, c3, c2] = [next(), next(), next(), next()]
  const fixed = (number) => number.toString('hex').slice(-64).padStart(64, '0')
  return fixed(x) + fixed(y) + c3.toString('hex') + c2.toString('hex')
}
const key = sm2.doDecrypt(plainOrder(Buffer.from(given.wrapped, 'hex')), privateKey, 1, { output: 'array' })
if (key.length !== 16) throw new Error('the data key does not open')
const sealed = Buffer.from(given.sealed, 'hex')
const plain = sm4.decrypt(sealed.subarray(0, -16), Buffer.from(key).toString('hex'), {
  mode: 'gcm', iv: given.iv, associatedData: Buffer.from(given.aad, 'hex'), tag: sealed.subarray(-16), output: 'array',
})

// 核验回执：检查点的签名
const holds = (text) => sm2.doVerifySignature(text, given.signature, '04' + given.signer, { hash: true, der: false, userId: '1234567812345678' })

console.log(JSON.stringify({
  header, key: Buffer.from(key).toString('hex'), plain: Buffer.from(plain).toString('hex'),
  holds: holds(given.checkpoint), forged: holds(given.checkpoint + 'x'),
}))
