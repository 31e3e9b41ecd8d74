// Replies: to whom, by whom, and never wider than what was applied for.
import assert from "node:assert/strict";
import { before, beforeEach, describe, it } from "node:test";
import { emits, eventOf, type Fields, refuses, START, ZERO } from "../harness/chain.ts";
import { type City, DATA, digest, idOf, POLICE, POLICE_OFFICE, REVIEWER } from "../harness/city.ts";
import { Answers, AuthorisationStates, Modes, Roles, Steps } from "../harness/enums.ts";
import { OFFICERS, registerOfficers, supplied, TOWN, TOWN_OFFICE } from "../harness/parties.ts";
import { Case, everySituation } from "./situations.ts";

const FROM = START + 100n;
const UNTIL = START + 9_000_000n;
const PASSED = digest(`step ${Steps.PASS}`);

export function describeReply(): void {
  let city: City;
  let restore: () => Promise<void>;
  /** An application of the school for items 0, 1, 2 of the police's R1, passed by the reviewer. */
  let id: bigint;
  before(async () => {
    city = await supplied();
    const one = await Case.applied(city, "R1", { validFrom: FROM, validUntil: UNTIL });
    await one.take(Steps.PASS, REVIEWER);
    id = one.id;
    restore = await city.chain.snapshot();
  });
  beforeEach(() => restore());

  const stored = (authorisation = id): Promise<Fields> => city.chain.read(city.authorisations, "authorisationOf", [authorisation]);
  const message = (fields: Fields = {}): Fields =>
    city.replyMessage(id, { validFrom: FROM, validUntil: UNTIL, subject: PASSED, ...fields });
  const reply = (fields: Fields = {}, signer = POLICE_OFFICE) =>
    city.chain.decide(city.authorisations, "reply", message(fields), signer);

  /** Send a reply and expect its event and what is kept of it. */
  async function grants(fields: Fields, state: number, changes: Fields): Promise<void> {
    const before = await stored();
    const args = city.chain.sign(city.authorisations, "reply", message(fields), POLICE_OFFICE);
    const seq = (await city.chain.read(city.authorisations, "sequence")) + 1n;
    emits(await city.chain.send(city.authorisations, "reply", args), "Replied", eventOf(args, { state, seq }));
    assert.deepEqual(await stored(), { ...before, state, subject: digest("reply"), ...changes });
  }

  describe("an answer", () => {
    it("agrees to all that was applied for", async () => {
      await grants({}, AuthorisationStates.AGREED, {});
    });

    it("agrees to all, for a shorter time, with smaller quotas and its own terms", async () => {
      const terms = digest("stricter terms");
      const fields = { validFrom: FROM + 1n, validUntil: UNTIL - 1n, callsPerDay: 999, rowsPerDay: 9999, terms };
      const changes = { ...fields, validFrom: Number(FROM) + 1, validUntil: Number(UNTIL) - 1 };
      await grants(fields, AuthorisationStates.AGREED, changes);
    });

    it("agrees to a part", async () => {
      await grants({ answer: Answers.PARTLY, items: 0b101n }, AuthorisationStates.AGREED, { items: 0b101n });
    });

    it("refuses, and leaves the application as it was signed, whatever the other fields say", async () => {
      const fields = { answer: Answers.REFUSE, items: 0n };
      await grants(fields, AuthorisationStates.REFUSED, {});
      await restore();
      const odd = { mode: 0, validFrom: 9n, validUntil: 3n, callsPerDay: 0, rowsPerDay: 2 ** 32 - 1, terms: ZERO };
      await grants({ ...fields, ...odd }, AuthorisationStates.REFUSED, {});
    });

    it("is one of three", async () => {
      for (const answer of [0, 4, 255]) await refuses(reply({ answer }), "AnswerInvalid", [id, answer]);
    });

    it("agrees with every item, partly with some of them, refuses with none", async () => {
      const wrong = {
        [Answers.AGREE]: [0n, 0b011n, 0b1111n, 0b110n],
        [Answers.PARTLY]: [0n, 0b111n, 0b1000n, 0b1001n, 2n ** 255n],
        [Answers.REFUSE]: [0b001n, 0b111n, 0b1000n],
      };
      for (const [answer, list] of Object.entries(wrong)) {
        for (const items of list) {
          const refusal = reply({ answer: Number(answer), items });
          await refuses(refusal, "ItemsNotGrantable", [id, Number(answer), 0b111n, items]);
        }
      }
    });

    it("to an application for unconditional data can only agree", async () => {
      const open = await Case.applied(city, "OPEN");
      await open.take(Steps.PASS, REVIEWER);
      for (const [answer, items] of [[Answers.PARTLY, 1n], [Answers.REFUSE, 0n]] as const) {
        const refusal = city.reply(open.id, { answer, items, subject: open.subject });
        await refuses(refusal, "AnswerNotAllowed", [open.id, answer]);
      }
      await open.reply();
      assert.equal((await stored(open.id)).state, AuthorisationStates.AGREED);
    });
  });

  describe("what is granted is never wider", () => {
    for (const [name, fields, error, expected] of [
      ["in another mode", { mode: Modes.BATCH }, "ModeDiffers", [Modes.QUERY, Modes.BATCH]],
      ["from an earlier second", { validFrom: FROM - 1n }, "PeriodWidened", [FROM - 1n, UNTIL]],
      ["until a later second", { validUntil: UNTIL + 1n }, "PeriodWidened", [FROM, UNTIL + 1n]],
      ["with one call more", { callsPerDay: 1001 }, "QuotaWidened", [1001, 10_000]],
      ["with one row more", { rowsPerDay: 10_001 }, "QuotaWidened", [1000, 10_001]],
    ] as const) {
      it(name, async () => {
        for (const answer of [{ answer: Answers.AGREE }, { answer: Answers.PARTLY, items: 0b010n }]) {
          await refuses(reply({ ...fields, ...answer }), error, [id, ...expected]);
        }
      });
    }

    it("and is never nothing: neither time nor quota", async () => {
      await refuses(reply({ validFrom: UNTIL, validUntil: UNTIL }), "PeriodInvalid", [UNTIL, UNTIL]);
      await refuses(reply({ validFrom: UNTIL, validUntil: FROM }), "PeriodInvalid", [UNTIL, FROM]);
      await refuses(reply({ validUntil: 2n ** 40n }), "PeriodInvalid", [FROM, 2n ** 40n]);
      await refuses(reply({ callsPerDay: 0 }), "QuotaZero", [0, 10_000]);
      await refuses(reply({ rowsPerDay: 0 }), "QuotaZero", [1000, 0]);
    });

    it("and is not over with the block; a second more is a time", async () => {
      city.chain.now = FROM + 1000n;
      const over = city.chain.now + 1n;
      await refuses(reply({ validUntil: over }), "PeriodInvalid", [FROM, over]);
      await restore();
      city.chain.now = FROM + 1000n;
      await reply({ validUntil: over + 1n });
    });
  });

  describe("a reply", () => {
    it("names the paper it answers", async () => {
      for (const subject of [ZERO, digest("application"), digest("reply")]) {
        await refuses(reply({ subject }), "SubjectMismatch", [PASSED, subject]);
      }
    });

    it("has a paper of its own", async () => {
      for (const answer of [{}, { answer: Answers.REFUSE, items: 0n }]) {
        await refuses(reply({ digest: ZERO, nonce: 31n, ...answer }), "DigestMissing", [POLICE_OFFICE.id, 31n]);
      }
    });

    it("waits for the reviewer where applications are screened", async () => {
      const one = await Case.applied(city);
      const refusal = city.reply(one.id, { subject: one.subject });
      await refuses(refusal, "ScreeningUnsuitable", [one.id, DATA, true]);
    });

    it("waits for nobody where they are not", async () => {
      for (const code of ["T1", "T2"]) {
        const one = await Case.applied(city, code, { entry: idOf(TOWN, code) });
        await city.reply(one.id, { subject: one.subject }, TOWN_OFFICE);
        assert.equal((await stored(one.id)).state, AuthorisationStates.AGREED);
      }
    });

    it("is refused where there is no such authorisation", async () => {
      for (const authorisation of [0n, 99n]) {
        await refuses(reply({ authorisation }), "AuthorisationUnknown", [authorisation]);
      }
    });
  });

  describe("with every officer and in every situation", () => {
    it("is signed by an office head of the provider, and by nobody else", async () => {
      await registerOfficers(city);
      const again = await city.chain.snapshot();
      let signed = 0;
      for (const { key, party, role } of OFFICERS) {
        if (party.name === "provider" && role === Roles.OFFICE_HEAD) {
          await reply({}, key);
          assert.equal((await stored()).state, AuthorisationStates.AGREED);
          await again();
          signed += 1;
        } else {
          const held = party.name === "provider" ? role : 0;
          const args = city.chain.sign(city.authorisations, "reply", message(), key, { signature: { r: 1n, s: 1n } });
          const refusal = city.chain.read(city.authorisations, "reply", args);
          await refuses(refusal, "RoleMissing", [POLICE, key.id, Roles.OFFICE_HEAD, held]);
        }
      }
      assert.equal(signed, 1);
    });

    it("is given once, before anything else: not in any other state", async () => {
      for (const { id: other, state, subject } of await everySituation(city)) {
        if (state === AuthorisationStates.APPLIED || state === AuthorisationStates.FORWARDED) continue;
        for (const answer of [{}, { answer: Answers.REFUSE, items: 0n }]) {
          await refuses(city.reply(other, { subject, ...answer }), "StateUnsuitable", [other, state]);
        }
      }
    });
  });
}
