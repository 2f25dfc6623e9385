import { describe, expect, it } from "vitest";
import { chooseForm, type FormEvidence } from "#whatsapp/addressing/form.ts";

const lid = (at: number) => ({ form: "lid" as const, at });
const pn = (at: number) => ({ form: "pn" as const, at });

describe("number or LID", () => {
  it.each<[what: string, FormEvidence, "pn" | "lid"]>([
    ["nothing is known: the number", {}, "pn"],
    ["the last accepted message decides", { sent: lid(1), received: pn(2) }, "lid"],
    ["the last accepted message decides, also by number", { sent: pn(1), received: lid(2) }, "pn"],
    ["else the last one that came", { received: lid(1) }, "lid"],
    ["an account that was migrated", { account: { migrated: true, at: 5 } }, "lid"],
    ["an account that was not", { account: { migrated: false, at: 5 } }, "pn"],
    [
      "what was before a migration counts no more",
      { sent: pn(4), received: pn(4), account: { migrated: true, at: 5 } },
      "lid",
    ],
    ["what came after it does", { sent: pn(4), received: pn(6), account: { migrated: true, at: 5 } }, "pn"],
    [
      "what was taken after it comes first",
      { sent: lid(7), received: pn(8), account: { migrated: false, at: 5 } },
      "lid",
    ],
  ])("%s", (_, evidence, form) => {
    expect(chooseForm(evidence)).toBe(form);
  });
});
