import type { ConnectionState } from "#domain/instance.ts";
import { refusalText } from "#domain/refusal.ts";

import { ago } from "../times.ts";
import type { Check, Patient } from "./check.ts";
import { failing, fine, warning } from "./finding.ts";
import type { Finding } from "./finding.ts";
import type { SeenInstance, SeenInstances } from "./running.ts";

/** Longer than two signs of life may be apart, and than a server lets a silent session be. */
const silentMs = 180_000;
/** Longer than coming up takes. */
const stuckMs = 120_000;
/** A message of a connected instance that waits longer is stuck; its pace is a matter of seconds. */
const lateMs = 900_000;

type Judge = (seen: SeenInstance, now: number) => Finding | undefined;

/** Whether every phone is connected; what is as it should be is only counted. */
export const connections: Check = {
  title: "connections",
  look: async (patient) => {
    const seen = await patient.instances();
    if (seen.kind === "none") return [];
    if (seen.kind === "refused") {
      return [
        failing(`the server does not tell: ${seen.reason}`, "give CLIENT_AUTH_TOKEN and PARTNER_AUTH_TOKEN of it"),
      ];
    }
    const { instances, total } = seen;
    if (total === 0) return [fine("there is no instance yet", { help: "`wazapi pair` makes one and links a phone" })];
    const unseen = total - instances.length;
    const connected = instances.filter(({ connection }) => connection.state === "connected").length;
    return [
      ...judged(patient, seen, (one, now) => byState[one.connection.state](one, now)),
      ...(unseen > 0
        ? [warning(`${unseen} instances were not looked at`, "see `wazapi status`, which takes its time")]
        : []),
      ...(connected > 0 ? [fine(`${connected} of ${total} connected`)] : []),
    ];
  },
};

/** Whether receivers take their webhooks. */
export const webhooks: Check = {
  title: "webhooks",
  look: (patient) =>
    overall(patient, "all receivers take theirs", ({ instance, webhooks: { lanes } }, now) => {
      const open = lanes.filter(({ breaker }) => breaker.state === "open");
      const [lane] = open;
      if (lane === undefined) return undefined;
      const waiting = open.reduce((sum, { pending }) => sum + pending, 0);
      const { host } = new URL(lane.url);
      const found = `${host} has been down for ${lasting(lane.breaker.openedAt, now)}; ${waiting} webhooks wait`;
      return failing(found, `see \`wazapi webhook test\` and the log of ${host}; nothing is lost`, instance.name);
    }),
};

/** Whether any webhook was given up. */
export const deadLetters: Check = {
  title: "dead letters",
  look: (patient) =>
    overall(patient, "none", ({ instance, dead }) =>
      dead === 0
        ? undefined
        : warning(`${dead} webhooks were refused until they were given up`, "see `wazapi dead list`", instance.name),
    ),
};

/** Whether messages leave. */
export const queue: Check = {
  title: "queue",
  look: (patient) =>
    overall(patient, "nothing waits too long", ({ instance, connection, queued, first }, now) => {
      if (queued === 0) return undefined;
      if (connection.state !== "connected") {
        return warning(`${queued} messages wait until it is connected`, "see the connection above", instance.name);
      }
      if (first === undefined || first.ScheduledFor !== undefined || now - first.Created < lateMs) return undefined;
      const found = `${queued} messages wait, the first was handed in ${ago(first.Created, now)}`;
      return warning(found, "see `wazapi queue list`", instance.name);
    }),
};

const byState = {
  connected: ({ instance, connection: { at, lastSeenAt = 0 } }, now) => {
    const seenAt = Math.max(at, lastSeenAt);
    if (now - seenAt <= silentMs) return undefined;
    const found = `connected, but the last sign of life came ${ago(seenAt, now)}`;
    return warning(found, "`wazapi instance restart` connects it anew", instance.name);
  },
  connecting: comingUp,
  pairing: comingUp,
  unpaired: ({ instance }) => warning("no phone is linked", "`wazapi pair` links one", instance.name),
  disconnected: (seen, now) => {
    const { instance, connection } = seen;
    if (connection.retry === undefined)
      return failing(stateText(seen, now), "`wazapi instance restart`", instance.name);
    return warning(`${stateText(seen, now)}; it tries again by itself`, "wait, or see the log", instance.name);
  },
  replaced: (seen, now) =>
    failing(stateText(seen, now), "end the other program that uses this session, then restart it", seen.instance.name),
  logged_out: (seen, now) => failing(stateText(seen, now), "`wazapi pair` links the phone again", seen.instance.name),
  restricted: (seen, now) => {
    const help =
      seen.connection.refusal?.until === undefined ? "wait a day, then restart it" : "wait: it comes back then";
    return failing(stateText(seen, now), `${help}; send less, and only to people who expect it`, seen.instance.name);
  },
  locked: (seen, now) =>
    failing(stateText(seen, now), "open WhatsApp on the phone, do what it asks, then restart it", seen.instance.name),
  banned: (seen, now) =>
    failing(
      stateText(seen, now),
      "open WhatsApp on the phone and ask for a review there; the pairing is kept, restart it after a pardon",
      seen.instance.name,
    ),
} as const satisfies Record<ConnectionState, Judge>;

function comingUp(seen: SeenInstance, now: number): Finding | undefined {
  const { instance, connection } = seen;
  if (now - connection.at <= stuckMs) return undefined;
  return warning(stateText(seen, now), "see its log, and whether WhatsApp can be reached", instance.name);
}

function stateText({ connection: { state, reason, refusal, at } }: SeenInstance, now: number): string {
  const why = refusal === undefined ? reason : refusalText(refusal);
  return `${state}${why === undefined ? "" : ` (${why})`} for ${lasting(at, now)}`;
}

function lasting(since: number, now: number): string {
  return ago(since, now).replace(/ ago$/, "");
}

/** What is wrong with single instances, or that nothing is; nothing where there are none. */
async function overall(patient: Patient, well: string, judge: Judge): Promise<readonly Finding[]> {
  const seen = await patient.instances();
  if (seen.kind !== "seen" || seen.total === 0) return [];
  const wrong = judged(patient, seen, judge);
  return wrong.length > 0 ? wrong : [fine(well)];
}

function judged(
  { cli }: Patient,
  { instances }: Extract<SeenInstances, { kind: "seen" }>,
  judge: Judge,
): readonly Finding[] {
  const now = cli.io.clock.now();
  return instances.flatMap((one) => judge(one, now) ?? []);
}
