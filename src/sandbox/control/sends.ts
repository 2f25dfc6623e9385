import type { ContactSendInput, SandboxControl, SendInput } from "../control.ts";
import type { Post } from "../chat-kind.ts";
import { hostedDevice, recipientJid } from "../jid.ts";
import { chatKindOf } from "../messages/route.ts";
import type { Person } from "../person.ts";
import { SandboxError } from "../sandbox-error.ts";
import type { World } from "../world.ts";

/** What contacts and account owners write. */
export function sendControl(world: World): Pick<SandboxControl, "phoneSend" | "contactSend"> {
  const post = async (input: ContactSendInput, signal: AbortSignal) => {
    const to = recipientJid(input.to);
    const chat = chatKindOf(world, to);
    if (chat === undefined) throw new SandboxError("invalid", `${input.to} is not a number, a group or the status`);
    return chat.post(postOf(world, input, to), signal);
  };
  return {
    async phoneSend(input, signal) {
      requireAccount(world, input.number);
      return post(input, signal);
    },
    async contactSend(input, signal) {
      const identity = world.directory.identify(recipientJid(input.to));
      if (identity !== undefined && !isAccount(world, input.number)) requireAccount(world, identity.number);
      return post(input, signal);
    },
  };
}

function postOf(world: World, input: SendInput & Partial<ContactSendInput>, to: string): Post {
  const sender = personOnWhatsApp(world, input.number);
  if (input.hosted === true && !sender.devices.has(hostedDevice)) {
    throw new SandboxError("not_found", `no provider runs a device of ${input.number}`);
  }
  return {
    sender,
    device: input.hosted === true ? hostedDevice : 0,
    to,
    content: input.content,
    count: input.count,
    messageId: input.messageId,
    addressing: input.addressing,
    corrupt: input.corrupt === true,
    placeholder: input.placeholder === true,
  };
}

/** Throws `not_found` for somebody who is not on WhatsApp. */
export function personOnWhatsApp(world: World, number: string): Person {
  const person = world.directory.person(number);
  if (!person.onWhatsApp) throw new SandboxError("not_found", `${number} is not on WhatsApp`);
  return person;
}

/** Throws `not_found` when no client is linked to the number. */
export function requireAccount(world: World, number: string): Person {
  const person = world.directory.known(number);
  if (person === undefined || person.companions.size === 0) {
    throw new SandboxError("not_found", `no device is linked to ${number}`);
  }
  return person;
}

const isAccount = (world: World, number: string): boolean => (world.directory.known(number)?.companions.size ?? 0) > 0;
