import { expect, it } from "vitest";
import { silentLog } from "#lib/log.ts";
import { createStormWatch } from "#whatsapp/intake/storm-watch.ts";
import { handClock } from "./support.ts";

it("failures of one sender in a row are told of once; those of many senders are not", () => {
  let storms = 0;
  const watch = createStormWatch({ clock: handClock(), log: silentLog, decryptStorm: () => void (storms += 1) });
  for (let sender = 0; sender < 20; sender += 1) watch.failed(`sender ${sender}`);
  expect(storms).toBe(0);
  for (let failure = 0; failure < 20; failure += 1) watch.failed("broken");
  expect(storms).toBe(1);
});
