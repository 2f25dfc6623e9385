import { expect, test } from "vitest";
import type { CapturedNotification } from "#domain/captured.ts";
import { createNewPhoto } from "#pipeline/deliver/new-photo.ts";
import type { EventRow } from "#store/records.ts";
import { createFakeTime } from "../support/fake-time.ts";

const own = { chatId: "5511900000001@s.whatsapp.net", phone: "5511900000001" };
const captured = {
  kind: "notification",
  name: "PROFILE_PICTURE_UPDATED",
  chat: own,
} as unknown as CapturedNotification;
const never = new AbortController().signal;
const url = "https://photos.example/new.jpg";

/** Looks for a picture that is there after so many reads; answers it, the reads and the time it took. */
async function look(input: { readonly after: number; readonly waitMs: number; readonly ageMs?: number }) {
  const { clock } = createFakeTime();
  let [reads, waitedMs] = [0, 0];
  const started = clock.now();
  const newPhoto = createNewPhoto(
    {
      directory: {
        contact: async ({ instanceId, contactId }) => {
          expect([instanceId, contactId]).toEqual(["I", own.chatId]);
          reads += 1;
          return { instanceId, contactId, photoUrl: reads > input.after ? url : "" };
        },
      },
      clock: { now: clock.now, monotonicMs: () => waitedMs },
      sleep: async (ms) => {
        waitedMs += ms;
      },
    },
    input.waitMs,
  );
  const event = { instanceId: "I", createdAt: started - (input.ageMs ?? 0) } as EventRow;
  return { photo: await newPhoto({ event, captured }, never), reads, waitedMs };
}

test.each([
  ["is there at once", { after: 0, waitMs: 10_000 }, { photo: url, reads: 1, waitedMs: 0 }],
  ["comes a little later", { after: 3, waitMs: 10_000 }, { photo: url, reads: 4, waitedMs: 300 }],
  ["does not come in time", { after: 9_999, waitMs: 250 }, { photo: undefined, reads: 4, waitedMs: 250 }],
  ["is not waited for", { after: 9_999, waitMs: 0 }, { photo: undefined, reads: 1, waitedMs: 0 }],
  ["of long ago is not", { after: 9_999, waitMs: 250, ageMs: 300 }, { photo: undefined, reads: 1, waitedMs: 0 }],
  [
    "of a clock set back: no longer",
    { after: 9_999, waitMs: 250, ageMs: -99_999 },
    { photo: undefined, reads: 4, waitedMs: 250 },
  ],
])("a new picture that %s", async (_, input, expected) => {
  expect(await look(input)).toEqual(expected);
});
