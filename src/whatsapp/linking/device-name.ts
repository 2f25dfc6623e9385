import { Browsers, type WABrowserDescription } from "@whiskeysockets/baileys";

/** What older versions named every device by default: nobody chose it. */
const formerDefault = "wazapi";

/**
 * What a device registers as. WhatsApp protocol: the first part is shown on the phone under linked devices, free text;
 * the second decides the kind of device. Without a name of one's own it is what a browser would be, so that the device
 * is no other than most.
 */
export function browserOf(deviceName: string): WABrowserDescription {
  const usual = Browsers.macOS("Chrome");
  if (deviceName === "" || deviceName === formerDefault) return usual;
  return [deviceName, usual[1], usual[2]];
}

/** WhatsApp protocol: operating systems that were seen to be accepted in the display name of a pairing code. */
const knownSystems = new Set(["Windows", "Mac OS", "Linux", "Ubuntu"]);

/** WhatsApp protocol: the display name of a pairing code has to be a browser on a system that the server knows. */
export function codeDisplayName([system, browser]: WABrowserDescription): string {
  return `${browser} (${knownSystems.has(system) ? system : "Linux"})`;
}
