import { proto, type WABrowserDescription, type WASocket } from "@whiskeysockets/baileys";
import type { Clock } from "#lib/clock.ts";
import type { Log } from "#lib/log.ts";
import { sleep } from "#lib/sleep.ts";
import { replaceAdvSecret } from "../linking/adv-secret.ts";
import type { Linking } from "../linking/linking.ts";
import { type CeremonyListener, createPasskeyCeremony, type PasskeyCeremony } from "./ceremony.ts";
import type { PasskeyTimes } from "./passkey-options.ts";
import { askServer } from "./wire.ts";

/**
 * Puts the ceremony on a socket that is not linked yet. While it is on no further QR code is shown and the socket is not
 * ended for want of one.
 */
export function openPasskey(
  deps: {
    readonly sock: WASocket;
    readonly linking: Pick<Linking, "take" | "holdQr" | "codeTakenBy">;
    readonly browser: WABrowserDescription;
    readonly clock: Clock;
    readonly log: Log;
    /** Ends with the socket. */
    readonly signal: AbortSignal;
  },
  times: PasskeyTimes,
  listener: CeremonyListener,
): PasskeyCeremony {
  const { sock, linking } = deps;
  const ceremony = createPasskeyCeremony(
    {
      ...deps,
      times,
      sleep,
      ask: askServer(sock, times.stageMs),
      creds: sock.authState.creds,
      number: linking.codeTakenBy,
      deviceType: deviceTypeOf(deps.browser),
      replaceSecret: (secret) => replaceAdvSecret(sock, secret),
    },
    listener,
  );
  linking.take("passkey_prologue_request", (notice) => {
    const code = ceremony.requested(notice);
    if (ceremony.isOn()) linking.holdQr();
    return code;
  });
  linking.take("crsc_continuation", ceremony.continued);
  sock.ev.on("connection.update", ({ isNewLogin }) => {
    if (isNewLogin === true) ceremony.linked();
  });
  return ceremony;
}

/** WhatsApp protocol: the very number in the `DeviceProps` the device registers with; this is how Baileys finds it. */
function deviceTypeOf([, name]: WABrowserDescription): proto.DeviceProps.PlatformType {
  const types = proto.DeviceProps.PlatformType;
  const platform = name.toUpperCase();
  if (platform === "ANDROID") return types.ANDROID_PHONE;
  // What is no name of the table reads as undefined, as it does in Baileys; so does the one without a number.
  return types[platform as keyof typeof types] || types.CHROME;
}
