import { getBinaryNodeChildBuffer, jidNormalizedUser, type BinaryNode } from "@whiskeysockets/baileys";
import { WazapiError } from "#domain/errors.ts";
import type { OwnProfile, ProfileChange } from "#domain/session.ts";
import type { LiveSocket } from "./live-socket.ts";
import { ownAccount } from "./own-account.ts";
import { isRefused } from "./send/refused.ts";

/** The own account as WhatsApp shows it; what WhatsApp keeps back is left out. */
export async function readProfile(socket: LiveSocket): Promise<OwnProfile> {
  const { sock } = socket;
  const own = socket.own();
  if (own === undefined) throw new WazapiError("not_connected");
  const jid = jidNormalizedUser(own.id);
  // Both are refused when the owner hides them; the rest of the profile is still worth having.
  const [pictureUrl, about] = await Promise.all([
    sock.profilePictureUrl(jid, "image").catch(() => {}),
    sock.fetchStatus(jid).then(aboutIn, () => {}),
  ]);
  const { phone, lid } = ownAccount(own);
  const name = socket.pushName();
  return {
    phone,
    ...(lid === undefined ? {} : { lid }),
    ...(name === undefined ? {} : { name }),
    ...(about === undefined ? {} : { about }),
    ...(pictureUrl === undefined ? {} : { pictureUrl }),
    isBusiness: socket.isBusiness(),
  };
}

/** Changes one thing of the own profile. */
export async function changeProfile({ sock }: LiveSocket, change: ProfileChange): Promise<void> {
  switch (change.kind) {
    case "name":
      return sock.updateProfileName(change.value);
    case "about":
      return changeAbout(sock, change.value);
    case "picture": {
      const jid = jidNormalizedUser(sock.authState.creds.me?.id);
      return sock.updateProfilePicture(jid, Buffer.from(change.image));
    }
  }
}

/** WhatsApp protocol: WhatsApp Web's number of the mutation that changes the about text; Baileys' iq has no effect any more. */
const aboutQueryId = "9152604461510864";

/** Without an emoji, and without an end. An empty text takes it away. Throws `send_rejected`. */
async function changeAbout(sock: LiveSocket["sock"], text: string): Promise<void> {
  const input = { text: text === "" ? null : text, ephemeral_duration_sec: 0 };
  const query = {
    tag: "query",
    attrs: { query_id: aboutQueryId },
    content: Buffer.from(JSON.stringify({ variables: { input } })),
  };
  const answer: BinaryNode = await sock
    .query({ tag: "iq", attrs: { type: "get", to: "s.whatsapp.net", xmlns: "w:mex" }, content: [query] })
    .catch((error: unknown) => {
      if (isRefused(error)) throw new WazapiError("send_rejected", { message: "WhatsApp refused this text" });
      throw error;
    });
  const result = getBinaryNodeChildBuffer(answer, "result");
  const body: unknown = result === undefined ? undefined : JSON.parse(Buffer.from(result).toString());
  if (Array.isArray(Object(body).errors) && Object(body).errors.length > 0) {
    throw new WazapiError("send_rejected", { message: "WhatsApp refused this text" });
  }
}

function aboutIn(answer: unknown): string | undefined {
  const [first]: unknown[] = Array.isArray(answer) ? answer : [];
  const status: unknown = Object(Object(first).status).status;
  return typeof status === "string" && status !== "" ? status : undefined;
}
