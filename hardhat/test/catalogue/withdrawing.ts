// Withdrawals: proposed by the provider's head, decided by a reviewer of its competent department who is another person.
import assert from "node:assert/strict";
import { before, beforeEach, describe, it } from "node:test";
import { emits, eventOf, refuses, ZERO, type Fields, type Mined } from "../harness/chain.ts";
import {
  City,
  COUNTY,
  COUNTY_HEAD,
  DATA,
  DATA_HEAD,
  digest,
  idOf,
  personOf,
  POLICE,
  POLICE_HEAD,
  POLICE_OFFICE,
  REVIEWER,
  SCHOOL,
  SCHOOL_HEAD,
} from "../harness/city.ts";
import { EntryStates, Roles, ShareTypes } from "../harness/enums.ts";
import { TOWN, TOWN_HEAD } from "../harness/parties.ts";
import { keyNamed, type Sm2Key } from "../harness/sm2.ts";
import { beginningOf } from "./submitting.ts";

const { PUBLISHED, SUBMITTED, WITHDRAWAL_SUBMITTED, WITHDRAWN } = EntryStates;
const OPEN = idOf(POLICE, "OPEN");

let city: City;
let restore: () => Promise<void>;

const entryOf = (code: string): Promise<Fields> => city.chain.read(city.catalogue, "entryOf", [idOf(POLICE, code)]);

async function start(): Promise<void> {
  city = await City.enrolled();
  await city.publish("OPEN", ShareTypes.UNCONDITIONAL);
  await city.standing("OPEN");
  for (const code of ["R1", "R2", "R3"]) await city.publish(code, ShareTypes.CONDITIONAL);
  await city.submit([city.version("NEW")]);
  restore = await city.chain.snapshot();
}

export function describeSubmitWithdrawal(): void {
  before(start);
  beforeEach(() => restore());

  it("marks the version in force, and says everything in its event", async () => {
    const old = await entryOf("OPEN");
    const seq = (await city.chain.read(city.catalogue, "sequence")) + 1n;
    const mined = await city.withdraw(["OPEN"]);
    emits(mined, "WithdrawalSubmitted", eventOf(mined.args, { seq }));
    const marked = { currentState: WITHDRAWAL_SUBMITTED, withdrawalDigest: digest("withdrawal") };
    assert.deepEqual(await entryOf("OPEN"), { ...old, ...marked, submitter: beginningOf(POLICE_HEAD) });
  });

  it("does so for several entries under one signature", async () => {
    const mined = await city.withdraw(["R1", "R2", "OPEN"]);
    assert.equal(mined.events.length, 1);
    for (const code of ["R1", "R2", "OPEN"]) assert.equal((await entryOf(code)).currentState, WITHDRAWAL_SUBMITTED);
    assert.equal((await entryOf("R3")).currentState, PUBLISHED);
  });

  it("leaves the version in force until it is accepted: it is still applied for", async () => {
    await city.withdraw(["R1"]);
    assert.equal((await entryOf("R1")).current, 1);
    await city.applyFor([city.application("R1")]);
  });

  it("keeps the next version out", async () => {
    await city.withdraw(["R1"]);
    await refuses(city.submit([city.version("R1", 2)]), "WithdrawalPending", [idOf(POLICE, "R1")]);
  });

  describe("what is proposed", () => {
    it("is something, with a document", async () => {
      await refuses(city.withdraw([]), "WithdrawalsEmpty", [POLICE]);
      await refuses(city.withdraw(["R1"], { digest: ZERO, nonce: 91n }), "DigestMissing", [POLICE_HEAD.id, 91n]);
    });

    it("is an entry that is known, of the department itself", async () => {
      await refuses(city.withdraw(["R1", "NEVER"]), "EntryUnknown", [idOf(POLICE, "NEVER")]);
      const theirs = city.withdraw(["R1"], { department: SCHOOL }, SCHOOL_HEAD);
      await refuses(theirs, "EntryNotOfDepartment", [idOf(POLICE, "R1"), SCHOOL, POLICE]);
    });

    it("is the version in force, no other number", async () => {
      for (const version of [0, 2]) {
        const withdrawals = [{ entry: OPEN, version }];
        await refuses(city.withdraw([], { withdrawals }), "VersionNotCurrent", [OPEN, 1, version]);
      }
    });

    it("is not an entry of which no version is in force", async () => {
      await city.reviewAll([city.review("NEW", 1, false)]);
      for (const version of [0, 1]) {
        const withdrawals = [{ entry: idOf(POLICE, "NEW"), version }];
        await refuses(city.withdraw([], { withdrawals }), "VersionNotCurrent", [idOf(POLICE, "NEW"), 0, version]);
      }
    });

    it("is not an entry whose next version awaits review", async () => {
      await refuses(city.withdraw(["NEW"]), "VersionPending", [idOf(POLICE, "NEW"), 1]);
      await city.submit([city.version("R1", 2)]);
      await refuses(city.withdraw(["R1"]), "VersionPending", [idOf(POLICE, "R1"), 2]);
    });

    it("is proposed once, in one decision or two", async () => {
      await refuses(city.withdraw(["R1", "R1"]), "WithdrawalPending", [idOf(POLICE, "R1")]);
      await city.withdraw(["R1"]);
      await refuses(city.withdraw(["R1"]), "WithdrawalPending", [idOf(POLICE, "R1")]);
    });

    it("is not frozen", async () => {
      await city.freeze("R1");
      await refuses(city.withdraw(["R1"]), "EntryIsFrozen", [idOf(POLICE, "R1")]);
    });
  });

  it("is signed by a head of the provider, no other officer or department", async () => {
    const missing = (key: Sm2Key, held: number): unknown[] => [POLICE, key.id, Roles.DEPARTMENT_HEAD, held];
    await refuses(city.withdraw(["R1"], {}, POLICE_OFFICE), "RoleMissing", missing(POLICE_OFFICE, Roles.OFFICE_HEAD));
    await refuses(city.withdraw(["R1"], {}, DATA_HEAD), "RoleMissing", missing(DATA_HEAD, 0));
  });

  it("marks none where one is refused", async () => {
    await refuses(city.withdraw(["R1", "NEW"]), "VersionPending", [idOf(POLICE, "NEW"), 1]);
    assert.equal((await entryOf("R1")).currentState, PUBLISHED);
  });
}

export function describeReviewWithdrawal(): void {
  before(async () => {
    await start();
    await city.withdraw(["OPEN", "R1", "R2"]);
    restore = await city.chain.snapshot();
  });
  beforeEach(() => restore());

  it("accepts: nothing is in force any more, and no standing reply", async () => {
    const old = await entryOf("OPEN");
    const seq = (await city.chain.read(city.catalogue, "sequence")) + 1n;
    const mined = await city.reviewWithdrawals([city.withdrawalReview("OPEN")]);
    emits(mined, "WithdrawalReviewed", eventOf(mined.args, { competent: DATA, seq }));
    const withdrawn = { current: 0, currentState: WITHDRAWN, standing: false, withdrawalDigest: ZERO };
    assert.deepEqual(await entryOf("OPEN"), { ...old, ...withdrawn });
  });

  it("rejects: the version stays in force, with its standing reply", async () => {
    const old = await entryOf("OPEN");
    const mined = await city.reviewWithdrawals([city.withdrawalReview("OPEN", false)]);
    assert.equal(mined.events[0]?.args.competent, DATA);
    assert.deepEqual(await entryOf("OPEN"), { ...old, currentState: PUBLISHED, withdrawalDigest: ZERO });
    await city.withdraw(["OPEN"]);
  });

  it("accepts some and rejects others under one signature, and leaves what is not named", async () => {
    await city.reviewWithdrawals([city.withdrawalReview("R1"), city.withdrawalReview("R2", false)]);
    const states = await Promise.all(["R1", "R2", "OPEN"].map(async (code) => (await entryOf(code)).currentState));
    assert.deepEqual(states, [WITHDRAWN, PUBLISHED, WITHDRAWAL_SUBMITTED]);
  });

  describe("what was withdrawn", () => {
    const NONE = [OPEN, 0, 1];
    beforeEach(async () => {
      await city.reviewWithdrawals([city.withdrawalReview("OPEN")]);
    });

    it("is not applied for, nor withdrawn again, nor given a standing reply", async () => {
      await refuses(city.applyFor([city.application("OPEN")]), "VersionNotCurrent", NONE);
      await refuses(city.withdraw(["OPEN"]), "VersionNotCurrent", NONE);
      await refuses(city.standing("OPEN"), "StandingReplyRefused", [OPEN, 0, ShareTypes.UNCONDITIONAL]);
    });

    it("can be followed by a next version, which comes into force without a standing reply", async () => {
      await city.submit([city.version("OPEN", 2, { shareType: ShareTypes.UNCONDITIONAL })]);
      const waiting = await entryOf("OPEN");
      assert.deepEqual([waiting.state, waiting.current, waiting.currentState], [SUBMITTED, 0, WITHDRAWN]);
      await city.reviewAll([city.review("OPEN", 2)]);
      const { state, current, currentState, standing } = await entryOf("OPEN");
      assert.deepEqual([state, current, currentState, standing], [PUBLISHED, 2, PUBLISHED, false]);
      await city.applyFor([city.application("OPEN", { version: 2 })]);
    });

    it("stays so where the next version is returned", async () => {
      await city.submit([city.version("OPEN", 2)]);
      await city.reviewAll([city.review("OPEN", 2, false)]);
      const { current, currentState } = await entryOf("OPEN");
      assert.deepEqual([current, currentState], [0, WITHDRAWN]);
    });
  });

  describe("what is reviewed", () => {
    const review = (fields: Fields = {}, code = "R1"): Promise<Mined> =>
      city.reviewWithdrawals([city.withdrawalReview("R2"), city.withdrawalReview(code, true, fields)]);

    it("is something", async () => {
      await refuses(city.reviewWithdrawals([]), "ReviewsEmpty", [REVIEWER.id]);
    });

    it("is an entry that is known, in every place of the list", async () => {
      const unknown = [idOf(POLICE, "NEVER")];
      await refuses(city.reviewWithdrawals([city.withdrawalReview("NEVER")]), "EntryUnknown", unknown);
      await refuses(review({}, "NEVER"), "EntryUnknown", unknown);
    });

    it("is a withdrawal that was submitted, of that version, once", async () => {
      await refuses(review({}, "R3"), "WithdrawalNotSubmitted", [idOf(POLICE, "R3"), 1, 1, PUBLISHED]);
      await refuses(review({}, "NEW"), "WithdrawalNotSubmitted", [idOf(POLICE, "NEW"), 1, 0, 0]);
      const other = [idOf(POLICE, "R1"), 2, 1, WITHDRAWAL_SUBMITTED];
      await refuses(review({ version: 2 }), "WithdrawalNotSubmitted", other);
      await refuses(review({}, "R2"), "WithdrawalNotSubmitted", [idOf(POLICE, "R2"), 1, 0, WITHDRAWN]);
    });

    it("is the document that was submitted", async () => {
      for (const subject of [ZERO, digest("R1/1")]) {
        await refuses(review({ subject }), "SubjectMismatch", [digest("withdrawal"), subject]);
      }
    });

    it("can be frozen meanwhile", async () => {
      await city.freeze("R1");
      await review();
      assert.deepEqual([(await entryOf("R1")).frozen, (await entryOf("R1")).currentState], [true, WITHDRAWN]);
    });
  });

  describe("who signs", () => {
    const review = (signer: Sm2Key): Promise<Mined> => city.reviewWithdrawals([city.withdrawalReview("R1")], signer);
    const missing = (key: Sm2Key, held: number): unknown[] => [DATA, key.id, Roles.REVIEWER, held];

    it("is a reviewer of the competent department, no other officer of it, and none of another", async () => {
      await refuses(review(DATA_HEAD), "RoleMissing", missing(DATA_HEAD, Roles.DEPARTMENT_HEAD));
      await refuses(review(POLICE_HEAD), "RoleMissing", missing(POLICE_HEAD, 0));
    });

    it("is not the person who submitted, with the same key or a second one", async () => {
      const [person, second] = [personOf(POLICE_HEAD), keyNamed("police head's second")];
      await city.addKey(POLICE, second, POLICE_HEAD, { person });
      for (const key of [POLICE_HEAD, second]) {
        await city.grantRoles(DATA, key.id, Roles.REVIEWER, DATA_HEAD);
        await refuses(review(key), "ReviewerIsSubmitter", [idOf(POLICE, "R1"), person]);
      }
    });

    it("may be the person who submitted the version, where another submitted the withdrawal", async () => {
      await city.grantRoles(POLICE, POLICE_OFFICE.id, Roles.DEPARTMENT_HEAD, POLICE_HEAD);
      await city.grantRoles(DATA, POLICE_HEAD.id, Roles.REVIEWER, DATA_HEAD);
      await city.withdraw(["R3"], {}, POLICE_OFFICE);
      await city.reviewWithdrawals([city.withdrawalReview("R3")], POLICE_HEAD);
      assert.equal((await entryOf("R3")).currentState, WITHDRAWN);
    });

    it("speaks for one competent department in a decision", async () => {
      await city.enrol(TOWN, TOWN_HEAD, COUNTY_HEAD, { parent: COUNTY, competent: COUNTY });
      await city.grantRoles(COUNTY, REVIEWER.id, Roles.REVIEWER, COUNTY_HEAD);
      await city.submit([city.version("T1")], TOWN_HEAD, TOWN);
      const entry = idOf(TOWN, "T1");
      await city.reviewAll([city.review("T1", 1, true, { entry })], REVIEWER);
      await city.withdraw([], { department: TOWN, withdrawals: [{ entry, version: 1 }] }, TOWN_HEAD);
      const reviews = [city.withdrawalReview("R1"), city.withdrawalReview("T1", true, { entry })];
      await refuses(city.reviewWithdrawals(reviews), "CompetentDiffers", [entry, DATA, COUNTY]);
      await city.reviewWithdrawals(reviews.slice(1));
    });
  });
}
