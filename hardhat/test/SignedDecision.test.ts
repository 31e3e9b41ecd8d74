// The one way a decision becomes effective, tried on each contract that takes one.
import assert from "node:assert/strict";
import { before, beforeEach, describe, it } from "node:test";
import { getAddress, type Hex } from "viem";
import { artifactOf, DAY, Refused, refuses, START, typesOf, ZERO, type Fields } from "./harness/chain.ts";
import {
  APP_KEY,
  City,
  DATA,
  DATA_HEAD,
  POLICE,
  POLICE_HEAD,
  POLICE_OFFICE,
  SCHOOL,
  SCHOOL_HEAD,
  SCHOOL_OFFICE,
  textHash,
} from "./harness/city.ts";
import { describeReplay } from "./decisions/replaying.ts";
import { itLeavesNothingSharedOut } from "./harness/completeness.ts";
import { type Decision, everyDecision, undecided } from "./harness/decisions.ts";
import { DepartmentStatuses, KeyKinds, Roles } from "./harness/enums.ts";
import { keyNamed, N, type Sm2Key } from "./harness/sm2.ts";

const WEEK = 7n * DAY;

let city: City;
let restore: () => Promise<void>;
let decisions: Decision[];

/** Leave the value's type and change its value. */
function changed(value: unknown, type: string): unknown {
  if (type === "bool") return !value;
  if (type === "address") return city.chain.other;
  if (type.startsWith("uint")) return typeof value === "bigint" ? value ^ 1n : (value as number) ^ 1;
  const last = parseInt((value as string).slice(-1), 16);
  return (value as string).slice(0, -1) + (last ^ 1).toString(16);
}

describe("SignedDecision", () => {
  before(async () => {
    city = await undecided();
    decisions = await everyDecision(city);
    restore = await city.chain.snapshot();
  });
  beforeEach(() => restore());

  describe("a decision's text", () => {
    it("is signed over the EIP-712 hash of exactly its own fields, in every function", async () => {
      // Hash and types come from viem and the ABI, so a type string that differed by a letter would refuse all of these.
      for (const { target, name, message, signer, twist } of decisions) {
        const { events } = await city.chain.decide(city[target], name, message, signer, twist);
        assert.equal(events.length, 1, name);
        const { args } = events[0]!;
        assert.equal(args.signingKey, signer.id, name);
        for (const [field, value] of Object.entries(message)) assert.deepEqual(plain(args[field]), plain(value), name);
        await restore();
      }
    });

    it("has a type for every function that takes a decision", () => {
      const tested = decisions.map(({ name }) => name);
      for (const contract of ["DepartmentRegistry", "CatalogueRegistry", "ShareAuthorisations", "AccessAnchors"]) {
        for (const item of artifactOf(contract).abi) {
          if (item.type !== "function" || item.inputs[0]?.name !== "decision") continue;
          assert.ok(tested.includes(item.name), item.name);
        }
      }
    });

    it("does not survive a change of any single field", async () => {
      for (const { target, name, message, signer, twist } of decisions) {
        const [decision, ...rest] = city.chain.sign(city[target], name, message, signer, twist) as [Fields, ...unknown[]];
        const { primaryType, types } = typesOf(city[target].abi, name);
        for (const field of types[primaryType]) {
          if (field.type.endsWith("[]")) {
            const element = types[field.type.slice(0, -2)];
            for (const inner of element) {
              const list = decision[field.name].map((one: Fields) => ({ ...one }));
              list[1][inner.name] = changed(list[1][inner.name], inner.type);
              await refused(target, name, [{ ...decision, [field.name]: list }, ...rest], `${name}.${inner.name}`);
            }
            const swapped = decision[field.name].toReversed();
            await refused(target, name, [{ ...decision, [field.name]: swapped }, ...rest], `${name} swapped`);
            const shorter = decision[field.name].slice(1);
            await refused(target, name, [{ ...decision, [field.name]: shorter }, ...rest], `${name} shorter`);
          } else {
            const other = { ...decision, [field.name]: changed(decision[field.name], field.type) };
            await refused(target, name, [other, ...rest], `${name}.${field.name}`);
          }
        }
        await city.chain.send(city[target], name, [decision, ...rest]);
        await restore();
      }
    });
  });

  describe("the signature", () => {
    const message = { department: SCHOOL, codeHash: textHash("X"), digest: ZERO };
    const name = "registerApplication";

    it("must be the key's own", async () => {
      const impostor = keyNamed("impostor");
      const args = city.chain.sign(city.registry, name, message, impostor, { key: SCHOOL_OFFICE.id });
      const [decision, { r, s }] = args as [Fields, { r: bigint; s: bigint }];
      const hash = city.chain.hash(city.registry, name, decision);
      const expected = [SCHOOL_OFFICE.id, hash, r, s];
      await refuses(city.chain.send(city.registry, name, args), "SignatureRefused", expected);
    });

    it("must have both numbers in range", async () => {
      for (const signature of [
        { r: 0n, s: 0n },
        { r: 1n, s: N },
        { r: N, s: 1n },
        { r: 1n, s: N - 1n },
      ]) {
        const args = city.chain.sign(city.registry, name, message, SCHOOL_OFFICE, { signature });
        const hash = city.chain.hash(city.registry, name, args[0] as Fields);
        const expected = [SCHOOL_OFFICE.id, hash, signature.r, signature.s];
        await refuses(city.chain.send(city.registry, name, args), "SignatureRefused", expected);
      }
    });

    it("counts whoever sends it", async () => {
      const args = city.chain.sign(city.registry, name, message, SCHOOL_OFFICE);
      assert.equal((await city.chain.send(city.registry, name, args, city.chain.other)).events.length, 1);
    });
  });

  describe("replay", describeReplay);

  describe("nonces", () => {
    const revoke = (nonce: bigint, key: Sm2Key, signer: Sm2Key): Promise<unknown> =>
      city.chain.decide(city.registry, "revokeKey", { key: key.id, digest: ZERO, nonce }, signer);

    it("may come in any order, up to the largest", async () => {
      for (const nonce of [2n ** 64n - 1n, 256n, 255n, 0n]) {
        const code = textHash(`app ${nonce}`);
        const message = { department: SCHOOL, codeHash: code, digest: ZERO, nonce };
        await city.chain.decide(city.registry, "registerApplication", message, SCHOOL_OFFICE);
      }
      for (const nonce of [2n ** 64n - 1n, 256n, 255n, 0n]) {
        assert.equal(await city.chain.read(city.registry, "isSpent", [SCHOOL_OFFICE.id, nonce]), true);
      }
      for (const nonce of [2n ** 64n - 2n, 257n, 254n]) {
        assert.equal(await city.chain.read(city.registry, "isSpent", [SCHOOL_OFFICE.id, nonce]), false);
      }
    });

    it("belong to a key: another key may use the same", async () => {
      await revoke(900n, POLICE_OFFICE, POLICE_HEAD);
      await revoke(900n, SCHOOL_OFFICE, SCHOOL_HEAD);
    });

    it("belong to a contract: the same key may use one again in another", async () => {
      await revoke(900n, POLICE_OFFICE, POLICE_HEAD);
      const message = { department: POLICE, relay: city.chain.account, nonce: 900n };
      await city.chain.decide(city.anchors, "registerLog", message, POLICE_HEAD);
    });

    it("are not spent by a refused decision", async () => {
      const args = city.chain.sign(city.registry, "revokeKey", { key: APP_KEY.id, digest: ZERO, nonce: 900n }, POLICE_HEAD);
      await assert.rejects(city.chain.send(city.registry, "revokeKey", args), Refused);
      assert.equal(await city.chain.read(city.registry, "isSpent", [POLICE_HEAD.id, 900n]), false);
    });
  });

  describe("the window", () => {
    const decide = (notAfter: bigint): Promise<unknown> => {
      const message = { department: SCHOOL, codeHash: textHash("W"), digest: ZERO, notAfter };
      return city.chain.decide(city.registry, "registerApplication", message, SCHOOL_OFFICE);
    };

    it("reaches seven days ahead", async () => {
      await decide(city.chain.now + 1n + WEEK);
    });

    it("does not reach further", async () => {
      const time = city.chain.now + 1n;
      await refuses(decide(time + WEEK + 1n), "DecisionTooLongLived", [time + WEEK + 1n, time + WEEK]);
      await refuses(decide(2n ** 64n - 1n), "DecisionTooLongLived", [2n ** 64n - 1n, time + WEEK + 1n]);
    });
  });

  describe("the key", () => {
    const decide = (signer: Sm2Key, key?: Hex): Promise<unknown> => {
      const message = { department: SCHOOL, codeHash: textHash("K"), digest: ZERO };
      const twist = key === undefined ? {} : { key };
      return city.chain.decide(city.registry, "registerApplication", message, signer, twist);
    };

    it("must be registered", async () => {
      const stranger = keyNamed("stranger");
      await refuses(decide(stranger), "KeyUnknown", [stranger.id]);
    });

    it("must be an officer's, not an application's", async () => {
      await refuses(decide(APP_KEY), "KeyNotOfficer", [APP_KEY.id, KeyKinds.APPLICATION]);
    });

    it("must be an officer's, not a department's", async () => {
      const key = keyNamed("checkpoints");
      await city.addKey(SCHOOL, key, SCHOOL_HEAD, { kind: KeyKinds.DEPARTMENT });
      await refuses(decide(key), "KeyNotOfficer", [key.id, KeyKinds.DEPARTMENT]);
    });

    it("must not be revoked, from the very block on", async () => {
      await city.revokeKey(SCHOOL_OFFICE.id, SCHOOL_HEAD);
      const revokedAt = city.chain.now;
      await refuses(decide(SCHOOL_OFFICE), "KeyAlreadyRevoked", [SCHOOL_OFFICE.id, revokedAt]);
    });

    it("must be valid: from its first second until before its last", async () => {
      const key = keyNamed("temporary");
      const [validFrom, validUntil] = [city.chain.now + 100n, city.chain.now + 200n];
      await city.addKey(SCHOOL, key, SCHOOL_HEAD, { validFrom, validUntil });
      const grant = { department: SCHOOL, key: key.id, roles: Roles.OFFICE_HEAD };
      // Roles are granted to live keys only.
      city.chain.now = validFrom - 1n;
      await city.grantRoles(SCHOOL, key.id, grant.roles, SCHOOL_HEAD, { validFrom: 0n, validUntil: START + WEEK });
      const restoreLater = await city.chain.snapshot();
      city.chain.now = validUntil - 2n;
      await decide(key);
      await restoreLater();
      city.chain.now = validUntil - 1n;
      await refuses(decide(key), "KeyNotValid", [key.id, validFrom, validUntil, validUntil]);
    });

    it("may not act before its validity", async () => {
      const key = keyNamed("temporary");
      const [validFrom, validUntil] = [city.chain.now + 100n, city.chain.now + 200n];
      await city.addKey(SCHOOL, key, SCHOOL_HEAD, { validFrom, validUntil });
      const time = city.chain.now + 1n;
      await refuses(decide(key), "KeyNotValid", [key.id, validFrom, validUntil, time]);
    });
  });

  describe("the role", () => {
    const decide = (department: Hex, signer: Sm2Key): Promise<unknown> =>
      city.chain.decide(city.registry, "registerApplication", { department, codeHash: textHash("R"), digest: ZERO }, signer);

    it("must be the one that decides this", async () => {
      const expected = [SCHOOL, SCHOOL_HEAD.id, Roles.OFFICE_HEAD, Roles.DEPARTMENT_HEAD];
      await refuses(decide(SCHOOL, SCHOOL_HEAD), "RoleMissing", expected);
    });

    it("must be held in the department that decides", async () => {
      await refuses(decide(POLICE, SCHOOL_OFFICE), "RoleMissing", [POLICE, SCHOOL_OFFICE.id, Roles.OFFICE_HEAD, 0]);
    });

    it("counts whoever holds the key: a deputy of another department", async () => {
      await city.grantRoles(POLICE, SCHOOL_OFFICE.id, Roles.OFFICE_HEAD, POLICE_HEAD);
      await decide(POLICE, SCHOOL_OFFICE);
    });

    it("counts from its first second until before its last", async () => {
      const [validFrom, validUntil] = [city.chain.now + 100n, city.chain.now + 200n];
      const grant = { validFrom, validUntil };
      await city.grantRoles(POLICE, SCHOOL_OFFICE.id, Roles.OFFICE_HEAD, POLICE_HEAD, grant);
      const missing = [POLICE, SCHOOL_OFFICE.id, Roles.OFFICE_HEAD, 0];
      city.chain.now = validFrom - 2n;
      const again = await city.chain.snapshot();
      await refuses(decide(POLICE, SCHOOL_OFFICE), "RoleMissing", missing);
      await again();
      city.chain.now = validFrom - 1n;
      await decide(POLICE, SCHOOL_OFFICE);
      await again();
      city.chain.now = validUntil - 1n;
      await refuses(decide(POLICE, SCHOOL_OFFICE), "RoleMissing", missing);
    });

    it("ends when it is taken away", async () => {
      await city.grantRoles(SCHOOL, SCHOOL_OFFICE.id, 0, SCHOOL_HEAD);
      await refuses(decide(SCHOOL, SCHOOL_OFFICE), "RoleMissing", [SCHOOL, SCHOOL_OFFICE.id, Roles.OFFICE_HEAD, 0]);
    });
  });

  describe("the department", () => {
    const decide = (): Promise<unknown> =>
      city.chain.decide(city.registry, "registerApplication", { department: SCHOOL, codeHash: textHash("D"), digest: ZERO }, SCHOOL_OFFICE);

    it("must be active", async () => {
      for (const status of [DepartmentStatuses.SUSPENDED, DepartmentStatuses.CLOSED]) {
        await city.setStatus(SCHOOL, status);
        await refuses(decide(), "DepartmentNotActive", [SCHOOL, status]);
      }
      await restore();
      await decide();
    });

    it("is looked at after the role: who may not decide there is not told how it is", async () => {
      await city.setStatus(SCHOOL, DepartmentStatuses.SUSPENDED);
      const message = { department: SCHOOL, codeHash: textHash("D"), digest: ZERO };
      const refusal = city.chain.decide(city.registry, "registerApplication", message, POLICE_OFFICE);
      await refuses(refusal, "RoleMissing", [SCHOOL, POLICE_OFFICE.id, Roles.OFFICE_HEAD, 0]);
    });
  });

  describe("sequence", () => {
    it("numbers each contract's events from 1 without gaps, refusals in between", async () => {
      const fresh = await City.deployed();
      assert.equal(await fresh.chain.read(fresh.registry, "sequence"), 0n);
      const seqs: bigint[] = [];
      seqs.push(...(await fresh.enrol(DATA, DATA_HEAD, keyNamed("root"), { parent: DATA, mayEnrol: true })).events.map((one) => one.args.seq));
      await assert.rejects(fresh.enrol(POLICE, POLICE_HEAD, POLICE_HEAD), Refused);
      seqs.push(...(await fresh.enrol(POLICE, POLICE_HEAD, DATA_HEAD)).events.map((one) => one.args.seq));
      seqs.push(...(await fresh.grantRoles(POLICE, POLICE_HEAD.id, 6, POLICE_HEAD)).events.map((one) => one.args.seq));
      assert.deepEqual(seqs, [1n, 2n, 3n]);
      assert.equal(await fresh.chain.read(fresh.registry, "sequence"), 3n);
      assert.equal(await fresh.chain.read(fresh.catalogue, "sequence"), 0n);
    });
  });

  describe("eip712Domain", () => {
    it("says what a signer needs to know", async () => {
      for (const target of [city.registry, city.catalogue, city.authorisations, city.anchors]) {
        const [fields, name, version, chainId, contract] = await city.chain.read(target, "eip712Domain");
        assert.deepEqual([fields, name, version], ["0x0f", "ShareLedger", "1"]);
        assert.deepEqual([chainId, contract], [BigInt(city.chain.chainId), getAddress(target.address)]);
      }
    });
  });

  describe("a refusal", () => {
    it("leaves everything the contract keeps as it was, down to the nonce and the sequence", async () => {
      // `Chain` compares the root of the contract's storage around every refusal of every test; here it is seen to move.
      const before = await city.chain.storageOf(city.registry.address);
      const message = { department: SCHOOL, codeHash: textHash("T"), digest: ZERO, nonce: 901n };
      const args = city.chain.sign(city.registry, "registerApplication", message, SCHOOL_OFFICE);
      const [decision, signature] = args as [Fields, Fields];
      const send = (s: bigint): Promise<unknown> =>
        city.chain.send(city.registry, "registerApplication", [decision, { ...signature, s }]);
      await assert.rejects(send(signature.s ^ 1n), Refused);
      assert.equal(await city.chain.storageOf(city.registry.address), before);
      await send(signature.s);
      assert.notEqual(await city.chain.storageOf(city.registry.address), before);
    });
  });

  itLeavesNothingSharedOut(["SubjectMismatch", "DigestMissing", "PeriodInvalid"]);
});

/** Values as they compare: numbers as bigints, structs as plain objects, addresses in lower case. */
function plain(value: unknown): unknown {
  if (typeof value === "number") return BigInt(value);
  if (typeof value === "string") return value.toLowerCase();
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value === "object" && value !== null) {
    return Object.fromEntries(Object.entries(value).map(([name, one]) => [name, plain(one)]));
  }
  return value;
}

/** Expect a refusal, whichever: a changed field may already fail before the signature is looked at. */
async function refused(target: Decision["target"], name: string, args: unknown[], label: string): Promise<void> {
  await assert.rejects(city.chain.send(city[target], name, args), Refused, label);
}
