// Versions: filed by the provider's head, one number after the other, and what an entry is until they are reviewed.
import assert from "node:assert/strict";
import { before, beforeEach, describe, it } from "node:test";
import type { Hex } from "viem";
import { emits, eventOf, refuses, ZERO, type Fields, type Mined } from "../harness/chain.ts";
import {
  City,
  DATA_HEAD,
  departmentId,
  digest,
  idOf,
  personOf,
  POLICE,
  POLICE_HEAD,
  POLICE_OFFICE,
  SCHOOL,
  SCHOOL_HEAD,
} from "../harness/city.ts";
import { EntryStates, Roles, ShareTypes } from "../harness/enums.ts";
import type { Sm2Key } from "../harness/sm2.ts";

/** What `entryOf` says of an entry of the police that has one version, awaiting review. */
export function submittedOnce(fields: Fields = {}): Fields {
  return {
    provider: POLICE,
    latest: 1,
    state: EntryStates.SUBMITTED,
    current: 0,
    currentState: 0,
    latestShareType: ShareTypes.CONDITIONAL,
    latestItemCount: 12,
    shareType: 0,
    itemCount: 0,
    standing: false,
    frozen: false,
    callsPerDay: 0,
    rowsPerDay: 0,
    submitter: beginningOf(POLICE_HEAD),
    standingTerms: ZERO,
    withdrawalDigest: ZERO,
    ...fields,
  };
}

/** The part of a submitter's handle that an entry keeps. */
export function beginningOf(key: Sm2Key): Hex {
  return personOf(key).slice(0, 18) as Hex;
}

export function describeSubmitVersions(): void {
  let city: City;
  let restore: () => Promise<void>;
  before(async () => {
    city = await City.enrolled();
    restore = await city.chain.snapshot();
  });
  beforeEach(() => restore());

  const entryOf = (code: string, department = POLICE): Promise<Fields> =>
    city.chain.read(city.catalogue, "entryOf", [idOf(department, code)]);
  const digestOf = (code: string, version: number): Promise<Hex> =>
    city.chain.read(city.catalogue, "digestOf", [idOf(POLICE, code), version]);

  it("files one version, and says everything in its event", async () => {
    const mined = await city.submit([city.version("R1")]);
    emits(mined, "VersionsSubmitted", eventOf(mined.args, { entries: [idOf(POLICE, "R1")], seq: 1n }));
    assert.deepEqual(await entryOf("R1"), submittedOnce());
    assert.equal(await digestOf("R1", 1), digest("R1/1"));
    assert.equal(await city.chain.read(city.catalogue, "providerOf", [idOf(POLICE, "R1")]), POLICE);
  });

  it("files many under one signature, in the order of the decision", async () => {
    const codes = Array.from({ length: 30 }, (_, i) => `R${i}`);
    const mined = await city.submit(codes.map((code, i) => city.version(code, 1, { itemCount: i + 1 })));
    const entries = codes.map((code) => idOf(POLICE, code));
    emits(mined, "VersionsSubmitted", eventOf(mined.args, { entries, seq: 1n }));
    for (const [i, code] of codes.entries()) {
      assert.deepEqual(await entryOf(code), submittedOnce({ latestItemCount: i + 1 }));
      assert.equal(await digestOf(code, 1), digest(`${code}/1`));
    }
  });

  it("files at least one", async () => {
    await refuses(city.submit([]), "VersionsEmpty", [POLICE]);
  });

  it("files for the acting department only: another's entry of the same code is another entry", async () => {
    await city.publish("R1", ShareTypes.CONDITIONAL);
    await city.submit([city.version("R1", 1, { itemCount: 3 })], SCHOOL_HEAD, SCHOOL);
    assert.equal((await entryOf("R1")).state, EntryStates.PUBLISHED);
    const theirs = { provider: SCHOOL, latestItemCount: 3, submitter: beginningOf(SCHOOL_HEAD) };
    assert.deepEqual(await entryOf("R1", SCHOOL), submittedOnce(theirs));
  });

  it("leaves the version in force as it is", async () => {
    await city.publish("R1", ShareTypes.UNCONDITIONAL);
    const published = await entryOf("R1");
    const next = { shareType: ShareTypes.NOT_SHARED, itemCount: 200 };
    await city.submit([city.version("R1", 2, next)]);
    assert.deepEqual(await entryOf("R1"), {
      ...published,
      latest: 2,
      state: EntryStates.SUBMITTED,
      latestShareType: ShareTypes.NOT_SHARED,
      latestItemCount: 200,
    });
    assert.deepEqual([published.current, published.shareType, published.itemCount], [1, ShareTypes.UNCONDITIONAL, 12]);
    assert.deepEqual([await digestOf("R1", 1), await digestOf("R1", 2)], [digest("R1/1"), digest("R1/2")]);
  });

  describe("the number", () => {
    const refusesNumber = async (version: number, latest: number): Promise<void> => {
      const expected = [idOf(POLICE, "R1"), latest, version];
      await refuses(city.submit([city.version("R1", version)]), "VersionNotSequential", expected);
    };

    it("is 1 for the first version", async () => {
      await refusesNumber(0, 0);
      await refusesNumber(2, 0);
    });

    it("is the next after a published version", async () => {
      await city.publish("R1", ShareTypes.CONDITIONAL);
      for (const version of [0, 1, 3, 2 ** 32 - 1]) await refusesNumber(version, 1);
      await city.submit([city.version("R1", 2)]);
      assert.equal((await entryOf("R1")).latest, 2);
    });

    it("is the next after a returned version: a returned number is spent", async () => {
      await city.submit([city.version("R1")]);
      await city.reviewAll([city.review("R1", 1, false)]);
      await refusesNumber(1, 1);
      await city.submit([city.version("R1", 2)]);
      assert.equal(await digestOf("R1", 1), digest("R1/1"));
      assert.equal((await entryOf("R1")).latest, 2);
    });
  });

  describe("a version that awaits review", () => {
    it("keeps the next one out", async () => {
      await city.submit([city.version("R1")]);
      await refuses(city.submit([city.version("R1", 2)]), "VersionPending", [idOf(POLICE, "R1"), 1]);
    });

    it("cannot be replaced under its own number", async () => {
      await city.submit([city.version("R1")]);
      const other = city.version("R1", 1, { digest: digest("swapped") });
      await refuses(city.submit([other]), "VersionPending", [idOf(POLICE, "R1"), 1]);
      assert.equal(await digestOf("R1", 1), digest("R1/1"));
    });

    it("keeps the next one out of its own decision, too", async () => {
      const versions = [city.version("R1"), city.version("R1", 2)];
      await refuses(city.submit(versions), "VersionPending", [idOf(POLICE, "R1"), 1]);
    });
  });

  describe("what is said of it", () => {
    it("has a share type from 1 to 3", async () => {
      for (const shareType of Object.values(ShareTypes)) {
        await city.submit([city.version(`S${shareType}`, 1, { shareType })]);
        assert.equal((await entryOf(`S${shareType}`)).latestShareType, shareType);
      }
      for (const shareType of [0, 4, 255]) {
        const submitted = city.submit([city.version("R1", 1, { shareType })]);
        await refuses(submitted, "ShareTypeInvalid", [idOf(POLICE, "R1"), shareType]);
      }
    });

    it("has 1 to 256 items", async () => {
      for (const itemCount of [1, 256]) {
        await city.submit([city.version(`I${itemCount}`, 1, { itemCount })]);
        assert.equal((await entryOf(`I${itemCount}`)).latestItemCount, itemCount);
      }
      for (const itemCount of [0, 257, 65_535]) {
        const submitted = city.submit([city.version("R1", 1, { itemCount })]);
        await refuses(submitted, "ItemCountInvalid", [idOf(POLICE, "R1"), itemCount]);
      }
    });

    it("has a document", async () => {
      const message = { department: POLICE, versions: [city.version("R1", 1, { digest: ZERO })], nonce: 321n };
      const submitted = city.chain.decide(city.catalogue, "submitVersions", message, POLICE_HEAD);
      await refuses(submitted, "DigestMissing", [POLICE_HEAD.id, 321n]);
    });
  });

  describe("who signs", () => {
    const submit = (signer: Sm2Key): Promise<Mined> => city.submit([city.version("R1")], signer);
    const missing = (key: Sm2Key, held: number): unknown[] => [POLICE, key.id, Roles.DEPARTMENT_HEAD, held];

    it("is a head of the provider, no other officer or department, not even the competent one", async () => {
      await refuses(submit(POLICE_OFFICE), "RoleMissing", missing(POLICE_OFFICE, Roles.OFFICE_HEAD));
      await refuses(submit(SCHOOL_HEAD), "RoleMissing", missing(SCHOOL_HEAD, 0));
      await refuses(submit(DATA_HEAD), "RoleMissing", missing(DATA_HEAD, 0));
    });

    it("may be a deputy whose key another department holds", async () => {
      await city.grantRoles(POLICE, SCHOOL_HEAD.id, Roles.DEPARTMENT_HEAD, POLICE_HEAD);
      await submit(SCHOOL_HEAD);
      assert.deepEqual(await entryOf("R1"), submittedOnce({ submitter: beginningOf(SCHOOL_HEAD) }));
    });

    it("is nobody for a department that is not enrolled", async () => {
      const nowhere = departmentId("111309000000NOBODY");
      const expected = [nowhere, POLICE_HEAD.id, Roles.DEPARTMENT_HEAD, 0];
      await refuses(city.submit([city.version("R1")], POLICE_HEAD, nowhere), "RoleMissing", expected);
    });
  });

  it("files none where one is refused", async () => {
    const versions = [city.version("R1"), city.version("R2"), city.version("R3", 1, { itemCount: 0 })];
    await refuses(city.submit(versions), "ItemCountInvalid", [idOf(POLICE, "R3"), 0]);
    for (const code of ["R1", "R2", "R3"]) {
      await refuses(entryOf(code), "EntryUnknown", [idOf(POLICE, code)]);
      const provider = city.chain.read(city.catalogue, "providerOf", [idOf(POLICE, code)]);
      await refuses(provider, "EntryUnknown", [idOf(POLICE, code)]);
      assert.equal(await digestOf(code, 1), ZERO);
    }
    assert.equal(await city.chain.read(city.catalogue, "sequence"), 0n);
  });
}
