import type { ContentBody } from "#sandbox/content-body.ts";
import type { SandboxClient } from "#sandbox/client.ts";
import type { GroupInfo } from "#sandbox/control.ts";

/** Who plays in a triggered event, and how. */
export interface Stage {
  readonly sandbox: SandboxClient;
  /** Number of the linked account. */
  readonly own: string;
  /** Number of the contact that acts. */
  readonly contact: string;
  /** Messages are typed on the account's own phone, to the contact. */
  readonly onOwnPhone: boolean;
  /** Full jid of the group that messages are posted in; without it they go from one to the other. */
  readonly group?: string;
  /** Words in place of the usual ones. */
  readonly text: string | undefined;
  /** Epoch milliseconds. */
  readonly now: () => number;
  readonly signal: AbortSignal;
}

/** Somebody who is added, promoted and removed. */
export const thirdPerson = "5511966665555";

const groupSubject = "wazapi trigger";

/** Sends a content in the direction of the stage; answers the message id. */
export async function say(stage: Stage, content: ContentBody): Promise<string> {
  const { sandbox, own, contact, onOwnPhone, group, signal } = stage;
  const [number, other] = onOwnPhone ? [own, contact] : [contact, own];
  const to = group ?? other;
  const { messageIds } = await sandbox[onOwnPhone ? "phoneSend" : "contactSend"]({ number, to, content }, signal);
  return messageIds[0] ?? "";
}

/** A text in the direction of the stage, to be answered, changed or deleted. */
export async function sayFirst(stage: Stage): Promise<string> {
  return say(stage, { text: "Hello" });
}

/** A text of the account's own phone to the contact, for receipts. */
export async function writeToContact({ sandbox, own, contact, signal }: Stage): Promise<string> {
  const { messageIds } = await sandbox.phoneSend({ number: own, to: contact, content: { text: "Hello" } }, signal);
  return messageIds[0] ?? "";
}

/** A group of the contact, which runs it, and the account; made when there is none. */
export async function groupOf(stage: Stage): Promise<GroupInfo> {
  const { sandbox, own, contact, signal } = stage;
  const { groups } = await sandbox.state(signal);
  const isIn = ({ participants }: GroupInfo, number: string): boolean =>
    participants.some((member) => member.number === number);
  const known = groups.find(
    (group) => group.subject.startsWith(groupSubject) && group.owner === contact && isIn(group, own),
  );
  return known ?? newGroup(stage);
}

/** A new group of the contact and the account. */
export async function newGroup({ sandbox, own, contact, signal }: Stage): Promise<GroupInfo> {
  return sandbox.createGroup({ subject: groupSubject, participants: [contact, own], owner: contact }, signal);
}

/** The group with the third person in it, or without. */
export async function groupWith(stage: Stage, wanted: "with" | "without"): Promise<GroupInfo> {
  const group = await groupOf(stage);
  const isIn = group.participants.some(({ number }) => number === thirdPerson);
  if (isIn === (wanted === "with")) return group;
  const action = isIn ? "remove" : "add";
  return stage.sandbox.groupParticipants({ group: group.id, action, participants: [thirdPerson] }, stage.signal);
}
