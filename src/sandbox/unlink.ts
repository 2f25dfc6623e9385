import { setBounded } from "./bounded.ts";
import type { Companion } from "./companion.ts";
import { announceDevices } from "./device-notices.ts";
import { disconnect } from "./disconnect.ts";
import { deviceKey } from "./messages/decrypt.ts";
import type { World } from "./world.ts";

const maxUnlinked = 10_000;

/** Takes a device off its account for good: it is thrown out, what waits for it is dropped, and it may not come back. */
export function unlinkDevice(world: World, companion: Companion): void {
  const { person, id, noiseKey, connection } = companion;
  person.companions.delete(id);
  companion.queue.clear();
  setBounded(world.unlinked, { key: Buffer.from(noiseKey).toString("base64"), value: true }, maxUnlinked);
  for (const device of person.devices.values()) {
    device.uses.delete(deviceKey(companion));
    const signal = device.signalIfUsed();
    for (const user of [`${person.number}@s.whatsapp.net`, `${person.lid}@lid`]) signal?.dropSession(`${user}:${id}`);
  }
  if (connection !== undefined) disconnect(connection, { code: 401 });
  announceDevices(world, person, { remove: [id] });
  world.changed();
}
