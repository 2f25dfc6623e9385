import type { ContentBody } from "./content-body.ts";
import type {
  Behaviour,
  CodeInput,
  ContactInfo,
  ContactSendInput,
  GroupInfo,
  GroupPatch,
  LinkedDevice,
  SandboxConfig,
  SandboxControl,
  SandboxState,
  ScanInput,
  SendInput,
  Sent,
} from "./control.ts";
import type { Fault } from "./fault.ts";
import type { AssertionJson } from "./passkey/assertion.ts";
import type { PasskeyInfo } from "./passkey/passkey.ts";
import type { CeremonyInfo } from "./passkey/passkey-control.ts";
import type { InboxEntry } from "./shown.ts";
import type { Trace } from "./observed.ts";
import type { ReachInfo } from "./reach/reach-control.ts";
import { createControlRequest, type ControlServer } from "./control-request.ts";

type Input<M extends keyof SandboxControl> = Parameters<SandboxControl[M]>[0];

/**
 * The control routes as functions; each is the method of `SandboxControl` with the same name, over HTTP. All throw
 * `SandboxError` with the server's code, `unauthorized` for a wrong token and `unavailable` when nobody answers.
 */
export interface SandboxClient {
  readonly config: (signal?: AbortSignal) => Promise<SandboxConfig>;
  readonly state: (signal?: AbortSignal) => Promise<SandboxState>;
  readonly trace: (signal?: AbortSignal) => Promise<Trace>;
  readonly scan: (input: ScanInput, signal?: AbortSignal) => Promise<LinkedDevice>;
  readonly code: (input: CodeInput, signal?: AbortSignal) => Promise<LinkedDevice>;
  readonly rotateQr: (input?: Input<"rotateQr">, signal?: AbortSignal) => Promise<{ readonly told: number }>;
  readonly restrict: (input: Input<"restrict">, signal?: AbortSignal) => Promise<ReachInfo>;
  readonly release: (input: Input<"release">, signal?: AbortSignal) => Promise<ReachInfo>;
  readonly newChats: (input: Input<"newChats">, signal?: AbortSignal) => Promise<ReachInfo>;
  readonly giveToken: (input: Input<"giveToken">, signal?: AbortSignal) => Promise<void>;
  readonly passkey: (input: Input<"passkey">, signal?: AbortSignal) => Promise<PasskeyInfo>;
  readonly passkeySign: (input: Input<"passkeySign">, signal?: AbortSignal) => Promise<AssertionJson>;
  readonly passkeyConfirm: (input: Input<"passkeyConfirm">, signal?: AbortSignal) => Promise<CeremonyInfo>;
  readonly refreshCode: (input: Input<"refreshCode">, signal?: AbortSignal) => Promise<void>;
  readonly clientExpiration: (
    input: Input<"clientExpiration">,
    signal?: AbortSignal,
  ) => Promise<{ readonly told: number }>;
  readonly unlink: (input: Input<"unlink">, signal?: AbortSignal) => Promise<{ readonly unlinked: number }>;
  readonly refuse: (input: Input<"refuse">, signal?: AbortSignal) => Promise<void>;
  readonly pardon: (input: Input<"pardon">, signal?: AbortSignal) => Promise<void>;
  readonly migrate: (input: Input<"migrate">, signal?: AbortSignal) => Promise<void>;
  readonly phoneSend: (input: SendInput, signal?: AbortSignal) => Promise<Sent>;
  readonly history: (input: Input<"history">, signal?: AbortSignal) => Promise<{ readonly chunks: number }>;
  readonly addContact: (input: Input<"addContact">, signal?: AbortSignal) => Promise<ContactInfo>;
  readonly notify: (input: Input<"notify">, signal?: AbortSignal) => Promise<void>;
  readonly stanza: (input: Input<"stanza">, signal?: AbortSignal) => Promise<void>;
  readonly setting: (input: Input<"setting">, signal?: AbortSignal) => Promise<void>;
  readonly contactSend: (input: ContactSendInput, signal?: AbortSignal) => Promise<Sent>;
  readonly typing: (input: Input<"typing">, signal?: AbortSignal) => Promise<void>;
  readonly presence: (input: Input<"presence">, signal?: AbortSignal) => Promise<void>;
  readonly call: (input: Input<"call">, signal?: AbortSignal) => Promise<{ readonly callId: string }>;
  readonly receipt: (input: Input<"receipt">, signal?: AbortSignal) => Promise<void>;
  readonly retry: (input: Input<"retry">, signal?: AbortSignal) => Promise<{ readonly count: number }>;
  readonly reinstall: (input: Input<"reinstall">, signal?: AbortSignal) => Promise<{ readonly told: number }>;
  readonly staleDevice: (input: Input<"staleDevice">, signal?: AbortSignal) => Promise<void>;
  /** `waitSeconds` (whole, up to 300) is how long the server waits for the first message. */
  readonly inbox: (
    input: { readonly number: string; readonly since?: number; readonly waitSeconds?: number },
    signal?: AbortSignal,
  ) => Promise<readonly InboxEntry[]>;
  /** The plain bytes of a received file, by the SHA-256 that the inbox shows. */
  readonly media: (sha256: string, signal?: AbortSignal) => Promise<Uint8Array>;
  readonly createGroup: (input: Input<"createGroup">, signal?: AbortSignal) => Promise<GroupInfo>;
  readonly groupSend: (input: Input<"groupSend">, signal?: AbortSignal) => Promise<Sent>;
  readonly groupParticipants: (input: Input<"groupParticipants">, signal?: AbortSignal) => Promise<GroupInfo>;
  readonly groupPatch: (input: Input<"groupPatch">, signal?: AbortSignal) => Promise<GroupInfo>;
  readonly behaviour: (change: Partial<Behaviour>, signal?: AbortSignal) => Promise<Behaviour>;
  /** Answers the faults that are now in force. */
  readonly addFault: (fault: Fault, signal?: AbortSignal) => Promise<{ readonly faults: readonly Fault[] }>;
  readonly clearFaults: (signal?: AbortSignal) => Promise<void>;
  readonly reset: (signal?: AbortSignal) => Promise<void>;
}

/** A client of one sandbox; holds no connection that would have to be closed. */
export function createSandboxClient(server: ControlServer): SandboxClient {
  const { json, bytes } = createControlRequest(server);
  const get = async <T>(path: string, signal?: AbortSignal): Promise<T> => json<T>({ method: "GET", path }, signal);
  const post = async <T>(path: string, body: unknown, signal?: AbortSignal): Promise<T> =>
    json<T>({ method: "POST", path, body }, signal);
  const postTo = async <T>(target: string, input: object, signal?: AbortSignal): Promise<T> => {
    const { number, content, ...rest } = input as { number: string; content?: ContentBody };
    const [kind, ...action] = target.split("/");
    return post<T>(`/${kind}/${encodeURIComponent(number)}/${action.join("/")}`, { ...rest, ...content }, signal);
  };
  return {
    config: async (signal) => get("/config", signal),
    state: async (signal) => get("/state", signal),
    trace: async (signal) => get("/trace", signal),
    scan: async (input, signal) => postTo("phones/scan", input, signal),
    code: async (input, signal) => postTo("phones/code", input, signal),
    rotateQr: async (input = {}, signal) => post("/rotate-qr", input, signal),
    restrict: async (input, signal) => postTo("phones/restrict", input, signal),
    release: async (input, signal) => postTo("phones/release", input, signal),
    newChats: async (input, signal) => postTo("phones/new-chats", input, signal),
    giveToken: async (input, signal) => postTo("contacts/token", input, signal),
    passkey: async (input, signal) => postTo("phones/passkey", input, signal),
    passkeySign: async (input, signal) => postTo("phones/passkey/sign", input, signal),
    passkeyConfirm: async (input, signal) => postTo("phones/passkey/confirm", input, signal),
    refreshCode: async (input, signal) => postTo("phones/refresh-code", input, signal),
    clientExpiration: async (input, signal) => post("/client-expiration", input, signal),
    unlink: async (input, signal) => postTo("phones/unlink", input, signal),
    refuse: async (input, signal) => postTo("phones/refuse", input, signal),
    pardon: async ({ number }, signal) => post(`/phones/${encodeURIComponent(number)}/refuse`, { lift: true }, signal),
    migrate: async (input, signal) => postTo("phones/migrate", input, signal),
    phoneSend: async (input, signal) => postTo("phones/send", input, signal),
    history: async (input, signal) => postTo("phones/history", input, signal),
    notify: async ({ number, ...body }, signal) => post(`/phones/${encodeURIComponent(number)}/notify`, body, signal),
    stanza: async ({ number, stanza }, signal) => post(`/phones/${encodeURIComponent(number)}/stanza`, stanza, signal),
    setting: async ({ number, ...body }, signal) => post(`/phones/${encodeURIComponent(number)}/setting`, body, signal),
    addContact: async (input, signal) => post("/contacts", input, signal),
    contactSend: async (input, signal) => postTo("contacts/send", input, signal),
    typing: async (input, signal) => postTo("contacts/typing", input, signal),
    presence: async (input, signal) => postTo("contacts/presence", input, signal),
    call: async (input, signal) => postTo("contacts/call", input, signal),
    receipt: async (input, signal) => postTo("contacts/receipt", input, signal),
    retry: async (input, signal) => postTo("contacts/retry", input, signal),
    reinstall: async (input, signal) => postTo("contacts/reinstall", input, signal),
    staleDevice: async (input, signal) => postTo("contacts/stale", input, signal),
    inbox: async ({ number, since = 0, waitSeconds = 0 }, signal) =>
      get(`/contacts/${encodeURIComponent(number)}/inbox?since=${since}&wait=${waitSeconds}`, signal),
    media: async (sha256, signal) => bytes(`/media/${sha256.replaceAll("+", "-").replaceAll("/", "_")}`, signal),
    createGroup: async (input, signal) => post("/groups", input, signal),
    groupSend: async ({ group, content, ...rest }, signal) =>
      post(groupPath(group, "/send"), { ...rest, ...content }, signal),
    groupParticipants: async ({ group, ...rest }, signal) => post(groupPath(group, "/participants"), rest, signal),
    groupPatch: async ({ group, patch, by }, signal) => {
      const body: GroupPatch & { by?: string } = { ...patch, ...(by !== undefined && { by }) };
      return json({ method: "PATCH", path: groupPath(group, ""), body }, signal);
    },
    behaviour: async (change, signal) => post("/behaviour", change, signal),
    addFault: async (fault, signal) => post("/faults", fault, signal),
    clearFaults: async (signal) => {
      await json({ method: "DELETE", path: "/faults" }, signal);
    },
    reset: async (signal) => post("/reset", {}, signal),
  };
}

const groupPath = (group: string, action: string): `/${string}` => `/groups/${encodeURIComponent(group)}${action}`;
