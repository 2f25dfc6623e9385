import { expect, it } from "vitest";
import { dishonestyOf } from "../support/honesty.ts";

const nothing = { unhandled: [], decryptErrors: [], refusals: [], lapses: [] };
const refusal = (kind: "flood" | "reach-out" | "login" | "pairing-code") => ({ at: 1, kind, detail: kind });
const lapse = { at: 1, number: "5511900000000", messageId: "A", lapse: "peer_recipient_pn is missing" };

it("an account that was locked for what its client sent is none that was refused for what its owner did", () => {
  const refusals = (["flood", "reach-out", "login", "pairing-code"] as const).map(refusal);
  expect(dishonestyOf({ ...nothing, refusals }, { refusals: true })).toEqual([refusal("flood"), refusal("reach-out")]);
  expect(dishonestyOf({ ...nothing, refusals })).toEqual([]);
});

it("what a client left out counts, where clients have to know better", () => {
  expect(dishonestyOf({ ...nothing, lapses: [lapse] }, { refusals: true })).toEqual([lapse]);
  expect(dishonestyOf(nothing, { refusals: true })).toEqual([]);
});
