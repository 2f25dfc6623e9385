import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { settled } from "../support.ts";
import { fakeSocket, type FakeSocket } from "./fake-socket.ts";

const secretOf = ({ sock }: FakeSocket): string => sock.authState.creds.advSecretKey;
const refs = ({ shown }: FakeSocket): (string | undefined)[] => shown.map(({ qr }) => /#(\w+),/.exec(qr)?.[1]);
const child = (tag: string) => ({ tag, attrs: {} });
const ack = (type: string, id = "n1") => ({
  tag: "ack",
  attrs: { class: "notification", id, to: "@s.whatsapp.net", type },
});

describe("QR codes of a connection", () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  it("follow each other: a minute, twenty seconds each, then the connection ends with 408", async () => {
    using socket = fakeSocket();
    socket.offer("one", "two", "three");
    expect(socket.sent).toEqual([{ tag: "iq", attrs: { to: "@s.whatsapp.net", type: "result", id: "offer" } }]);
    await vi.advanceTimersByTimeAsync(59_999);
    expect(refs(socket)).toEqual(["one"]);
    await vi.advanceTimersByTimeAsync(1);
    expect(refs(socket)).toEqual(["one", "two"]);
    await vi.advanceTimersByTimeAsync(20_000);
    expect(refs(socket)).toEqual(["one", "two", "three"]);
    expect(socket.ends).toEqual([]);
    await vi.advanceTimersByTimeAsync(20_000);
    expect(socket.ends).toMatchObject([{ output: { statusCode: 408 } }]);
  });

  it("live as long as the setting says", async () => {
    using socket = fakeSocket({ qrTimeoutMs: 5_000 });
    socket.offer("one", "two");
    await vi.advanceTimersByTimeAsync(5_000);
    expect(refs(socket)).toEqual(["one", "two"]);
    await vi.advanceTimersByTimeAsync(5_000);
    expect(socket.ends.length).toBe(1);
  });

  it("stand still while they are held, and go on with the next one", async () => {
    using socket = fakeSocket();
    socket.offer("one", "two");
    socket.linking.holdQr();
    await vi.advanceTimersByTimeAsync(3_600_000);
    expect([refs(socket), socket.ends]).toEqual([["one"], []]);
    socket.linking.releaseQr();
    expect(refs(socket)).toEqual(["one", "two"]);
    socket.linking.releaseQr();
    await vi.advanceTimersByTimeAsync(20_000);
    expect([refs(socket), socket.ends.length]).toEqual([["one", "two"], 1]);
  });

  it("end with the phone that accepts", async () => {
    using socket = fakeSocket();
    socket.offer("one", "two");
    socket.sock.ev.emit("connection.update", { isNewLogin: true });
    await vi.advanceTimersByTimeAsync(3_600_000);
    expect([refs(socket), socket.ends]).toEqual([["one"], []]);
  });

  it("a second offer on the same connection replaces the first", async () => {
    using socket = fakeSocket();
    socket.offer("one", "two");
    socket.offer("three", "four");
    await vi.advanceTimersByTimeAsync(60_000);
    expect(refs(socket)).toEqual(["one", "three", "four"]);
  });
});

describe("a notification before the login", () => {
  it("that retires the QR: another secret, stored as a whole; the same reference is shown anew", async () => {
    using socket = fakeSocket();
    const stored: unknown[] = [];
    socket.sock.ev.on("creds.update", (update) => stored.push(update));
    socket.offer("one", "two");
    const before = secretOf(socket);
    socket.notify("companion_reg_refresh", child("pair-device-rotate-qr"));
    await settled();
    expect(secretOf(socket)).not.toBe(before);
    expect(stored).toEqual([socket.sock.authState.creds]);
    expect(refs(socket)).toEqual(["one", "one"]);
    expect(socket.shown.at(-1)).toMatchObject({ isNext: false, qr: expect.stringContaining(secretOf(socket)) });
    expect(socket.sent.at(-1)).toEqual(ack("companion_reg_refresh"));
    expect(socket.passed).toEqual([]);
  });

  it.each<readonly [string, Parameters<typeof fakeSocket>[1], string, (socket: FakeSocket) => void]>([
    ["with another child", {}, "something-else", () => {}],
    [
      "once a code was accepted",
      {},
      "companion_reg_refresh",
      ({ sock }) => void (sock.authState.creds.registered = true),
    ],
    ["during a ceremony", { ceremony: () => true }, "companion_reg_refresh", () => {}],
    ["while the QR codes are held", {}, "companion_reg_refresh", ({ linking }) => linking.holdQr()],
  ])("%s changes no secret and is acknowledged", async (_, more, tag, prepare) => {
    using socket = fakeSocket({}, more);
    socket.offer("one");
    prepare(socket);
    const before = secretOf(socket);
    socket.notify("companion_reg_refresh", child(tag));
    await settled();
    expect([secretOf(socket), refs(socket)]).toEqual([before, ["one"]]);
    expect(socket.sent.at(-1)).toEqual(ack("companion_reg_refresh"));
  });

  it("that nobody knows is acknowledged and kept from Baileys", async () => {
    using socket = fakeSocket();
    socket.notify("next_year");
    await settled();
    expect(socket.sent).toEqual([ack("next_year")]);
    expect(socket.passed).toEqual([]);
  });

  it("goes to who takes its type; what cannot be used is refused with the code given", async () => {
    using socket = fakeSocket();
    socket.linking.take("passkey_prologue_request", (notice) => (Array.isArray(notice.content) ? 487 : undefined));
    socket.notify("passkey_prologue_request");
    await settled();
    const { tag, attrs } = ack("passkey_prologue_request");
    expect(socket.sent).toEqual([{ tag, attrs: { ...attrs, error: "487" } }]);
  });

  it("that did not come from the server is acknowledged, and nobody acts on it", async () => {
    using socket = fakeSocket();
    const taken: string[] = [];
    socket.linking.take("passkey_prologue_request", ({ attrs }) => void taken.push(attrs["from"] ?? ""));
    socket.offer("one");
    const before = secretOf(socket);
    const notice = (type: string, from: string, tag: string) => ({
      tag: "notification",
      attrs: { id: from, from, type },
      content: [child(tag)],
    });
    for (const from of ["5511900000000@s.whatsapp.net", "777@lid"]) {
      socket.ws.emit("CB:notification", notice("companion_reg_refresh", from, "pair-device-rotate-qr"));
      socket.ws.emit("CB:notification", notice("passkey_prologue_request", from, "passkey_request_options"));
    }
    socket.ws.emit("CB:notification", notice("passkey_prologue_request", "s.whatsapp.net", "passkey_request_options"));
    await settled();
    expect([secretOf(socket), refs(socket), taken]).toEqual([before, ["one"], ["s.whatsapp.net"]]);
    expect(socket.sent.filter(({ tag }) => tag === "ack")).toHaveLength(5);
  });

  it("is Baileys' business once a phone accepted", async () => {
    using socket = fakeSocket();
    Object.assign(socket.sock.authState.creds, { me: { id: "5511900000000:1@s.whatsapp.net" }, account: {} });
    const notice = socket.notify("encrypt");
    await settled();
    expect([socket.passed, socket.sent]).toEqual([[notice], []]);
  });
});
