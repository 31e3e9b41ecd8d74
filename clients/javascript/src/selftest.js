// Whether this machine has the ciphers, by the standards' vectors: builds on another library than OpenSSL lack them.
import { where } from "#platform";

import { sm3 } from "./bytes.js";
import { LedgerError } from "./errors.js";
import * as sm2 from "./sm2.js";
import * as sm4gcm from "./sm4gcm.js";

const bytes = (hex) => Buffer.from(hex, "hex");
/** GB/T 32905-2016, annex A. */
const SM3_ABC = "66c7f0f462eeedd9d1f2d46bdc10e4e24167c4875cf2f7a2297da02b8f4ba8e0";
/** GB/T 32918.5-2017, annex A. */
const PUBLIC =
  "09f9df311e5421a150dd7d161e4bc5c672179fad1833fc076bb08ff356f35020ccea490ce26775a52dc6ea718cc1aa600aed05fbf35e084a6632f6072da9ad13";
const SIGNATURE =
  "f5a03b0648d2c4630eeac513e1bb81a15944da3827d5b74143ac7eaceee720b3b1b6aa29df212fd8763182bc0d421ca1bb9038fd1f7f42d4840b69c485bbc1aa";
/** RFC 8998, appendix A.1. */
const [KEY, IV, AAD] = ["0123456789abcdeffedcba9876543210", "00001234567800000000abcd", "feedfacedeadbeeffeedfacedeadbeefabaddad2"];
const SEALED =
  "17f399f08c67d5ee19d0dc9969c4bb7d5fd46fd3756489069157b282bb200735d82710ca5c22f0ccfa7cbf93d496ac15a56834cbcf98c397b4024a2691233b8d83de3541e4c2b58177e065a9bf7b62ec";
const PLAIN =
  "aaaaaaaaaaaaaaaabbbbbbbbbbbbbbbbccccccccccccccccddddddddddddddddeeeeeeeeeeeeeeeeffffffffffffffffeeeeeeeeeeeeeeeeaaaaaaaaaaaaaaaa";

let passed = false;

/** Check the ciphers once; throws `self-test-failed`. */
export function selfTest() {
  if (passed) return;
  try {
    const digest = sm3(Buffer.from("abc")).toString("hex");
    sm2.verify(bytes(PUBLIC), "message digest", bytes(SIGNATURE));
    const plain = sm4gcm.open(bytes(KEY), bytes(IV), bytes(AAD), bytes(SEALED)).toString("hex");
    passed = digest === SM3_ABC && plain === PLAIN;
  } catch (error) {
    throw failed(error);
  }
  if (!passed) throw failed();
}

function failed(cause) {
  const problem = `此处（${where}）没有 SM3、SM4 或算得不对 / SM3 or SM4 is lacking here, or wrong`;
  return new LedgerError("self-test-failed", problem, {}, { cause });
}
