import type { ChatKind } from "./chat-kind.ts";
import type { GroupInfo, SandboxControl } from "./control.ts";
import type { IqTable } from "./iq/table.ts";

/** A part of WhatsApp beside the chats of two: it brings chats, answers to queries, and what it has to remember. */
export interface Feature {
  readonly chats: readonly ChatKind[];
  readonly iqs: IqTable;
  /** What the state file keeps of it, as plain JSON; `restore` takes it in another run. */
  snapshot(): unknown;
  restore(state: unknown): void;
  clear(): void;
}

/** Groups and everybody's status. */
export interface GroupFeature extends Feature {
  readonly control: Pick<SandboxControl, "createGroup" | "groupSend" | "groupParticipants" | "groupPatch">;
  list(): readonly GroupInfo[];
}
