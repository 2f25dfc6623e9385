import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { Curve, initAuthCreds, type BinaryNode, type WABrowserDescription } from "@whiskeysockets/baileys";
import { browserOf, codeDisplayName } from "#whatsapp/linking/device-name.ts";
import { finishLinkCode, startLinkCode } from "#sandbox/pairing/link-code.ts";
import { settled } from "../support.ts";
import { fakeSocket, type FakeSocket } from "./fake-socket.ts";

const phone = "5511955550001";
const node = (tag: string, content?: BinaryNode["content"], attrs = {}): BinaryNode =>
  content === undefined ? { tag, attrs } : { tag, attrs, content };
const given = (ref: string) => (): BinaryNode =>
  node("iq", [node("link_code_companion_reg", [node("link_code_pairing_ref", Buffer.from(ref))])]);
const refused = (data: number) => () => {
  throw Object.assign(new Error("bad-request"), { data });
};
const said = (stage: string, content: BinaryNode[], attrs = {}): BinaryNode =>
  node("link_code_companion_reg", content, { stage, ...attrs });
const refOf = (ref: string): BinaryNode => node("link_code_pairing_ref", Buffer.from(ref));
const registrations = ({ sent }: FakeSocket) =>
  sent.flatMap(({ content }) =>
    Array.isArray(content) ? content.filter(({ tag }) => tag === "link_code_companion_reg") : [],
  );
const partOf = (request: BinaryNode | undefined, tag: string) =>
  Array.isArray(request?.content) ? request.content.find((part) => part.tag === tag)?.content : undefined;

async function asked(socket: FakeSocket, ref = "ref"): Promise<string> {
  socket.answers.push(given(ref));
  return socket.linking.askCode({ phone });
}

/** What the phone of this code says, and what it makes of the answer. */
async function phoneOf(socket: FakeSocket, code: string) {
  const phoneIdentity = Curve.generateKeyPair();
  const companionWrapped = partOf(
    registrations(socket).at(-1),
    "link_code_pairing_wrapped_companion_ephemeral_pub",
  ) as Uint8Array;
  const { wrappedEphemeral, primaryIdentity, state } = await startLinkCode({ code, phoneIdentity, companionWrapped });
  const keys = [
    node("link_code_pairing_wrapped_primary_ephemeral_pub", wrappedEphemeral),
    node("primary_identity_pub", primaryIdentity),
  ];
  const secret = () => {
    const last = registrations(socket).at(-1);
    const wrappedBundle = partOf(last, "link_code_pairing_wrapped_key_bundle") as Uint8Array;
    const companionIdentity = partOf(last, "companion_identity_public") as Uint8Array;
    return Buffer.from(finishLinkCode(state, { wrappedBundle, companionIdentity }).advSecret).toString("base64");
  };
  return { keys, secret };
}

it.each<readonly [string, string, WABrowserDescription]>([
  ["", "Chrome (Mac OS)", ["Mac OS", "Chrome", "14.4.1"]],
  ["wazapi", "Chrome (Mac OS)", ["Mac OS", "Chrome", "14.4.1"]],
  ["Windows", "Chrome (Windows)", ["Windows", "Chrome", "14.4.1"]],
  ["Acme", "Chrome (Linux)", ["Acme", "Chrome", "14.4.1"]],
])("a device named %j asks for codes as %s", (name, display, browser) => {
  expect(browserOf(name)).toEqual(browser);
  expect(codeDisplayName(browser)).toBe(display);
});

describe("asking for a code", () => {
  it("says who we are, and answers eight characters once the server agreed", async () => {
    using socket = fakeSocket();
    const code = await asked(socket);
    expect(code).toMatch(/^[1-9A-HJ-NP-TV-Z]{8}$/);
    const [hello] = registrations(socket);
    expect(hello?.attrs).toEqual({
      jid: `${phone}@s.whatsapp.net`,
      stage: "companion_hello",
      should_show_push_notification: "true",
    });
    expect(partOf(hello, "companion_platform_display")).toBe("Chrome (Ubuntu)");
    expect(partOf(hello, "companion_platform_id")).toBe("1");
    expect(partOf(hello, "link_code_pairing_wrapped_companion_ephemeral_pub")).toHaveLength(80);
  });

  it.each([
    ["an error", refused(400), "pairing_refused"],
    ["too many", refused(429), "rate_limited"],
    [
      "the end of the connection",
      () => {
        throw new Error("Connection Closed");
      },
      "unavailable",
    ],
    ["nothing", () => undefined, "timeout"],
  ])("%s in answer is a failure of the caller, and leaves no code", async (_, answer, code) => {
    using socket = fakeSocket();
    socket.answers.push(answer);
    await expect(socket.linking.askCode({ phone })).rejects.toMatchObject({ code });
    socket.notify("link_code_companion_reg", said("refresh_code", [refOf("ref")]));
    expect(socket.codeEnds).toEqual([]);
  });
});

describe("what the server says of a code", () => {
  it("the phone's hello: the secret follows from both keys, and the last word names the request", async () => {
    using socket = fakeSocket();
    const code = await asked(socket, "the ref");
    const typed = await phoneOf(socket, code);
    socket.answers.push(() => node("iq"));
    socket.notify("link_code_companion_reg", said("primary_hello", [refOf("the ref"), ...typed.keys]));
    await vi.waitUntil(() => socket.sock.authState.creds.registered);
    const last = registrations(socket).at(-1);
    expect(last?.attrs).toEqual({ jid: `${phone}@s.whatsapp.net`, stage: "companion_finish" });
    expect(partOf(last, "link_code_pairing_ref")).toEqual(Buffer.from("the ref"));
    expect(typed.secret()).toBe(socket.sock.authState.creds.advSecretKey);
    expect(socket.codeEnds).toEqual([]);
  });

  it("a last word that is refused: another code was typed", async () => {
    using socket = fakeSocket();
    await asked(socket);
    const typed = await phoneOf(socket, "AAAAAAAA");
    socket.answers.push(refused(400));
    socket.notify("link_code_companion_reg", said("primary_hello", [refOf("ref"), ...typed.keys]));
    await vi.waitUntil(() => socket.codeEnds.length > 0);
    expect(socket.codeEnds).toEqual(["code_wrong"]);
    expect(socket.sock.authState.creds.registered).toBe(false);
  });

  it("what an earlier connection left unconfirmed keeps no QR code from being retired", () => {
    const creds = { ...initAuthCreds(), registered: true };
    using socket = fakeSocket({}, {}, creds);
    socket.offer("one");
    socket.notify("companion_reg_refresh", node("companion_reg_refresh"));
    expect(socket.shown.map(({ isNext }) => isNext)).toEqual([true, false]);
  });

  describe("with time", () => {
    beforeEach(() => void vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] }));
    afterEach(() => void vi.useRealTimers());

    it("a phone that never confirms: nobody waits for ever", async () => {
      using socket = fakeSocket();
      const typed = await asked(socket).then((code) => phoneOf(socket, code));
      socket.answers.push(() => node("iq"));
      socket.notify("link_code_companion_reg", said("primary_hello", [refOf("ref"), ...typed.keys]));
      while (!socket.sock.authState.creds.registered) await new Promise((resolve) => setImmediate(resolve));
      await vi.advanceTimersByTimeAsync(44_999);
      expect(socket.codeEnds).toEqual([]);
      await vi.advanceTimersByTimeAsync(1);
      expect(socket.codeEnds).toEqual(["code_unconfirmed"]);
      // What is shown belongs to nobody's ceremony again: WhatsApp may retire it.
      expect(socket.sock.authState.creds.registered).toBe(false);
    });
  });

  it.each([
    ["that it is over", said("refresh_code", [refOf("ref")]), ["code_expired"]],
    [
      "that a person has to ask again",
      said("refresh_code", [refOf("ref")], { force_manual_refresh: "true" }),
      ["code_expired"],
    ],
    ["of another code that it is over", said("refresh_code", [refOf("older")]), []],
    ["a hello without keys", said("primary_hello", [refOf("ref")]), []],
    ["a hello with keys that are none", said("primary_hello", [refOf("ref"), ...badKeys()]), []],
  ])("%s", async (_, child, ends) => {
    using socket = fakeSocket();
    await asked(socket);
    const before = socket.sent.length;
    socket.notify("link_code_companion_reg", child);
    await settled();
    expect(socket.codeEnds).toEqual(ends);
    expect(socket.sent.slice(before).map(({ tag }) => tag)).toEqual(["ack"]);
  });

  it("about a code that nobody asked for changes nothing", async () => {
    using socket = fakeSocket();
    socket.notify("link_code_companion_reg", said("refresh_code", [refOf("ref")]));
    await settled();
    expect([socket.codeEnds, socket.sent.map(({ tag }) => tag)]).toEqual([[], ["ack"]]);
  });
});

function badKeys(): BinaryNode[] {
  return [
    node("link_code_pairing_wrapped_primary_ephemeral_pub", Buffer.alloc(79)),
    node("primary_identity_pub", Buffer.alloc(32)),
  ];
}

describe("the connection of a code", () => {
  beforeEach(() => void vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "performance"] }));
  afterEach(() => void vi.useRealTimers());

  it("stays open for a code that was asked for late", async () => {
    using socket = fakeSocket();
    socket.offer("one");
    await vi.advanceTimersByTimeAsync(59_000);
    await asked(socket);
    await vi.advanceTimersByTimeAsync(159_999);
    expect(socket.ends).toEqual([]);
    await vi.advanceTimersByTimeAsync(1);
    expect(socket.ends).toMatchObject([{ output: { statusCode: 408 } }]);
  });
});
