import { randomBytes } from "node:crypto";
import { type BinaryNode, Curve, initAuthCreds, proto } from "@whiskeysockets/baileys";
import { expect, it } from "vitest";
import { silentLog } from "#lib/log.ts";
import { createPasskeyCeremony } from "#whatsapp/passkey/ceremony.ts";
import { defaultPasskeyTimes } from "#whatsapp/passkey/passkey-options.ts";
import { handoffKeyOf, handoffProof } from "#whatsapp/passkey/shortcake.ts";
import type { AskServer, WireAnswer } from "#whatsapp/passkey/wire.ts";
import { createFakeTime } from "../support/fake-time.ts";
import { bytes, vectors } from "../support/passkey-vectors.ts";

const node = (tag: string, content?: BinaryNode["content"]): BinaryNode => ({
  tag,
  attrs: {},
  ...(content && { content }),
});
const answer = (content?: BinaryNode[]): WireAnswer => ({ kind: "answer", node: node("iq", content) });
const request = (options: object | string | undefined) =>
  node(
    "notification",
    options === undefined
      ? []
      : [node("passkey_request_options", typeof options === "string" ? options : Buffer.from(JSON.stringify(options)))],
  );
const challenge = { challenge: vectors.challenge, rpId: "whatsapp.com" };
const id = Buffer.from("credential-0001").toString("base64url");
const credential = {
  id,
  rawId: id,
  type: "public-key",
  response: {
    clientDataJSON: Buffer.from(vectors.clientDataJson).toString("base64url"),
    authenticatorData: bytes(vectors.authenticatorData).toString("base64url"),
    signature: bytes(vectors.signature).toString("base64url"),
    userHandle: "AAAA",
  },
};
const continuation = () =>
  node("notification", [
    node(
      "primary_ephemeral_identity",
      proto.PrimaryEphemeralIdentity.encode({
        publicKey: Curve.generateKeyPair().public,
        nonce: randomBytes(32),
      }).finish(),
    ),
  ]);

/** A ceremony whose server is the test: each question waits until it is answered. */
function open() {
  const time = createFakeTime();
  const told: unknown[] = [];
  const asked: {
    readonly tag: string;
    readonly content: BinaryNode["content"];
    readonly reply: (a: WireAnswer) => void;
  }[] = [];
  const creds = initAuthCreds();
  const first = creds.advSecretKey;
  const stop = new AbortController();
  const ask: AskServer = (_type, { tag, content }) => {
    const { promise, resolve } = Promise.withResolvers<WireAnswer>();
    asked.push({ tag, content, reply: resolve });
    return promise;
  };
  const ceremony = createPasskeyCeremony(
    {
      ask,
      creds,
      number: () => undefined,
      deviceType: proto.DeviceProps.PlatformType.CHROME,
      replaceSecret: (secret) => void (creds.advSecretKey = secret),
      times: defaultPasskeyTimes,
      clock: time.clock,
      sleep: time.sleep,
      log: silentLog,
      signal: stop.signal,
    },
    { stage: (stage) => told.push(stage), failed: (failure, code) => told.push([failure, code]) },
  );
  const take = async (tag: string, reply?: WireAnswer) => {
    await time.settle();
    const one = asked.shift();
    expect(one?.tag).toBe(tag);
    if (reply !== undefined) one!.reply(reply);
    await time.settle();
    return one!;
  };
  const refAnswer = answer([node("ref", Buffer.from(vectors.ref))]);
  return { ceremony, time, told, take, creds, first, asked, stop, refAnswer };
}

const prologueOf = (content: BinaryNode["content"]): Map<string, Buffer> =>
  new Map((content as BinaryNode[]).map((one) => [one.tag, Buffer.from(one.content as Uint8Array)]));

it("asks for the reference after the assertion, and proves the handoff with the secret of the beginning", async () => {
  const { ceremony, take, first, refAnswer, told } = open();
  expect(ceremony.requested(request(challenge))).toBeUndefined();
  ceremony.answer(credential);
  await take("ref", refAnswer);
  const { content } = await take("passkey_prologue", answer());
  const parts = prologueOf(content);
  expect([...parts.keys()]).toEqual([
    "credential_id",
    "webauthn_assertion",
    "prologue_payload",
    "pairing_handoff_proof",
  ]);
  expect(parts.get("credential_id")?.toString()).toBe("credential-0001");
  const payload = parts.get("prologue_payload")!;
  const identity = proto.ProloguePayload.decode(payload).companionEphemeralIdentity!;
  expect(proto.CompanionEphemeralIdentity.decode(identity)).toMatchObject({ ref: vectors.ref, deviceType: 1 });
  expect(parts.get("pairing_handoff_proof")).toEqual(handoffProof(handoffKeyOf(Buffer.from(first, "base64")), payload));
  expect(told).toEqual(["required", "waiting_phone", "waiting_phone"]);
});

it.each([
  [299_999, true],
  [300_000, false],
])("the proof is good for 300 s: %i ms after the request it is sent: %s", async (ms, sent) => {
  const { ceremony, take, time, refAnswer } = open();
  ceremony.requested(request(challenge));
  time.advance(ms);
  ceremony.answer(credential);
  await take("ref", refAnswer);
  const { content } = await take("passkey_prologue", answer());
  expect(prologueOf(content).has("pairing_handoff_proof")).toBe(sent);
  ceremony.continued(continuation());
  await take("companion_nonce", answer());
  expect(ceremony.view()).toMatchObject({
    stage: sent ? "linking" : "confirm",
    code: expect.stringMatching(/^\w{4}-\w{4}$/),
  });
});

it("the new secret is in place before it is asked for, and the old one again when that fails", async () => {
  const { ceremony, take, creds, first, refAnswer, told } = open();
  ceremony.requested(request(challenge));
  ceremony.answer(credential);
  await take("ref", refAnswer);
  await take("passkey_prologue", answer());
  expect(creds.advSecretKey).toBe(first);
  ceremony.continued(continuation());
  await take("companion_nonce", answer());
  const last = await take("encrypted_pairing_request");
  expect(creds.advSecretKey).not.toBe(first);
  last.reply({ kind: "refused", code: 403 });
  await open().time.settle();
  expect([creds.advSecretKey, told.at(-1)]).toEqual([first, ["refused", 403]]);
});

it("the phone's acceptance may overtake the last answer", async () => {
  const { ceremony, take, creds, first, refAnswer, told, time } = open();
  ceremony.requested(request(challenge));
  ceremony.answer(credential);
  await take("ref", refAnswer);
  await take("passkey_prologue", answer());
  ceremony.continued(continuation());
  await take("companion_nonce", answer());
  const last = await take("encrypted_pairing_request");
  ceremony.linked();
  last.reply({ kind: "silence" });
  await time.settle();
  expect(creds.advSecretKey).not.toBe(first);
  expect([told.at(-1), ceremony.view()]).toEqual(["linking", { stage: "none" }]);
});

it("the phone may be quicker than the answer to the assertion, and say it twice", async () => {
  const { ceremony, take, asked, refAnswer } = open();
  ceremony.requested(request(challenge));
  ceremony.answer(credential);
  await take("ref", refAnswer);
  const prologue = await take("passkey_prologue");
  const notice = continuation();
  ceremony.continued(notice);
  ceremony.continued(notice);
  expect(asked).toEqual([]);
  prologue.reply(answer());
  await take("companion_nonce", answer());
  await take("encrypted_pairing_request", answer());
  expect(asked).toEqual([]);
});

it("a repeated request brings new options and nothing else; after the answer it changes nothing", async () => {
  const { ceremony, take, time, refAnswer, told } = open();
  ceremony.requested(request(challenge));
  const before = ceremony.view();
  time.advance(299_000);
  ceremony.requested(request({ ...challenge, hint: "second" }));
  const { ceremony: name, options, handoffUntil, expiresAt } = ceremony.view();
  expect([name, handoffUntil]).toEqual([before.ceremony, before.handoffUntil]);
  expect(options).toMatchObject({ hint: "second" });
  expect(expiresAt).toBe(before.expiresAt! + 299_000);
  ceremony.answer(credential);
  ceremony.requested(request({ challenge: "AAAA" }));
  await take("ref", refAnswer);
  expect(told).toEqual(["required", "required", "waiting_phone"]);
});

it("without options in the request the server is asked for them; it has to have some", async () => {
  const one = open();
  one.ceremony.requested(request(undefined));
  expect(() => one.ceremony.answer(credential)).toThrow(expect.objectContaining({ code: "conflict" }));
  const content = Buffer.from(JSON.stringify(challenge));
  await one.take("passkey_request_options", answer([node("passkey_request_options", content)]));
  expect(one.ceremony.view()).toMatchObject({ stage: "required", options: challenge });
  const other = open();
  other.ceremony.requested(request(undefined));
  await other.take("passkey_request_options", answer());
  expect(other.told.at(-1)).toEqual(["refused", undefined]);
});

it.each([
  ["a request that cannot be read", (c: ReturnType<typeof open>) => c.ceremony.requested(request("no JSON")), "none"],
  [
    "something else in place of the phone's part",
    (c: ReturnType<typeof open>) => c.ceremony.continued(node("notification", [node("other")])),
    "none",
  ],
])("%s is acknowledged with 487", (_, take, stage) => {
  const one = open();
  expect(take(one)).toBe(487);
  expect(one.ceremony.view().stage).toBe(stage);
});

it.each([
  ["the challenge, by the user", 600_000, "expired", async () => {}],
  [
    "the phone, after the assertion",
    120_000,
    "silent",
    async ({ ceremony, take, refAnswer }: ReturnType<typeof open>) => {
      ceremony.answer(credential);
      await take("ref", refAnswer);
      await take("passkey_prologue", answer());
    },
  ],
  [
    "the comparison of codes",
    120_000,
    "expired",
    async ({ ceremony, take, refAnswer, time }: ReturnType<typeof open>) => {
      time.advance(400_000);
      ceremony.answer(credential);
      await take("ref", refAnswer);
      await take("passkey_prologue", answer());
      ceremony.continued(continuation());
      await take("companion_nonce", answer());
    },
  ],
  [
    "the phone, at the end",
    120_000,
    "silent",
    async ({ ceremony, take, refAnswer }: ReturnType<typeof open>) => {
      ceremony.answer(credential);
      await take("ref", refAnswer);
      await take("passkey_prologue", answer());
      ceremony.continued(continuation());
      await take("companion_nonce", answer());
      await take("encrypted_pairing_request", answer());
    },
  ],
])("is not waited for longer: %s (%i ms) ends as %s", async (_, ms, failure, lead) => {
  const one = open();
  one.ceremony.requested(request(challenge));
  await lead(one);
  one.time.advance(ms - 1);
  await one.time.settle();
  expect(one.told.filter(Array.isArray)).toEqual([]);
  one.time.advance(1);
  await one.time.settle();
  expect(one.told.at(-1)).toEqual([failure, undefined]);
  expect(one.ceremony.isOn()).toBe(false);
});

it("a server that does not answer is silence, one that refuses is told with its code", async () => {
  const one = open();
  one.ceremony.requested(request(challenge));
  one.ceremony.answer(credential);
  await one.take("ref", { kind: "silence" });
  expect(one.told.at(-1)).toEqual(["silent", undefined]);
  const other = open();
  other.ceremony.requested(request(challenge));
  other.ceremony.answer(credential);
  await other.take("ref", other.refAnswer);
  await other.take("passkey_prologue", { kind: "refused", code: 429 });
  expect(other.told.at(-1)).toEqual(["refused", 429]);
});

it("nothing is told once the socket is gone", async () => {
  const one = open();
  one.ceremony.requested(request(challenge));
  one.stop.abort();
  one.time.advance(700_000);
  await one.time.settle();
  expect(one.told).toEqual(["required"]);
});
