import type { BinaryNode } from "@whiskeysockets/baileys";
import { accountOf } from "./account.ts";
import { createBacklog } from "./backlog.ts";
import { bootstrap } from "./bootstrap.ts";
import { createCompanion, type Companion } from "./companion.ts";
import type { Connection } from "./connection.ts";
import { disconnect, farewell, refusal, unconfirmed } from "./disconnect.ts";
import { userJid } from "./jid.ts";
import { createStanzaQueue } from "./stanza-queue.ts";
import { refusalNow } from "./standing.ts";
import { createUnconfirmedWatch } from "./unconfirmed.ts";
import { stanza } from "./wire/stanza.ts";
import type { World } from "./world.ts";

/** A linked device comes online; a device that is not linked is told so. */
export function logIn(world: World, connection: Connection): void {
  const companion = admit(world, connection);
  if (companion === undefined) return;
  const { person } = companion;
  companion.connection?.close(farewell(440));
  companion.connection = connection;
  connection.companion = companion;
  world.trace.login(connection.link.payload);
  const refused = refusalNow(world, person);
  if (refused !== undefined) return connection.close(refused);
  if (cutByFault(world, connection)) return;
  const { number, lid } = person;
  const t = world.seconds();
  const attrs = {
    t,
    props: 27,
    companion_enc_static: "",
    lid: userJid(lid, "lid", companion.id),
    location: "lla",
    creation: t,
  };
  connection.send(stanza("success", attrs));
  const { clock } = world.options;
  const { offlineQueue } = world.behaviour;
  const limits = { nowMs: () => clock.monotonicMs(), limitMs: () => world.behaviour.unconfirmedMs };
  const watch = createUnconfirmedWatch({ later: world.later, ...limits }, ({ node }) => {
    connection.close(unconfirmed(node));
  });
  // WhatsApp protocol: some logins answer pings and deliver nothing (Baileys #2491, #2810).
  const isDeaf = world.faults.match("deaf", { number }) !== undefined;
  const send = (node: BinaryNode): boolean => !isDeaf && connection.send(node);
  const backlog = createBacklog({ send, watch }, companion.queue.list(), offlineQueue);
  connection.backlog = backlog;
  backlog.start();
  // A kind server does not insist on being asked.
  if (offlineQueue === "window" && companion.queue.size > 0) {
    world.later(unaskedBatchMs, () => backlog.request(unaskedBatch));
  }
  if (!companion.bootstrapped) world.later(0, async () => bootstrap(world, companion));
  world.options.log.debug({ number, device: companion.id }, "sandbox: device logged in");
}

const unaskedBatchMs = 5000;
const unaskedBatch = 100;

/** Whose login this is; undefined when it was refused. */
function admit(world: World, connection: Connection): Companion | undefined {
  const { clientStatic, payload } = connection.link;
  const number = String(payload.username ?? "");
  const id = payload.device ?? 0;
  const refuse = (detail: string): undefined => {
    world.trace.refusal("login", detail);
    connection.close(refusal(401));
    return undefined;
  };
  const key = Buffer.from(clientStatic).toString("base64");
  if (world.unlinked.has(key)) return refuse(`device ${id} of ${number} was unlinked`);
  const known = world.directory.known(number)?.companions.get(id);
  if (known !== undefined) {
    if (Buffer.compare(known.noiseKey, clientStatic) === 0) return known;
    return refuse(`device ${id} of ${number} has another Noise key`);
  }
  if (!world.options.adopt) return refuse(`device ${id} of ${number} is not linked`);
  const identity = world.directory.identify(userJid(number, "pn"));
  if (identity === undefined || id < 1) return refuse(`${number}, device ${id}, cannot be a linked device`);
  return adopt(world, { number, id, noiseKey: clientStatic });
}

/** Takes a device in that was linked in another life of this sandbox. It will upload its keys. */
function adopt(
  world: World,
  login: { readonly number: string; readonly id: number; readonly noiseKey: Uint8Array },
): Companion {
  const { number, id, noiseKey } = login;
  const person = world.directory.person(number);
  const account = accountOf(world, person);
  account.nextDevice = Math.max(account.nextDevice, id + 1);
  person.devices.delete(id);
  const queue = createStanzaQueue();
  // It has its history and its keys already.
  const companion = createCompanion({ person, id, noiseKey, queue, bootstrapped: true, keys: undefined });
  person.companions.set(id, companion);
  world.changed();
  return companion;
}

/** Faults that were waiting for somebody to come online. */
function cutByFault(world: World, connection: Connection): boolean {
  const number = connection.companion?.person.number ?? "";
  if (world.faults.match("tcp-drop", { number }) !== undefined) {
    connection.drop();
    return true;
  }
  const fault = world.faults.match("disconnect", { number });
  if (fault === undefined) return false;
  if (fault.code === 401) connection.close(refusal(401, fault.attrs));
  else disconnect(connection, fault);
  return true;
}
