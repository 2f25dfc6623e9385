import { expect, test } from "vitest";
import { call, openHttp } from "./support.ts";

const request = "GET chat-messages/5521999990001?amount=5";
const hint = "open WhatsApp on the phone and ask again";
const payloads = [{ messageId: "M1" }];

test("a phone that does not answer: a notice beside what is stored", async () => {
  await using http = await openHttp();
  http.control.past = { payloads, isPhoneSilent: true };
  const answer = await call(http, { request });
  expect(answer.headers.get("wazapi-notice")).toBe(`phone_silent; ${hint}`);
  expect([answer.status, await answer.json()]).toEqual([200, payloads]);
});

test("a phone that does not answer: an error where nothing is stored, and the end of what is behind a message", async () => {
  await using http = await openHttp();
  http.control.past = { payloads: [], isPhoneSilent: true };
  const nothing = await call(http, { request });
  expect(nothing.status).toBe(504);
  expect(await nothing.json()).toMatchObject({ code: "phone_silent", hint });
  const end = await call(http, { request: `${request}&lastMessageId=M1` });
  expect([end.status, await end.json()]).toEqual([200, []]);
  expect(end.headers.get("wazapi-notice")).toContain("phone_silent");
});

test("a phone that answered is not spoken of", async () => {
  await using http = await openHttp();
  for (const past of [[], payloads]) {
    http.control.past = { payloads: past, isPhoneSilent: false };
    const answer = await call(http, { request });
    expect([answer.status, answer.headers.get("wazapi-notice")]).toEqual([200, null]);
  }
});
