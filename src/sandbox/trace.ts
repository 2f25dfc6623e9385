import type { BinaryNode, proto } from "@whiskeysockets/baileys";
import type { Clock } from "#lib/clock.ts";
import type {
  DecryptError,
  Lapse,
  Login,
  Refusal,
  SettingChange,
  Trace,
  TraceStanza,
  UnhandledQuery,
} from "./observed.ts";
import { printStanza } from "./wire/stanza.ts";

/** Whose connection a stanza passed. */
export interface TraceDevice {
  readonly number?: string;
  readonly device?: number;
}

/** Remembers what passed lately. Each list is bounded and loses its oldest entries. */
export interface TraceLog {
  stanza(direction: TraceStanza["direction"], device: TraceDevice, node: BinaryNode): void;
  unhandled(number: string | undefined, node: BinaryNode): void;
  decryptError(error: Omit<DecryptError, "at">): void;
  refusal(kind: Refusal["kind"], detail: string): void;
  lapse(lapse: Omit<Lapse, "at">): void;
  setting(change: Omit<SettingChange, "at">): void;
  /** A device logs in, whether it is let in or not. */
  login(payload: proto.IClientPayload): void;
  read(): Trace;
  clear(): void;
}

const limits = { stanzas: 1000, others: 500 };

interface Passed {
  readonly seq: number;
  readonly at: number;
  readonly direction: TraceStanza["direction"];
  readonly device: TraceDevice;
  readonly node: BinaryNode;
}

/** An empty trace. Stanzas are put into words only when they are read. */
export function createTrace(clock: Clock): TraceLog {
  let seq = 0;
  const stanzas: Passed[] = [];
  const unhandled: UnhandledQuery[] = [];
  const decryptErrors: DecryptError[] = [];
  const refusals: Refusal[] = [];
  const lapses: Lapse[] = [];
  const settings: SettingChange[] = [];
  const logins: Login[] = [];
  return {
    stanza(direction, device, node) {
      seq += 1;
      keep(stanzas, { seq, at: clock.now(), direction, device, node }, limits.stanzas);
    },
    unhandled(number, node) {
      const [first] = Array.isArray(node.content) ? node.content : [];
      const { xmlns, type } = node.attrs;
      const query = {
        at: clock.now(),
        ...(number !== undefined && { number }),
        tag: node.tag,
        ...(xmlns !== undefined && { xmlns }),
        ...(type !== undefined && { type }),
        ...(first !== undefined && { child: first.tag }),
        stanza: printStanza(node),
      };
      keep(unhandled, query, limits.others);
    },
    decryptError: (error) => keep(decryptErrors, { at: clock.now(), ...error }, limits.others),
    refusal: (kind, detail) => keep(refusals, { at: clock.now(), kind, detail }, limits.others),
    lapse: (lapse) => keep(lapses, { at: clock.now(), ...lapse }, limits.others),
    setting: (change) => keep(settings, { at: clock.now(), ...change }, limits.others),
    login: (payload) => keep(logins, { at: clock.now(), ...loginOf(payload) }, limits.others),
    read: () => ({
      stanzas: stanzas.map(({ device, node, ...rest }) => ({ ...rest, ...device, stanza: printStanza(node) })),
      unhandled: [...unhandled],
      decryptErrors: [...decryptErrors],
      refusals: [...refusals],
      lapses: [...lapses],
      settings: [...settings],
      logins: [...logins],
    }),
    clear() {
      for (const list of [stanzas, unhandled, decryptErrors, refusals, lapses, settings, logins]) list.length = 0;
    },
  };
}

function loginOf({ username, device, userAgent, lc, connectAttemptCount }: proto.IClientPayload): Omit<Login, "at"> {
  const { primary, secondary, tertiary } = userAgent?.appVersion ?? {};
  return {
    number: String(username ?? ""),
    device: device ?? 0,
    version: [primary, secondary, tertiary].map((part) => part ?? 0).join("."),
    ...(typeof lc === "number" && { loginCounter: lc }),
    ...(typeof connectAttemptCount === "number" && { connectAttempts: connectAttemptCount }),
  };
}

/** Cuts in strides: removing the first of a long array for every entry would cost more than the entry. */
function keep<T>(list: T[], entry: T, limit: number): void {
  list.push(entry);
  if (list.length >= limit * 2) list.splice(0, list.length - limit);
}
