import type { BinaryNode } from "@whiskeysockets/baileys";
import { parsedParams, word } from "./content/commerce.ts";
import { childrenOf, textOf } from "./node.ts";

/** One change of a channel's people. */
export interface NewsletterChange {
  readonly name: string;
  /** JID of the channel. */
  readonly newsletterJid: string;
  /** JID of the person; undefined for the own account. */
  readonly user?: string;
  /** Second parameter: role or state. */
  readonly value: string;
}

/** Reads a channel notification, in its old form (children) and its newer one (JSON). */
export function newsletterChangesOf(node: BinaryNode): readonly NewsletterChange[] {
  return node.attrs["type"] === "mex" ? childrenOf(node).flatMap(fromJson) : childrenOf(node).flatMap(fromChild(node));
}

function fromChild(node: BinaryNode): (child: BinaryNode) => readonly NewsletterChange[] {
  return (child) => {
    const { action, role, jid } = child.attrs;
    if (child.tag !== "participant" || jid === undefined) return [];
    const promoted = action === "promote" || role?.toUpperCase() === "ADMIN";
    return [change(promoted ? "ADMIN_PROMOTE" : "ADMIN_DEMOTE", node.attrs["from"] ?? "", jid)];
  };
}

// Names of the operations in the JSON form and what they are called outside.
const operations: Readonly<Record<string, string>> = {
  NotificationNewsletterAdminPromote: "ADMIN_PROMOTE",
  NotificationNewsletterAdminDemote: "ADMIN_DEMOTE",
  NotificationNewsletterJoin: "MEMBER_JOIN",
  NotificationNewsletterLeave: "MEMBER_LEAVE",
};

function fromJson(child: BinaryNode): readonly NewsletterChange[] {
  const data = parsedParams(textOf(child));
  const operation = word(data["operation"]) || (child.attrs["op_name"] ?? "");
  const updates: readonly unknown[] = Array.isArray(data["updates"]) ? data["updates"] : [];
  return updates.flatMap((update) => {
    const fields = parsedParams(JSON.stringify(update));
    const jid = word(fields["jid"] ?? fields["id"]);
    if (jid === "") return [];
    const settings = parsedParams(JSON.stringify(fields["settings"] ?? fields));
    if (operation === "NotificationNewsletterUserSettingChange" && settings["mute"] !== undefined) {
      const state = word(settings["mute"]).toUpperCase();
      return [{ name: `NEWSLETTER_MUTE_${state === "ON" ? "ON" : "OFF"}`, newsletterJid: jid, value: state }];
    }
    const name = operations[operation];
    return name === undefined ? [] : [change(name, jid, word(fields["user"]), word(fields["role"]))];
  });
}

function change(name: string, newsletterJid: string, ...rest: readonly [string, string?]): NewsletterChange {
  const [user, role] = rest;
  const value = name === "ADMIN_PROMOTE" ? "ADMIN" : role?.toUpperCase() || "SUBSCRIBER";
  return { name: `NEWSLETTER_${name}`, newsletterJid, ...(user === "" ? {} : { user }), value };
}
