import type { EventEmitter } from "node:events";
import {
  getBinaryNodeChild,
  getBinaryNodeChildren,
  proto,
  type BinaryNode,
  type WAMessage,
} from "@whiskeysockets/baileys";
import type { Clock } from "#lib/clock.ts";
import type { AuthState } from "../auth-state.ts";

/** Whether an account's chats were migrated from numbers to LIDs. */
export interface Migration {
  readonly migrated: boolean;
  /** Epoch milliseconds since when it is known to be so. */
  readonly at: number;
  /** WhatsApp or the phone said so; else it was seen from what was taken and what refused. */
  readonly told: boolean;
}

/** What is known of it, and how more is learnt. */
export interface MigrationKnowledge {
  readonly current: () => Migration | undefined;
  /** Messages came: the phone may tell it in one. */
  readonly came: (messages: readonly WAMessage[]) => void;
  /** One name was refused and the other taken. Says nothing against what was told. */
  readonly seen: (migrated: boolean) => void;
}

type Known = Pick<AuthState, "creds" | "credsChanged">;

/** WhatsApp protocol: the server property that says whether one-to-one chats are addressed by LID. */
const lidChatsProperty = "9435";

/**
 * Learns from whatever passes on this socket whether the account's chats are kept by LID. WhatsApp protocol: linking
 * brings `client-props` (ClientPairingProps), the phone sends a peer message with its mapping when it migrates
 * (LIDMigrationMappingSync), and the server's properties tell it at each login. It is kept with the credentials: a new
 * link begins anew.
 */
export function learnMigration(
  deps: { readonly auth: Known; readonly clock: Clock },
  ws: EventEmitter,
): MigrationKnowledge {
  const { auth, clock } = deps;
  const told = (migrated: boolean | undefined): void => {
    if (migrated !== undefined) keep(auth, { migrated, at: clock.now(), told: true });
  };
  ws.on("CB:iq,,pair-success", (node: BinaryNode) => told(pairingProps(node)));
  ws.on("frame", (node: BinaryNode) => {
    if (node.tag === "iq") told(serverProperty(node));
  });
  return {
    current: () => migrationOf(auth.creds),
    came: (messages) => {
      const mapped = messages.some(
        ({ key, message }) => key.fromMe === true && message?.protocolMessage?.lidMigrationMappingSyncMessage,
      );
      if (mapped) told(true);
    },
    seen: (migrated) => {
      if (migrationOf(auth.creds)?.told !== true) keep(auth, { migrated, at: clock.now(), told: false });
    },
  };
}

/** What these credentials hold. */
export function migrationOf({ additionalData }: AuthState["creds"]): Migration | undefined {
  const { migrated, at, told }: Partial<Migration> = Object(Object(additionalData)[field]);
  return typeof migrated === "boolean" && typeof at === "number" ? { migrated, at, told: told === true } : undefined;
}

const field = "lidMigration";

function keep({ creds, credsChanged }: Known, news: Migration): void {
  const known = migrationOf(creds);
  const isSame = known?.migrated === news.migrated;
  if (isSame && (known.told || !news.told)) return;
  // Told what was seen already: since when it is so does not change by that.
  const kept = isSame ? { ...news, at: known.at } : news;
  creds.additionalData = { ...Object(creds.additionalData), [field]: kept };
  credsChanged();
}

function pairingProps(node: BinaryNode): boolean | undefined {
  const props = getBinaryNodeChild(getBinaryNodeChild(node, "pair-success"), "client-props");
  if (!(props?.content instanceof Uint8Array)) return undefined;
  try {
    return proto.ClientPairingProps.decode(props.content).isChatDbLidMigrated ?? undefined;
  } catch {
    // In a form of its own: then nothing was said.
    return undefined;
  }
}

function serverProperty(node: BinaryNode): boolean | undefined {
  const [props] = Array.isArray(node.content) ? node.content : [];
  if (props?.tag !== "props") return undefined;
  const property = getBinaryNodeChildren(props, "prop").find(({ attrs }) => attrs["config_code"] === lidChatsProperty);
  const value = property?.attrs["config_value"] ?? property?.attrs["value"];
  return value === undefined ? undefined : value === "1" || value === "true";
}
