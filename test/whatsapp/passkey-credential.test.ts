import { describe, expect, it } from "vitest";
import type { PasskeyOptions } from "#domain/passkey.ts";
import { checkCredential } from "#whatsapp/passkey/credential.ts";
import { requestOptionsOf } from "#whatsapp/passkey/request-options.ts";
import { bytes, vectors } from "../support/passkey-vectors.ts";

const id = Buffer.from("credential-0001").toString("base64url");
const options: PasskeyOptions = { challenge: vectors.challenge, rpId: "whatsapp.com", allowCredentials: [] };

/** What a browser gives for the known assertion, with other values in places. */
function credential(
  change: { outer?: object; client?: object; authenticator?: Buffer; response?: object } = {},
): unknown {
  const client = { ...(JSON.parse(vectors.clientDataJson) as object), ...change.client };
  return {
    authenticatorAttachment: "platform",
    clientExtensionResults: { uvm: [] },
    id,
    rawId: id,
    type: "public-key",
    response: {
      authenticatorData: (change.authenticator ?? bytes(vectors.authenticatorData)).toString("base64url"),
      clientDataJSON: Buffer.from(JSON.stringify(client)).toString("base64url"),
      signature: bytes(vectors.signature).toString("base64url"),
      ...change.response,
    },
    ...change.outer,
  };
}
const authenticator = (
  flags: number,
  from = "e868906c730209966eff408c55d781630fcb3c9de961e9e9738b4dd0e0fd5e7f",
): Buffer => Buffer.concat([bytes(from), Buffer.from([flags, 0, 0, 0, 0])]);

describe("a credential", () => {
  it("goes with the members that WhatsApp wants, in its order, and no other", () => {
    const checked = checkCredential(credential(), options);
    expect(Buffer.from(checked.id).toString("base64url")).toBe(id);
    const text = checked.assertion.toString();
    expect(Object.keys(JSON.parse(text))).toEqual(["id", "rawId", "type", "response"]);
    expect(Object.keys(JSON.parse(text).response)).toEqual([
      "clientDataJSON",
      "authenticatorData",
      "signature",
      "userHandle",
    ]);
    expect(JSON.parse(text).response.userHandle).toBeNull();
  });

  it("may be from a page below the relying party, and one of those that are allowed", () => {
    const allowed = { ...options, allowCredentials: [{ id: "AAAA" }, { id, type: "public-key" }] };
    expect(checkCredential(credential({ client: { origin: "https://whatsapp.com" } }), allowed)).toBeDefined();
    const local = { challenge: vectors.challenge, rpId: "localhost" };
    const hash = "49960de5880e8c687434170f6476605b8fe4aeb9a28632c7995cf3ba831d9763";
    const given = credential({ client: { origin: "http://localhost:8080" }, authenticator: authenticator(0x05, hash) });
    expect(checkCredential(given, local)).toBeDefined();
  });

  it.each<[string, unknown, string, PasskeyOptions?]>([
    ["nothing", undefined, "rawId"],
    ["text", "hello", "rawId"],
    ["without id", credential({ outer: { id: undefined } }), "id"],
    ["padded base64", credential({ outer: { rawId: "AA==", id: "AA==" } }), "rawId"],
    ["of another type", credential({ outer: { type: "password" } }), "type"],
    ["without signature", credential({ response: { signature: undefined } }), "response.signature"],
    ["with a handle that is none", credential({ response: { userHandle: 5 } }), "response.userHandle"],
    ["that is too large", credential({ response: { signature: "A".repeat(20_000) } }), "response.signature"],
    ["made to create one", credential({ client: { type: "webauthn.create" } }), "response.clientDataJSON"],
    ["for another challenge", credential({ client: { challenge: "AAAA" } }), "response.clientDataJSON"],
    ["from another site", credential({ client: { origin: "https://evil-whatsapp.com" } }), "response.clientDataJSON"],
    ["from an open page", credential({ client: { origin: "http://web.whatsapp.com" } }), "response.clientDataJSON"],
    [
      "for another relying party",
      credential({ authenticator: authenticator(0x05, "00".repeat(32)) }),
      "response.authenticatorData",
    ],
    ["without a person", credential({ authenticator: authenticator(0x04) }), "response.authenticatorData"],
    ["without verification", credential({ authenticator: authenticator(0x01) }), "response.authenticatorData"],
    ["cut short", credential({ authenticator: authenticator(0x05).subarray(0, 36) }), "response.authenticatorData"],
    ["of another passkey", credential(), "rawId", { ...options, allowCredentials: [{ id: "AAAA" }] }],
  ])("%s is refused, and the field named", (_, given, field, wanted = options) => {
    const refused = expect.objectContaining({ code: "invalid_request", details: { field } });
    expect(() => checkCredential(given, wanted)).toThrow(refused);
  });
});

describe("options", () => {
  const text = JSON.stringify({
    challenge: "AbC-_1",
    timeout: 600000,
    rpId: "whatsapp.com",
    extensions: { uvm: true },
  });

  it.each([
    ["bytes", Buffer.from(text)],
    ["text", text],
  ])("come as %s, and what nobody knows is kept", (_, given) => {
    expect(requestOptionsOf(given)).toEqual(JSON.parse(text));
  });

  it.each<[string, string | undefined]>([
    ["nothing", undefined],
    ["emptiness", ""],
    ["no JSON", "{"],
    ["a list", "[]"],
    ["no challenge", "{}"],
    ["a challenge with padding", '{"challenge":"AA=="}'],
    ["a relying party that is no text", '{"challenge":"AA","rpId":5}'],
    ["more than 4096 bytes", JSON.stringify({ challenge: "A".repeat(5_000) })],
  ])("%s is none", (_, given) => {
    expect(requestOptionsOf(given)).toBeUndefined();
  });
});
