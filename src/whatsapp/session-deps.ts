import type { Clock } from "#lib/clock.ts";
import type { Log } from "#lib/log.ts";
import type { AuthStateStore } from "#store/auth-state.ts";
import type { DirectoryStore } from "#store/directory.ts";
import type { InstanceStore } from "#store/instances.ts";
import type { LeaseStore } from "#store/leases.ts";
import type { MessageStore } from "#store/messages.ts";
import type { Inbound } from "./inbound.ts";
import type { AskedAuthors } from "./intake/asked-authors.ts";
import type { PhoneQuestion } from "./phone-questions.ts";
import type { NewChats } from "./restriction/new-chats.ts";
import type { OutgoingFiles } from "./send/payload.ts";
import type { AppStateDamage } from "./staying/app-state-care.ts";
import type { RecoveryStep } from "./staying/app-state-recovery.ts";
import type { Transport } from "./transport.ts";
import type { UnknownWire } from "./unknown-wire.ts";
import type { WebVersions } from "./web-version/web-version.ts";

/** What every session works with. */
export interface SessionDeps {
  readonly instances: InstanceStore;
  readonly authState: AuthStateStore;
  readonly messages: MessageStore;
  readonly directory: DirectoryStore;
  readonly leases: LeaseStore;
  readonly inbound: Inbound;
  readonly transport: Transport;
  /** Of messages that leave. */
  readonly files: OutgoingFiles;
  readonly clock: Clock;
  readonly log: Log;
  /** Name of this process in leases. */
  readonly owner: string;
  /** Which version of WhatsApp Web is presented; without it Baileys' own. */
  readonly webVersions?: WebVersions;
  /** Told for metrics; must not throw. */
  readonly observe?: SessionObserver;
  /** Learns what WhatsApp says about new chats. */
  readonly newChats?: Pick<NewChats, "watch">;
  /** Told after each refusal that names the version of WhatsApp Web, or (`certain` false) looks like it; must not throw. */
  readonly versionSuspected?: (suspicion: VersionSuspicion) => void;
}

/** What the session of one instance works with. */
export interface OneSessionDeps extends SessionDeps {
  /** What this process asked the authors of messages to this instance; outlives the session. */
  readonly asked: AskedAuthors;
}

/** WhatsApp may refuse the version of WhatsApp Web that this session presented. */
export interface VersionSuspicion {
  readonly instanceId: string;
  /** It said so (405); otherwise it closed right after the hello, several times in a row. */
  readonly certain: boolean;
}

/** What sessions tell for metrics. */
export interface SessionObserver {
  /** A message could not be decrypted; its sender is asked to send it again. */
  readonly decryptFailed: () => void;
  /** Nothing of one sender can be decrypted any more. */
  readonly decryptStorm: () => void;
  /** A connection was ended because a stanza of this class had not been confirmed. */
  readonly unconfirmed: (stanzaClass: string) => void;
  /** What waited while we were away neither comes nor ends. */
  readonly backlogStalled: () => void;
  /** The connection was lost for this reason and is opened again. */
  readonly reconnected: (reason: string) => void;
  /** Settings that came do not fit their checksum. */
  readonly appStateDamaged: (damage: AppStateDamage) => void;
  /** The phone was asked for settings that the server has damaged: what came of it. */
  readonly appStateRecovery: (step: RecoveryStep) => void;
  /** WhatsApp sent something that this version does not know. */
  readonly unknownWire: (unknown: UnknownWire) => void;
  /** The own phone left a question of this kind without an answer. */
  readonly phoneSilent: (question: PhoneQuestion) => void;
  /** Linking with a passkey ended: `linked`, `expired`, `refused`, `silent` or `abandoned`. */
  readonly passkeyEnded: (end: string) => void;
}
