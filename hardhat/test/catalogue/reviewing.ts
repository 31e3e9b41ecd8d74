// Reviews: published or returned by the provider's competent department, never by the person who submitted.
import assert from "node:assert/strict";
import { before, beforeEach, describe, it } from "node:test";
import type { Hex } from "viem";
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
  SCHOOL_OFFICE,
} from "../harness/city.ts";
import { EntryStates, Roles, ShareTypes } from "../harness/enums.ts";
import { TOWN, TOWN_HEAD } from "../harness/parties.ts";
import { keyNamed, type Sm2Key } from "../harness/sm2.ts";
import { submittedOnce } from "./submitting.ts";

export function describeReviewVersions(): void {
  let city: City;
  let restore: () => Promise<void>;
  before(async () => {
    city = await City.enrolled();
    await city.enrol(TOWN, TOWN_HEAD, COUNTY_HEAD, { parent: COUNTY, competent: COUNTY });
    await city.submit([city.version("R1"), city.version("R2"), city.version("R3")]);
    restore = await city.chain.snapshot();
  });
  beforeEach(() => restore());

  const entryOf = (code: string): Promise<Fields> =>
    city.chain.read(city.catalogue, "entryOf", [idOf(POLICE, code)]);
  const inForce = { current: 1, currentState: EntryStates.PUBLISHED, shareType: ShareTypes.CONDITIONAL, itemCount: 12 };

  it("publishes a version, and says everything in its event", async () => {
    const mined = await city.reviewAll([city.review("R1")]);
    emits(mined, "VersionsReviewed", eventOf(mined.args, { competent: DATA, seq: 2n }));
    assert.deepEqual(await entryOf("R1"), submittedOnce({ ...inForce, state: EntryStates.PUBLISHED }));
  });

  it("returns a version: nothing comes into force", async () => {
    const mined = await city.reviewAll([city.review("R1", 1, false)]);
    emits(mined, "VersionsReviewed", eventOf(mined.args, { competent: DATA, seq: 2n }));
    assert.deepEqual(await entryOf("R1"), submittedOnce({ state: EntryStates.RETURNED }));
  });

  it("publishes some and returns others under one signature", async () => {
    const reviews = [city.review("R1"), city.review("R2", 1, false), city.review("R3")];
    const mined = await city.reviewAll(reviews);
    emits(mined, "VersionsReviewed", eventOf(mined.args, { competent: DATA, seq: 2n }));
    const { PUBLISHED, RETURNED } = EntryStates;
    const states = await Promise.all(["R1", "R2", "R3"].map(async (code) => (await entryOf(code)).state));
    assert.deepEqual(states, [PUBLISHED, RETURNED, PUBLISHED]);
  });

  it("leaves what is not named waiting", async () => {
    await city.reviewAll([city.review("R1")]);
    assert.deepEqual(await entryOf("R2"), submittedOnce());
  });

  it("puts the next version in force with its own share type and items", async () => {
    await city.reviewAll([city.review("R1")]);
    await city.submit([city.version("R1", 2, { shareType: ShareTypes.UNCONDITIONAL, itemCount: 256 })]);
    await city.reviewAll([city.review("R1", 2)]);
    const { latest, current, shareType, itemCount, state } = await entryOf("R1");
    const expected = [2, 2, ShareTypes.UNCONDITIONAL, 256, EntryStates.PUBLISHED];
    assert.deepEqual([latest, current, shareType, itemCount, state], expected);
  });

  it("leaves the version in force where the next is returned", async () => {
    await city.reviewAll([city.review("R1")]);
    await city.submit([city.version("R1", 2, { shareType: ShareTypes.UNCONDITIONAL, itemCount: 256 })]);
    await city.reviewAll([city.review("R1", 2, false)]);
    const { latest, current, shareType, itemCount, state } = await entryOf("R1");
    const expected = [2, 1, ShareTypes.CONDITIONAL, 12, EntryStates.RETURNED];
    assert.deepEqual([latest, current, shareType, itemCount, state], expected);
  });

  it("needs no document of its own", async () => {
    const message = { reviews: [city.review("R1")], digest: ZERO };
    const mined = await city.chain.decide(city.catalogue, "reviewVersions", message, REVIEWER);
    emits(mined, "VersionsReviewed", eventOf(mined.args, { competent: DATA, seq: 2n }));
  });

  describe("what is reviewed", () => {
    const refusesReview = async (code: string, version: number, latest: number, state: number): Promise<void> => {
      const expected = [idOf(POLICE, code), version, latest, state];
      for (const publish of [true, false]) {
        await refuses(city.reviewAll([city.review(code, version, publish)]), "VersionNotSubmitted", expected);
      }
    };

    it("is something", async () => {
      await refuses(city.reviewAll([]), "ReviewsEmpty", [REVIEWER.id]);
    });

    it("is an entry that is known, in every place of the list", async () => {
      const unknown = [idOf(POLICE, "NEVER")];
      await refuses(city.reviewAll([city.review("NEVER")]), "EntryUnknown", unknown);
      await refuses(city.reviewAll([city.review("R1"), city.review("NEVER")]), "EntryUnknown", unknown);
    });

    it("is the latest version, no other number", async () => {
      await refusesReview("R1", 0, 1, EntryStates.SUBMITTED);
      await refusesReview("R1", 2, 1, EntryStates.SUBMITTED);
    });

    it("is reviewed once: neither a published nor a returned version again", async () => {
      await city.reviewAll([city.review("R1"), city.review("R2", 1, false)]);
      await refusesReview("R1", 1, 1, EntryStates.PUBLISHED);
      await refusesReview("R2", 1, 1, EntryStates.RETURNED);
    });

    it("is not the version before, while the next waits", async () => {
      await city.reviewAll([city.review("R1")]);
      await city.submit([city.version("R1", 2)]);
      await refusesReview("R1", 1, 2, EntryStates.SUBMITTED);
    });

    it("is named once in a decision", async () => {
      const twice = [city.review("R1"), city.review("R1", 1, false)];
      const expected = [idOf(POLICE, "R1"), 1, 1, EntryStates.PUBLISHED];
      await refuses(city.reviewAll(twice), "VersionNotSubmitted", expected);
    });

    it("is the document that was submitted", async () => {
      for (const subject of [digest("swapped"), ZERO]) {
        const reviewed = city.reviewAll([city.review("R1", 1, true, { subject })]);
        await refuses(reviewed, "SubjectMismatch", [digest("R1/1"), subject]);
      }
      const crossed = city.reviewAll([city.review("R1", 1, true, { subject: digest("R2/1") })]);
      await refuses(crossed, "SubjectMismatch", [digest("R1/1"), digest("R2/1")]);
    });
  });

  describe("who signs", () => {
    const review = (signer: Sm2Key): Promise<Mined> => city.reviewAll([city.review("R1")], signer);
    const missing = (key: Sm2Key, held: number): unknown[] => [DATA, key.id, Roles.REVIEWER, held];

    it("is a reviewer of the competent department, no other officer of it", async () => {
      await refuses(review(DATA_HEAD), "RoleMissing", missing(DATA_HEAD, Roles.DEPARTMENT_HEAD));
    });

    it("is no reviewer of the provider's own, nor of any other department", async () => {
      await city.grantRoles(POLICE, POLICE_OFFICE.id, Roles.REVIEWER, POLICE_HEAD);
      await city.grantRoles(COUNTY, COUNTY_HEAD.id, Roles.REVIEWER, COUNTY_HEAD);
      await refuses(review(POLICE_OFFICE), "RoleMissing", missing(POLICE_OFFICE, 0));
      await refuses(review(COUNTY_HEAD), "RoleMissing", missing(COUNTY_HEAD, 0));
    });

    it("may be a deputy whose key another department holds", async () => {
      await city.grantRoles(DATA, SCHOOL_OFFICE.id, Roles.REVIEWER, DATA_HEAD);
      await review(SCHOOL_OFFICE);
      assert.equal((await entryOf("R1")).state, EntryStates.PUBLISHED);
    });

    it("is not who submitted, with the same key or a second one, to publish or to return", async () => {
      const [person, second] = [personOf(POLICE_HEAD), keyNamed("police head's second")];
      await city.addKey(POLICE, second, POLICE_HEAD, { person });
      for (const key of [POLICE_HEAD, second]) {
        await city.grantRoles(DATA, key.id, Roles.REVIEWER, DATA_HEAD);
        for (const publish of [true, false]) {
          const own = city.reviewAll([city.review("R1", 1, publish)], key);
          await refuses(own, "ReviewerIsSubmitter", [idOf(POLICE, "R1"), person]);
        }
      }
    });

    it("may be who submitted an earlier version, where another person submitted this one", async () => {
      await city.reviewAll([city.review("R1")]);
      await city.grantRoles(POLICE, POLICE_OFFICE.id, Roles.DEPARTMENT_HEAD, POLICE_HEAD);
      await city.grantRoles(DATA, POLICE_HEAD.id, Roles.REVIEWER, DATA_HEAD);
      await city.submit([city.version("R1", 2)], POLICE_OFFICE);
      await city.reviewAll([city.review("R1", 2)], POLICE_HEAD);
      assert.equal((await entryOf("R1")).current, 2);
    });
  });

  describe("under two competent departments", () => {
    const town = idOf(TOWN, "R1");
    const theirs = (fields: Fields = {}): Fields => city.review("R1", 1, true, { entry: town, ...fields });
    const stateOf = async (entry: Hex): Promise<number> =>
      (await city.chain.read(city.catalogue, "entryOf", [entry])).state;
    const submit = (): Promise<Mined> => city.submit([city.version("R1")], TOWN_HEAD, TOWN);

    it("each reviews its own", async () => {
      await submit();
      await refuses(city.reviewAll([theirs()]), "RoleMissing", [COUNTY, REVIEWER.id, Roles.REVIEWER, 0]);
      await city.grantRoles(COUNTY, COUNTY_HEAD.id, Roles.REVIEWER, COUNTY_HEAD);
      const mined = await city.reviewAll([theirs()], COUNTY_HEAD);
      emits(mined, "VersionsReviewed", eventOf(mined.args, { competent: COUNTY, seq: 3n }));
      assert.equal(await stateOf(town), EntryStates.PUBLISHED);
    });

    it("no decision speaks for both, not even of a reviewer of both", async () => {
      await submit();
      await city.grantRoles(COUNTY, REVIEWER.id, Roles.REVIEWER, COUNTY_HEAD);
      await refuses(city.reviewAll([city.review("R1"), theirs()]), "CompetentDiffers", [town, DATA, COUNTY]);
      const ours = idOf(POLICE, "R1");
      await refuses(city.reviewAll([theirs(), city.review("R1")]), "CompetentDiffers", [ours, COUNTY, DATA]);
      assert.deepEqual([await stateOf(ours), await stateOf(town)], [EntryStates.SUBMITTED, EntryStates.SUBMITTED]);
    });
  });

  it("reviews none where one is refused", async () => {
    const reviews = [city.review("R1"), city.review("R2", 1, false), city.review("R3", 1, true, { subject: ZERO })];
    await refuses(city.reviewAll(reviews), "SubjectMismatch", [digest("R3/1"), ZERO]);
    for (const code of ["R1", "R2", "R3"]) assert.deepEqual(await entryOf(code), submittedOnce());
    assert.equal(await city.chain.read(city.catalogue, "sequence"), 1n);
  });
}
