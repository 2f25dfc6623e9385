import { randomBytes } from "node:crypto";
import { Curve, type BinaryNode } from "@whiskeysockets/baileys";
import { describe, expect, it, vi } from "vitest";
import { signDeviceIdentity, verifyDeviceSignature, type SignedDevice } from "#sandbox/pairing/device-identity.ts";
import { finishLinkCode, startLinkCode, type LinkCodeState } from "#sandbox/pairing/link-code.ts";
import { parseQr } from "#sandbox/pairing/qr.ts";
import type { NoiseLink } from "#sandbox/wire/accept-noise.ts";
import { bytesOf, childOf, serverJid, stanza } from "#sandbox/wire/stanza.ts";
import { connectSocket } from "../baileys-socket.ts";
import { listenNoise } from "../noise-server.ts";

const phoneIdentity = Curve.generateKeyPair();
const refs = ["2@one", "2@two"];

const offerRefs = (link: NoiseLink): void => {
  const children = refs.map((ref) => stanza("ref", {}, Buffer.from(ref)));
  link.send(stanza("iq", { from: serverJid, type: "set", id: 1, xmlns: "md" }, [stanza("pair-device", {}, children)]));
};

const success = (signed: SignedDevice): BinaryNode =>
  stanza("iq", { from: serverJid, type: "set", id: "pair" }, [
    stanza("pair-success", {}, [
      stanza("device-identity", {}, signed.hmacIdentity),
      stanza("platform", { name: "iphone" }),
      stanza("device", { jid: "5511900000009:1@s.whatsapp.net", lid: "9:1@lid" }),
    ]),
  ]);

const answerIn = (stanzas: readonly BinaryNode[]): Uint8Array | undefined =>
  bytesOf(
    childOf(
      childOf(
        stanzas.find((node) => node.attrs["id"] === "pair"),
        "pair-device-sign",
      ),
      "device-identity",
    ),
  );

const until = async (condition: () => boolean): Promise<void> => {
  await vi.waitUntil(condition, { interval: 5, timeout: 10_000 });
};

describe("pairing of a real Baileys socket", () => {
  it("by QR: what the QR says is what the connection says, and the device signs", async () => {
    await using server = await listenNoise(() => {}, offerRefs);
    await using client = connectSocket(server.url);
    const qr = parseQr(await client.qr);
    const [link] = server.links;
    expect(qr.ref).toBe("2@one");
    expect(Buffer.from(qr.noisePublic)).toEqual(Buffer.from(link!.clientStatic));
    expect(Buffer.from(qr.identityPublic)).toEqual(Buffer.from(link!.payload.devicePairingData!.eIdent!));
    const signed = signDeviceIdentity({
      phoneIdentity,
      companionIdentity: qr.identityPublic,
      advSecret: qr.advSecret,
      keyIndex: 1,
      timestamp: 1_700_000_000,
    });
    link!.send(success(signed));
    await until(() => answerIn(server.stanzas) !== undefined);
    expect(verifyDeviceSignature(signed, answerIn(server.stanzas)!)).toBe(true);
    expect(client.creds.me?.id).toBe("5511900000009:1@s.whatsapp.net");
  });

  it.each(["", "ABCD1234"])("by code %s, typed with or without its dash; a wrong one is refused", async (custom) => {
    let typed: Awaited<ReturnType<typeof startLinkCode>> | undefined;
    const codeOf = Promise.withResolvers<string>();
    const finished = Promise.withResolvers<{ wrappedBundle: Uint8Array; companionIdentity: Uint8Array }>();
    await using server = await listenNoise(async (node, link) => {
      const registration = childOf(node, "link_code_companion_reg");
      if (registration === undefined) return;
      link.send(stanza("iq", { from: serverJid, type: "result", id: node.attrs["id"] }));
      if (registration.attrs["stage"] === "companion_finish") {
        const wrappedBundle = bytesOf(childOf(registration, "link_code_pairing_wrapped_key_bundle"))!;
        finished.resolve({
          wrappedBundle,
          companionIdentity: bytesOf(childOf(registration, "companion_identity_public"))!,
        });
        return;
      }
      const companionWrapped = bytesOf(childOf(registration, "link_code_pairing_wrapped_companion_ephemeral_pub"))!;
      // The code is known to its owner only after this stanza: typing it must not hold up the connection.
      codeOf.promise
        .then(async (code) => {
          typed = await startLinkCode({ code, phoneIdentity, companionWrapped });
          link.send(primaryHello(typed));
        })
        .catch(finished.reject);
    }, offerRefs);
    await using client = connectSocket(server.url);
    await client.qr;
    const code = await client.sock.requestPairingCode("5511900000009", custom === "" ? undefined : custom);
    codeOf.resolve(`${code.slice(0, 4)}-${code.slice(4)}`);
    const finish = await finished.promise;
    const { advSecret } = finishLinkCode(typed!.state, finish);
    await until(() => client.creds.registered);
    expect(Buffer.from(advSecret).toString("base64")).toBe(client.creds.advSecretKey);

    const { companionIdentity } = finish;
    const signed = signDeviceIdentity({
      phoneIdentity,
      companionIdentity,
      advSecret,
      keyIndex: 1,
      timestamp: 1_700_000_000,
    });
    server.links[0]!.send(success(signed));
    await until(() => answerIn(server.stanzas) !== undefined);
    expect(verifyDeviceSignature(signed, answerIn(server.stanzas)!)).toBe(true);

    const wrongs: [LinkCodeState, typeof finish][] = [
      [{ ...typed!.state, companionEphemeral: randomBytes(32) }, finish],
      [{ ...typed!.state, ephemeral: Curve.generateKeyPair() }, finish],
      [typed!.state, { ...finish, companionIdentity: randomBytes(32) }],
      [typed!.state, { ...finish, wrappedBundle: Buffer.alloc(20) }],
    ];
    for (const [state, said] of wrongs) {
      expect(() => finishLinkCode(state, said)).toThrow(expect.objectContaining({ code: "refused" }));
    }
  });

  it("a wrong code unwraps another key, so the end is refused", async () => {
    const ephemeral = Curve.generateKeyPair();
    const hello = await startLinkCode({ code: "AAAA1111", phoneIdentity, companionWrapped: randomBytes(80) });
    expect(hello.wrappedEphemeral).toHaveLength(80);
    expect(Buffer.from(hello.state.companionEphemeral)).not.toEqual(Buffer.from(ephemeral.public));
    const last = { wrappedBundle: randomBytes(156), companionIdentity: ephemeral.public };
    expect(() => finishLinkCode(hello.state, last)).toThrow(expect.objectContaining({ code: "refused" }));
    const short = startLinkCode({ code: "AAAA1111", phoneIdentity, companionWrapped: Buffer.alloc(79) });
    await expect(short).rejects.toMatchObject({ code: "invalid" });
  });
});

function primaryHello(typed: {
  readonly wrappedEphemeral: Uint8Array;
  readonly primaryIdentity: Uint8Array;
}): BinaryNode {
  return stanza("notification", { from: serverJid, type: "link_code_companion_reg", id: 9, t: 1_700_000_000 }, [
    stanza("link_code_companion_reg", { stage: "primary_hello" }, [
      stanza("link_code_pairing_ref", {}, Buffer.from("ref")),
      stanza("link_code_pairing_wrapped_primary_ephemeral_pub", {}, typed.wrappedEphemeral),
      stanza("primary_identity_pub", {}, typed.primaryIdentity),
    ]),
  ]);
}
