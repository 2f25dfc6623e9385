import { expect, it } from "vitest";
import { proto } from "@whiskeysockets/baileys";
import {
  comparedCode,
  type CompanionKeys,
  handoffKeyOf,
  handoffProof,
  newCompanionKeys,
  phoneKeysOf,
  prologuePayload,
  sealPairingRequest,
} from "#whatsapp/passkey/shortcake.ts";
import { bytes, vectors } from "../support/passkey-vectors.ts";

const keys: CompanionKeys = {
  ephemeral: { private: bytes(vectors.companionPrivate), public: bytes(vectors.companionPublic) },
  nonce: bytes(vectors.companionNonce),
  deviceType: proto.DeviceProps.PlatformType.CHROME,
  ref: vectors.ref,
};
const phone = { publicKey: bytes(vectors.phonePublic), nonce: bytes(vectors.phoneNonce) };
const hex = (data: Uint8Array): string => Buffer.from(data).toString("hex");

it("the payload carries identity and commitment, byte by byte", () => {
  expect(hex(prologuePayload(keys))).toBe(vectors.prologuePayload);
});

it("the proof follows from the secret that the phone knows", () => {
  const key = handoffKeyOf(bytes(vectors.oldSecret));
  expect(hex(key)).toBe(vectors.handoffKey);
  expect(hex(handoffProof(key, bytes(vectors.prologuePayload)))).toBe(vectors.proof);
});

it("the code is the one the phone shows", () => {
  expect(comparedCode(keys, phone)).toBe(vectors.code);
});

it("the last step is sealed as the phone opens it", () => {
  const request = {
    noisePublic: bytes(vectors.noisePublic),
    identityPublic: bytes(vectors.identityPublic),
    advSecret: bytes(vectors.newSecret),
  };
  const sealed = sealPairingRequest(keys, phone, { request, iv: bytes(vectors.iv) });
  expect(hex(sealed)).toBe(`0a76${vectors.sealed}120c${vectors.iv}`);
});

it.each([
  ["as it is", bytes(vectors.phoneIdentity), true],
  [
    "with a key of 31 bytes",
    Buffer.concat([bytes("0a1f"), phone.publicKey.subarray(1), bytes("1220"), phone.nonce]),
    false,
  ],
  ["without a nonce", Buffer.concat([bytes("0a20"), phone.publicKey]), false],
  ["that does not decode", bytes("0aff"), false],
])("the phone's part %s", (_, content, isGood) => {
  expect(phoneKeysOf(content)).toEqual(isGood ? phone : undefined);
});

it("keys are made anew for each ceremony", () => {
  const [one, other] = [newCompanionKeys(keys.deviceType, "a"), newCompanionKeys(keys.deviceType, "a")];
  expect(one.ephemeral.public.length).toBe(32);
  expect(hex(one.nonce)).not.toBe(hex(other.nonce));
  expect(hex(one.ephemeral.private)).not.toBe(hex(other.ephemeral.private));
});
