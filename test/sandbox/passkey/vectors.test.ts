import { expect, it } from "vitest";
import { judgeAssertion } from "#sandbox/passkey/assertion.ts";
import type { Passkey } from "#sandbox/passkey/passkey.ts";
import {
  comparedCode,
  isCommitted,
  isHandoffProof,
  openPairingRequest,
  readPrologue,
} from "#sandbox/passkey/phone-crypto.ts";
import { bytes, vectors } from "../../support/passkey-vectors.ts";

const payload = bytes(vectors.prologuePayload);
const companion = readPrologue(payload)!;

it("the phone reads the payload, and knows the nonce that belongs to it", () => {
  expect(companion).toMatchObject({ deviceType: vectors.deviceType, ref: vectors.ref });
  expect(Buffer.from(companion.publicKey).toString("hex")).toBe(vectors.companionPublic);
  expect(isCommitted(companion, bytes(vectors.companionNonce))).toBe(true);
  expect(isCommitted(companion, bytes(vectors.phoneNonce))).toBe(false);
});

it("the phone knows the proof of the secret it scanned", () => {
  const proof = bytes(vectors.proof);
  expect(isHandoffProof({ advSecret: bytes(vectors.oldSecret), payload, proof })).toBe(true);
  expect(isHandoffProof({ advSecret: bytes(vectors.newSecret), payload, proof })).toBe(false);
});

it("the phone shows the code", () => {
  const { companionNonce, phonePublic, phoneNonce } = vectors;
  const input = {
    companionNonce: bytes(companionNonce),
    phonePublic: bytes(phonePublic),
    phoneNonce: bytes(phoneNonce),
  };
  expect(comparedCode(input)).toBe(vectors.code);
});

it("the phone opens the last step", () => {
  const sealed = Buffer.concat([bytes("0a76"), bytes(vectors.sealed), bytes("120c"), bytes(vectors.iv)]);
  const ephemeral = { private: bytes(vectors.phonePrivate), public: bytes(vectors.phonePublic) };
  const opened = openPairingRequest(sealed, { ephemeral, companion })!;
  expect(Object.values(opened).map((part) => Buffer.from(part as Uint8Array).toString("hex"))).toEqual([
    vectors.noisePublic,
    vectors.identityPublic,
    vectors.newSecret,
  ]);
});

it("the server finds the known assertion right, and the same by another key unknown", () => {
  const spki = Buffer.concat([
    bytes("3059301306072a8648ce3d020106082a8648ce3d030107034200"),
    bytes(vectors.credentialPublic),
  ]);
  const id = Buffer.from("credential-0001");
  const passkey: Passkey = {
    required: true,
    rpId: "whatsapp.com",
    origins: ["https://web.whatsapp.com"],
    credentialId: id,
    publicKey: spki,
    privateKey: undefined,
    userHandle: undefined,
  };
  const json = Buffer.from(
    JSON.stringify({
      id: id.toString("base64url"),
      rawId: id.toString("base64url"),
      type: "public-key",
      response: {
        clientDataJSON: Buffer.from(vectors.clientDataJson).toString("base64url"),
        authenticatorData: bytes(vectors.authenticatorData).toString("base64url"),
        signature: bytes(vectors.signature).toString("base64url"),
        userHandle: null,
      },
    }),
  );
  const input = { challenge: vectors.challenge, credentialId: id, json };
  expect(judgeAssertion(passkey, input)).toBe("right");
  expect(judgeAssertion({ ...passkey, credentialId: Buffer.from("another") }, input)).toBe("unknown");
});
