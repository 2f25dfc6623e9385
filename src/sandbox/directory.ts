import { createInbox } from "./messages/inbox.ts";
import { createMemory } from "./messages/memory.ts";
import { hostedDevice, parseUserJid, type Addressing } from "./jid.ts";
import type { Person, SimulatedDevice } from "./person.ts";
import { createReach } from "./reach/reach.ts";
import { SandboxError } from "./sandbox-error.ts";
import { createSerial } from "./serial.ts";
import { createSimDevice, type SimDevice } from "./signal/sim-device.ts";

/** Whom a jid means, whether or not that person is known here. */
export interface Identity {
  readonly number: string;
  readonly lid: string;
  readonly device: number;
  readonly addressing: Addressing;
}

/** Everybody. A number that nobody spoke of is on WhatsApp all the same; it becomes known when it is needed. */
export interface Directory {
  /** Reads a person's jid; undefined for other jids and for LIDs that belong to no number. */
  identify(jid: string): Identity | undefined;
  /** The person with this number, known from now on. Throws `invalid` and, when there are too many, `conflict`. */
  person(number: string): Person;
  /** The person with this number if known. */
  known(number: string): Person | undefined;
  /** The person a jid means, known from now on; undefined when there is nobody. */
  find(jid: string): Person | undefined;
  isOnWhatsApp(number: string): boolean;
  /** Gives a person another device that the sandbox plays, or takes the last away; a provider's is not counted. */
  setDevices(person: Person, count: number): void;
  /** Gives a person the device that a provider runs, or takes it away. */
  setHosted(person: Person, hosted: boolean): void;
  /** Takes in somebody of an earlier run. */
  add(person: Person): void;
  people(): readonly Person[];
  clear(): void;
}

const maxPeople = 50_000;

/** A directory without anybody. Keys follow from the seed: a person has the same ones in every run. */
export function createDirectory(deps: { readonly now: () => number }, seed: string): Directory {
  const people = new Map<string, Person>();

  const person = (number: string): Person => {
    const known = people.get(number);
    if (known !== undefined) return known;
    if (!isNumber(number)) throw new SandboxError("invalid", `${number} is not a phone number with country code`);
    if (people.size >= maxPeople) throw new SandboxError("conflict", `there are already ${maxPeople} people`);
    const made = createPerson(number, deps.now());
    addDevice(made, 0, seed);
    people.set(number, made);
    return made;
  };
  const isOnWhatsApp = (number: string): boolean => people.get(number)?.onWhatsApp ?? isNumber(number);
  return {
    identify,
    person,
    known: (number) => people.get(number),
    find(jid) {
      const identity = identify(jid);
      if (identity === undefined || !isOnWhatsApp(identity.number)) return undefined;
      return people.get(identity.number) ?? (people.size < maxPeople ? person(identity.number) : undefined);
    },
    isOnWhatsApp,
    setDevices(owner, count) {
      const mine = ownDevices(owner);
      for (const id of mine.slice(count)) owner.devices.delete(id);
      for (let id = 0, missing = count - mine.length; missing > 0; id += 1) {
        if (owner.devices.has(id) || owner.companions.has(id)) continue;
        addDevice(owner, id, seed);
        missing -= 1;
      }
    },
    setHosted(owner, hosted) {
      if (!hosted) owner.devices.delete(hostedDevice);
      else if (!owner.devices.has(hostedDevice)) addDevice(owner, hostedDevice, seed);
    },
    add: (restored) => void people.set(restored.number, restored),
    people: () => [...people.values()],
    clear: () => people.clear(),
  };
}

/** The devices of a person that the sandbox plays, lowest first, without the one that a provider runs. */
export function ownDevices({ devices }: Person): readonly number[] {
  return [...devices.keys()].filter((id) => id !== hostedDevice).toSorted((one, other) => one - other);
}

/** Gives a person one more simulated device; `restored` brings its keys and sessions from an earlier run. */
export function addDevice(person: Person, id: number, keys: string | SimDevice): void {
  let signal = typeof keys === "string" ? undefined : keys;
  const device: SimulatedDevice = {
    person,
    id,
    signal: () => {
      const seed = typeof keys === "string" ? Buffer.from(`${keys}/${person.number}`) : Buffer.alloc(0);
      signal ??= createSimDevice({ seed, deviceId: id });
      return signal;
    },
    signalIfUsed: () => signal,
    line: createSerial(),
    uses: new Map(),
    requests: new Map(),
  };
  person.devices.set(id, device);
  person.staleDevices.delete(id);
}

/** Somebody new, without devices. */
export function createPerson(number: string, now: number): Person {
  return {
    number,
    lid: lidOf(number),
    name: `+${number}`,
    onWhatsApp: true,
    about: { text: "Hey there! I am using WhatsApp.", at: now },
    catalogue: [],
    username: undefined,
    presence: undefined,
    devices: new Map(),
    companions: new Map(),
    inbox: createInbox(undefined),
    memory: createMemory(),
    addressing: new Map(),
    staleDevices: new Map(),
    lidMigrated: true,
    account: undefined,
    passkey: undefined,
    reach: createReach(),
  };
}

// A number leads to its LID and back, so that nobody has to be remembered only because somebody asked.
const lidFactor = 7n;
const lidOffset = 100_000_000_000_011n;

function lidOf(number: string): string {
  return String(BigInt(number) * lidFactor + lidOffset);
}

function numberOfLid(lid: string): string | undefined {
  const product = BigInt(lid) - lidOffset;
  if (product <= 0n || product % lidFactor !== 0n) return undefined;
  const number = String(product / lidFactor);
  return isNumber(number) ? number : undefined;
}

function identify(jid: string): Identity | undefined {
  const parsed = parseUserJid(jid);
  if (parsed === undefined) return undefined;
  const { user, device, addressing } = parsed;
  const number = addressing === "lid" ? numberOfLid(user) : user;
  if (number === undefined || !isNumber(number)) return undefined;
  return { number, lid: lidOf(number), device, addressing };
}

const isNumber = (text: string): boolean => /^[1-9]\d{4,19}$/.test(text);
