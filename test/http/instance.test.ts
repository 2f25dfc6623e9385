import { describe, expect } from "vitest";

import type { Connection } from "#domain/instance.ts";

import { known, scenarios, t0 } from "./support.ts";
import type { TestHttp } from "./support.ts";

const connected: Connection = { state: "connected", reason: "paired", at: t0, phone: "5511988887777", lastSeenAt: t0 };
const lost: Connection = {
  state: "disconnected",
  reason: "connection_lost",
  statusCode: 408,
  at: t0,
  phone: "5511988887777",
};
const connect = (http: TestHttp) => (http.control.connection = connected);
const expire = (http: TestHttp) =>
  http.store.instances.update({
    instanceId: known.instanceId,
    subscription: { state: "canceled", dueAt: t0 - 1 },
    now: t0,
  });
const called =
  (...expected: readonly unknown[]) =>
  (http: TestHttp) =>
    expect(http.calls).toEqual(expected);

describe("state and pairing", () => {
  scenarios([
    {
      name: "status: connected",
      request: "GET status",
      before: connect,
      status: 200,
      answer: { connected: true, error: "You are already connected.", smartphoneConnected: true },
    },
    {
      name: "status: paired but offline",
      request: "GET status",
      before: (http) => (http.control.connection = lost),
      status: 200,
      answer: { connected: false, error: "You need to restore the session.", smartphoneConnected: false },
    },
    {
      name: "status: never paired",
      request: "GET status",
      status: 200,
      answer: { connected: false, error: "You are not connected." },
    },
    { name: "qr-code: the text", request: "GET qr-code", status: 200, answer: { value: "2@ref,key,identity,secret" } },
    {
      name: "qr-code: as plain text for those who ask",
      request: "GET qr-code",
      headers: { accept: "text/plain" },
      status: 200,
      text: ["2@ref,key"],
      without: ["{"],
    },
    {
      name: "qr-code: refused when paired",
      request: "GET qr-code",
      before: connect,
      status: 409,
      answer: { code: "already_paired" },
    },
    {
      name: "qr-code: refused after the subscription ended",
      request: "GET qr-code",
      before: expire,
      status: 403,
      answer: { code: "subscription_inactive" },
    },
    {
      name: "qr-code/image: a PNG under both names",
      request: "GET qr-code/image",
      status: 200,
      answer: {
        value: expect.stringMatching(/^data:image\/png;base64,iVBOR/),
        image: expect.stringMatching(/^data:image\/png/),
      },
    },
    {
      name: "phone-code: the code",
      request: "GET phone-code/5511988887777",
      status: 200,
      answer: { code: "ABCD1234" },
      after: called(["pairingCode", "5511988887777", undefined]),
    },
    {
      name: "phone-code: an own code",
      request: "GET phone-code/+5511988887777?customCode=WAZAPI12",
      status: 200,
      after: called(["pairingCode", "5511988887777", "WAZAPI12"]),
    },
    { name: "phone-code: no number", request: "GET phone-code/abc", status: 400, answer: { field: "phone" } },
    {
      name: "restart: by GET",
      request: "GET restart",
      status: 200,
      answer: { value: true },
      after: called(["restart", known.instanceId]),
    },
    {
      name: "restart: by POST",
      request: "POST restart",
      status: 200,
      answer: { value: true },
      after: called(["restart", known.instanceId]),
    },
    {
      name: "disconnect: logs out",
      request: "GET disconnect",
      status: 200,
      answer: { value: true },
      after: called(["logout", known.instanceId]),
    },
    { name: "disconnect: by POST", request: "POST disconnect", status: 200, answer: { value: true } },
    {
      name: "restore-session: starts the saved session",
      request: "GET restore-session",
      before: (http) => (http.control.connection = lost),
      status: 200,
      answer: { value: true },
      after: called(["start", known.instanceId]),
    },
    {
      name: "restore-session: nothing to restore",
      request: "GET restore-session",
      status: 409,
      answer: { code: "not_connected" },
    },
    {
      name: "device: the account",
      request: "GET device",
      before: connect,
      status: 200,
      answer: {
        phone: "5511988887777",
        name: "Ana",
        about: "busy",
        imgUrl: "",
        lid: "4455@lid",
        device: { sessionName: "Mac OS" },
      },
    },
    { name: "device: not connected", request: "GET device", status: 409, answer: { code: "not_connected" } },
    {
      name: "connection: state with evidence",
      request: "GET connection",
      before: connect,
      status: 200,
      answer: {
        state: "connected",
        reason: "paired",
        phone: "5511988887777",
        lastSeenAt: t0,
        owned: true,
        history: [],
      },
    },
    {
      name: "connection: history, newest first",
      request: "GET connection?limit=1",
      before: async (http) => {
        await http.store.instances.recordConnection({ instanceId: known.instanceId, connection: connected });
        await http.store.instances.recordConnection({
          instanceId: known.instanceId,
          connection: { ...lost, at: t0 + 1 },
        });
      },
      status: 200,
      answer: { history: [{ state: "disconnected", reason: "connection_lost", statusCode: 408, at: t0 + 1 }] },
    },
  ]);
});

describe("settings", () => {
  const stored = async (http: TestHttp) => (await http.store.instances.get({ instanceId: known.instanceId }))!;
  scenarios([
    {
      name: "me: Z-API's fields",
      request: "GET me",
      before: connect,
      status: 200,
      shows: [known.instanceToken],
      answer: {
        id: known.instanceId,
        token: known.instanceToken,
        name: "main",
        connected: true,
        due: expect.any(Number),
        paymentStatus: "TRIAL",
        created: "2026-11-24T12:00:00.000Z",
        receivedCallbackUrl: null,
        receiveCallbackSentByMe: false,
        callRejectAuto: false,
        autoReadMessage: false,
      },
    },
    {
      name: "update-name",
      request: "PUT update-name",
      body: { value: " new name " },
      status: 200,
      answer: { value: true },
      after: async (http) => expect((await stored(http)).name).toBe("new name"),
    },
    {
      name: "update-name: a taken name",
      request: "PUT update-name",
      body: { value: "other" },
      status: 409,
      answer: { code: "conflict" },
    },
    {
      name: "update-name: empty",
      request: "PUT update-name",
      body: { value: " " },
      status: 400,
      answer: { field: "value" },
    },
    ...(
      [
        ["update-auto-read-message", "autoReadMessage"],
        ["update-auto-read-status", "autoReadStatus"],
        ["update-call-reject-auto", "callRejectAuto"],
      ] as const
    ).flatMap(([path, setting]) => [
      {
        name: `${path}: on`,
        request: `PUT ${path}`,
        body: { value: true },
        status: 200,
        answer: { value: true },
        after: async (http: TestHttp) => expect((await stored(http)).settings[setting]).toBe(true),
      },
      {
        name: `${path}: the setting's own name`,
        request: `PUT ${path}`,
        body: { [setting]: true },
        status: 200,
        after: async (http: TestHttp) => expect((await stored(http)).settings[setting]).toBe(true),
      },
      {
        name: `${path}: wrong type`,
        request: `PUT ${path}`,
        body: { value: "true" },
        status: 400,
        answer: { field: "value" },
      },
    ]),
    {
      name: "update-call-reject-message",
      request: "PUT update-call-reject-message",
      body: { value: "busy" },
      status: 200,
      answer: { value: true },
      after: async (http) => expect((await stored(http)).settings.callRejectMessage).toBe("busy"),
    },
    {
      name: "update-call-reject-message: empty clears",
      request: "PUT update-call-reject-message",
      body: { value: "" },
      status: 200,
    },
  ]);
});

describe("profile", () => {
  const change = (expected: unknown) => called(["setProfile", known.instanceId, expected]);
  const image = Buffer.from("png bytes");
  scenarios([
    {
      name: "profile-name",
      request: "PUT profile-name",
      before: connect,
      body: { value: "Bia" },
      status: 200,
      answer: { value: true },
      after: change({ kind: "name", value: "Bia" }),
    },
    {
      name: "profile-name: by its other name",
      request: "PUT profile-name",
      before: connect,
      body: { name: "Bia" },
      status: 200,
      after: change({ kind: "name", value: "Bia" }),
    },
    {
      name: "profile-name: too long",
      request: "PUT profile-name",
      before: connect,
      body: { value: "x".repeat(26) },
      status: 400,
      answer: { field: "value" },
    },
    {
      name: "profile-name: not connected",
      request: "PUT profile-name",
      body: { value: "Bia" },
      status: 409,
      answer: { code: "not_connected" },
    },
    {
      name: "profile-description: empty clears",
      request: "PUT profile-description",
      before: connect,
      body: { description: "" },
      status: 200,
      after: change({ kind: "about", value: "" }),
    },
    {
      name: "profile-picture: data URI",
      request: "PUT profile-picture",
      before: connect,
      body: { value: `data:image/png;base64,${image.toString("base64")}` },
      status: 200,
      after: change({ kind: "picture", image }),
    },
    {
      name: "profile-picture: bare base64",
      request: "PUT profile-picture",
      before: connect,
      body: { image: image.toString("base64") },
      status: 200,
      after: change({ kind: "picture", image }),
    },
    {
      name: "profile-picture: a URL is fetched behind the guard",
      request: "PUT profile-picture",
      before: connect,
      body: { value: "https://pictures.example/me.jpg" },
      status: 200,
      after: called(
        ["fetch", "https://pictures.example/me.jpg", 10_485_760],
        ["setProfile", known.instanceId, { kind: "picture", image: new Uint8Array([1, 2, 3]) }],
      ),
    },
    {
      name: "profile-picture: neither",
      request: "PUT profile-picture",
      before: connect,
      body: { value: "file:///etc/passwd" },
      status: 400,
      answer: { field: "value" },
    },
  ]);
});
