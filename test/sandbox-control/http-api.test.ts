import { createHash, randomBytes } from "node:crypto";
import { proto } from "@whiskeysockets/baileys";
import { describe, expect, it } from "vitest";
import { contentCodec } from "#sandbox/content/codec.ts";
import type { InboxEntry } from "#sandbox/shown.ts";
import type { SandboxControl, SandboxState } from "#sandbox/control.ts";
import { createFaultRules } from "#sandbox/faults.ts";
import { controlRoutes, createControlApi } from "#sandbox/http-api.ts";
import { SandboxError } from "#sandbox/sandbox-error.ts";
import { contextOf, openStation } from "./support.ts";

/** A control that records its calls; methods the test does not name answer their own input. */
function recording(over: Partial<SandboxControl> = {}) {
  const calls: { method: string; input: unknown }[] = [];
  const faults = createFaultRules();
  const known: Partial<SandboxControl> = {
    addFault: async (fault) => faults.add(fault),
    clearFaults: async () => faults.clear(),
    state: () => ({ contacts: [{ number: "5511911112222" }], faults: faults.list() }) as unknown as SandboxState,
    inbox: async () => [],
    reset: async () => undefined,
    ...over,
  };
  const control = new Proxy(known, {
    get: (target, method: keyof SandboxControl) => (input: unknown, signal: AbortSignal) => {
      calls.push({ method, input });
      const own = target[method] as ((input: unknown, signal: AbortSignal) => unknown) | undefined;
      return own === undefined ? { called: method } : own(input, signal);
    },
  }) as SandboxControl;
  return { control, calls };
}

async function send(control: SandboxControl, line: string, body?: unknown) {
  const [method = "", path] = line.split(" ");
  const text = typeof body === "string" ? body : body === undefined ? undefined : JSON.stringify(body);
  const api = createControlApi(control);
  const answer = await api.request(`${path}`, { method, ...(text !== undefined && { body: text }) });
  return { status: answer.status, json: (await answer.json()) as Record<string, unknown>, headers: answer.headers };
}

const number = "5511911112222";

describe("control routes: what reaches the control", () => {
  it.each<[string, unknown, string, unknown]>([
    ["GET /config", undefined, "config", undefined],
    ["GET /trace", undefined, "trace", undefined],
    ["POST /reset", undefined, "reset", undefined],
    [`POST /phones/${number}/scan`, { qr: "2@x,y" }, "scan", { number, qr: "2@x,y" }],
    [
      `POST /phones/+${number}/scan`,
      { qr: "q", name: "Ana", business: "B" },
      "scan",
      { number, qr: "q", name: "Ana", business: "B" },
    ],
    [`POST /phones/${number}/code`, { code: "ABCD1234" }, "code", { number, code: "ABCD1234" }],
    [`POST /phones/${number}/unlink`, undefined, "unlink", { number }],
    [
      `POST /phones/${number}/history`,
      { contacts: ["5511988887777"], messages: 3 },
      "history",
      { number, contacts: ["5511988887777"], messages: 3 },
    ],
    [`POST /phones/${number}/unlink`, { device: 2 }, "unlink", { number, device: 2 }],
    [
      `POST /phones/${number}/send`,
      { to: "551", text: "a" },
      "phoneSend",
      { number, to: "551", content: { text: "a" } },
    ],
    [
      `POST /phones/${number}/notify`,
      { attrs: { type: "status", from: "1@lid" }, content: [{ tag: "set", content: "Hi" }] },
      "notify",
      { number, attrs: { type: "status", from: "1@lid" }, content: [{ tag: "set", attrs: {}, content: "Hi" }] },
    ],
    [
      `POST /phones/${number}/setting`,
      {
        collection: "regular",
        index: ["label_jid", "5", "1@lid"],
        value: { labelAssociationAction: { labeled: true } },
      },
      "setting",
      {
        number,
        collection: "regular",
        index: ["label_jid", "5", "1@lid"],
        value: { labelAssociationAction: { labeled: true } },
      },
    ],
    ["POST /contacts", { number: `+${number}`, name: "Bia" }, "addContact", { number, name: "Bia" }],
    ["POST /contacts", { number, hosted: true }, "addContact", { number, hosted: true }],
    [
      `POST /contacts/${number}/send`,
      { to: "12@g.us", text: "a", reply: "R", count: 3, addressing: "lid", corrupt: true },
      "contactSend",
      { number, to: "12@g.us", count: 3, addressing: "lid", corrupt: true, content: { text: "a", reply: "R" } },
    ],
    [
      `POST /contacts/${number}/send`,
      { to: "status@broadcast", image: { base64: "YQ==" }, messageId: "M1" },
      "contactSend",
      { number, to: "status@broadcast", messageId: "M1", content: { image: { base64: "YQ==" } } },
    ],
    [
      `POST /contacts/${number}/typing`,
      { to: "551", state: "recording" },
      "typing",
      { number, to: "551", state: "recording" },
    ],
    [
      `POST /contacts/${number}/presence`,
      { to: "551", state: "available" },
      "presence",
      { number, to: "551", state: "available" },
    ],
    [`POST /contacts/${number}/call`, { to: "551", video: true }, "call", { number, to: "551", video: true }],
    [
      `POST /contacts/${number}/receipt`,
      { messageIds: ["A"], type: "read" },
      "receipt",
      { number, messageIds: ["A"], type: "read" },
    ],
    [
      `POST /contacts/${number}/retry`,
      { messageId: "M1", chat: "12@g.us", count: 3 },
      "retry",
      { number, messageId: "M1", chat: "12@g.us", count: 3 },
    ],
    [`POST /contacts/${number}/reinstall`, {}, "reinstall", { number }],
    [`POST /contacts/${number}/stale`, { device: 2 }, "staleDevice", { number, device: 2 }],
    [`GET /contacts/${number}/inbox`, undefined, "inbox", { number, since: 0, waitMs: 0 }],
    [`GET /contacts/${number}/inbox?since=7&wait=2`, undefined, "inbox", { number, since: 7, waitMs: 2000 }],
    ["POST /groups", { subject: "S", participants: [number] }, "createGroup", { subject: "S", participants: [number] }],
    [
      "POST /groups/12%40g.us/send",
      { from: number, text: "a" },
      "groupSend",
      { group: "12@g.us", from: number, content: { text: "a" } },
    ],
    [
      "POST /groups/12/participants",
      { action: "request", participants: [number] },
      "groupParticipants",
      { group: "12@g.us", action: "request", participants: [number] },
    ],
    [
      "PATCH /groups/12@g.us",
      { subject: "N", by: number },
      "groupPatch",
      { group: "12@g.us", patch: { subject: "N" }, by: number },
    ],
    ["POST /behaviour", { autoRead: true }, "behaviour", { autoRead: true }],
  ])("%s %o", async (line, body, method, input) => {
    const { control, calls } = recording();
    const { status } = await send(control, line, body);
    expect(status).toBe(200);
    expect(calls).toEqual([{ method, input }]);
  });
});

describe("control routes: errors", () => {
  const contact = `POST /contacts/${number}/send`;
  it.each<[string, unknown, number, string, string]>([
    ["GET /nowhere", undefined, 404, "not_found", "no such route"],
    ["GET /groups", undefined, 405, "method_not_allowed", "only POST"],
    ["POST /contacts/ana/send", { to: "1", text: "a" }, 400, "invalid", "phone number"],
    ["POST /contacts/%E0/send", { to: "1", text: "a" }, 400, "invalid", ""],
    [contact, "{", 400, "invalid", "not JSON"],
    [contact, "[]", 400, "invalid", "expected object"],
    [contact, { text: "a" }, 400, "invalid", "to"],
    [contact, { to: "551" }, 400, "invalid", "a content is missing"],
    [
      contact,
      { to: "551", text: "a", poll: { question: "q", options: ["a", "b"] } },
      400,
      "invalid",
      "only one content",
    ],
    [contact, { to: "551", txt: "a" }, 400, "invalid", "does not know txt"],
    [contact, { to: "551", image: { base64: "a", captoin: "x" } }, 400, "invalid", "does not know image.captoin"],
    [contact, { to: "551", text: 5 }, 400, "invalid", "text"],
    [contact, { to: "551", text: "a", count: 20_000 }, 400, "invalid", "count"],
    [contact, { to: "551", text: "a", count: 2, messageId: "M" }, 400, "invalid", "single message"],
    [`POST /contacts/${number}/typing`, { to: "551", state: "sleeping" }, 400, "invalid", "state"],
    [`GET /contacts/${number}/inbox?since=x`, undefined, 400, "invalid", "since"],
    [`GET /contacts/${number}/inbox?wait=1000`, undefined, 400, "invalid", "wait"],
    [`GET /contacts/${number}/inbox?sinse=1`, undefined, 400, "invalid", "sinse"],
    ["POST /faults", { type: "explode" }, 400, "invalid", "type"],
    ["POST /faults", { type: "ack-delay" }, 400, "invalid", "needs ms"],
    ["POST /faults", { type: "ack-drop", match: { phone: "1" } }, 400, "invalid", "match.phone"],
    ["POST /faults", { type: "download-fail", match: { number } }, 400, "invalid", "cannot be matched"],
    ["PATCH /groups/1", { topic: "x" }, 400, "invalid", "does not know topic"],
    ["GET /media/abc", undefined, 400, "invalid", "64 hex digits"],
    [`GET /media/${"0".repeat(64)}`, undefined, 404, "not_found", "no contact received"],
  ])("%s %o: answers %i", async (line, body, status, code, message) => {
    const { control } = recording();
    const answer = await send(control, line, body);
    expect(answer).toMatchObject({ status, json: { code, error: expect.stringContaining(message) } });
  });

  it.each<[unknown, number, unknown]>([
    [new SandboxError("not_found", "no such number"), 404, { error: "no such number", code: "not_found" }],
    [new SandboxError("conflict", "twice"), 409, { error: "twice", code: "conflict" }],
    [new SandboxError("refused", "wrong code"), 422, { error: "wrong code", code: "refused" }],
    [new Error("secret detail"), 500, { error: "the sandbox failed", code: "internal" }],
  ])("an error of the core: %s answers %i", async (error, status, json) => {
    const { control } = recording({
      code: async () => {
        throw error;
      },
    });
    expect(await send(control, `POST /phones/${number}/code`, { code: "X" })).toMatchObject({ status, json });
  });

  it("every route: is listed at the root and takes no body key it does not know", async () => {
    const { control } = recording();
    const index = await send(control, "GET /");
    expect(index.json["routes"]).toHaveLength(controlRoutes.length);
    for (const route of controlRoutes.filter(({ body }) => body !== undefined)) {
      const path = route.path.replace(":number", number).replace(":id", "1");
      const answer = await send(control, `${route.method} ${path}`, { stranger: 1 });
      expect(answer.json["error"], route.path).toContain("does not know stranger");
    }
  });
});

describe("control routes: faults and inbox", () => {
  it("faults: are listed after adding and gone after deleting", async () => {
    const { control } = recording();
    const added = await send(control, "POST /faults", {
      type: "iq-error",
      match: { xmlns: "w:m" },
      times: 2,
      code: 500,
    });
    expect(added.json).toEqual({ faults: [{ type: "iq-error", match: { xmlns: "w:m" }, times: 2, code: 500 }] });
    expect((await send(control, "DELETE /faults")).json).toEqual({ faults: [] });
  });

  it("inbox: the request's end ends the wait", async () => {
    const gone = new AbortController();
    const { control } = recording({
      inbox: async (_, signal) =>
        new Promise((resolve) => {
          signal.addEventListener("abort", () => resolve([]));
          gone.abort();
        }),
    });
    const request = new Request(`http://sandbox/contacts/${number}/inbox?wait=60`, { signal: gone.signal });
    expect(await (await createControlApi(control).fetch(request)).json()).toEqual([]);
  });

  it("inbox: received files are verified and their bytes served", async () => {
    await using setup = await openStation();
    const { station } = setup;
    const plain = randomBytes(50_000);
    const { message } = await contentCodec.toMessage(
      { document: { base64: plain.toString("base64"), mimetype: "application/pdf", caption: "c" } },
      contextOf(station),
    );
    const received = proto.Message.decode(proto.Message.encode(message).finish());
    const wrong = proto.Message.decode(proto.Message.encode(message).finish());
    wrong.documentWithCaptionMessage!.message!.documentMessage!.fileSha256 = createHash("sha256").digest();
    const lost = proto.Message.decode(proto.Message.encode(message).finish());
    lost.documentWithCaptionMessage!.message!.documentMessage!.directPath = "/v/elsewhere";
    const entries = [received, wrong, lost].map((one, at): InboxEntry => {
      const base = { seq: at + 1, messageId: `M${at}`, from: number, chat: `${number}@s.whatsapp.net`, at, copies: 1 };
      return { ...base, ...contentCodec.describe(one) };
    });
    const { control } = recording({ inbox: async () => entries });
    const sha256 = createHash("sha256").update(plain).digest("hex");

    const api = createControlApi(control, { media: station });
    // Before the inbox was read, the file is found by looking through the inboxes.
    const bytes = await api.request(`/media/${sha256}`);
    expect(bytes.headers.get("content-type")).toBe("application/pdf");
    expect(plain.equals(Buffer.from(await bytes.arrayBuffer()))).toBe(true);

    const answer = await api.request(`/contacts/${number}/inbox`);
    expect(await answer.json()).toMatchObject([
      { type: "document", text: "c", media: { kind: "document", fileLength: 50_000, verified: true } },
      { media: { verified: false, error: "the SHA-256 differs" } },
      { media: { verified: false, error: "the media server does not have the file" } },
    ]);
    const json = await api.request(`/media/${Buffer.from(sha256, "hex").toString("base64url")}?base64=1`);
    expect(await json.json()).toEqual({ mimetype: "application/pdf", base64: plain.toString("base64") });
  });
});
