import { jidNormalizedUser } from "@whiskeysockets/baileys";
import { WazapiError } from "#domain/errors.ts";
import type { OwnProfile, ProfileChange } from "#domain/session.ts";
import type { LiveSocket } from "./live-socket.ts";
import { ownAccount } from "./own-account.ts";

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
      return sock.updateProfileStatus(change.value);
    case "picture": {
      const jid = jidNormalizedUser(sock.authState.creds.me?.id);
      return sock.updateProfilePicture(jid, Buffer.from(change.image));
    }
  }
}

function aboutIn(answer: unknown): string | undefined {
  const [first]: unknown[] = Array.isArray(answer) ? answer : [];
  const status: unknown = Object(Object(first).status).status;
  return typeof status === "string" && status !== "" ? status : undefined;
}
