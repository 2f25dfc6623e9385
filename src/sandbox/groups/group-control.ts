import type { GroupInfo, SandboxControl } from "../control.ts";
import { newMessageId } from "../messages/batch.ts";
import { jidOf } from "../messages/envelope.ts";
import { chatKindOf } from "../messages/route.ts";
import type { Person } from "../person.ts";
import { SandboxError } from "../sandbox-error.ts";
import type { World } from "../world.ts";
import { defaultActor, groupInfo, type Group } from "./group.ts";
import { askToJoin, changeMembers, leaveGroup, mayManage, welcome } from "./group-members.ts";
import { applySetting, maySet, settingsOfPatch } from "./group-settings.ts";
import { announce } from "./group-stanzas.ts";
import type { GroupStore } from "./group-store.ts";

/** What simulated people do to groups. Whoever is not named acts as the group's owner, or as its first admin. */
export function groupControl(
  world: World,
  groups: GroupStore,
): Pick<SandboxControl, "createGroup" | "groupSend" | "groupParticipants" | "groupPatch"> {
  const groupOf = (jid: string): Group => {
    const group = groups.get(jid.includes("@") ? jid : `${jid}@g.us`);
    if (group === undefined) throw new SandboxError("not_found", `there is no group ${jid}`);
    return group;
  };
  return {
    async createGroup({ subject, participants, owner, addressing }) {
      const creator = owner ?? participants[0];
      if (creator === undefined) throw new SandboxError("invalid", "a group needs somebody in it");
      const people = [creator, ...participants].map((number) => onWhatsApp(world, number));
      const group = groups.create({
        creator,
        subject,
        members: people.map(({ number }) => number),
        addressing: addressing ?? "lid",
        at: world.seconds(),
      });
      world.changed();
      welcome(world, { group, by: world.directory.person(creator), people }, { type: "new" });
      return groupInfo(group);
    },
    async groupSend({ group, from, content, count }, signal) {
      const { jid } = groupOf(group);
      const sender = onWhatsApp(world, from);
      const rest = { messageId: undefined, addressing: undefined, corrupt: false };
      const chat = chatKindOf(world, jid);
      if (chat === undefined) throw new SandboxError("not_supported", "there is no way to write to a group");
      return chat.post({ sender, to: jid, content, count, ...rest }, signal);
    },
    groupParticipants: async (input) => changeParticipants(world, groupOf(input.group), input),
    async groupPatch({ group: jid, patch, by }) {
      const group = groupOf(jid);
      const actor = actorOf(world, group, by);
      for (const setting of settingsOfPatch(patch, newMessageId)) {
        if (!maySet(group, actor.number, setting)) {
          throw new SandboxError("refused", `${actor.number} may not change ${setting.kind}`);
        }
        const done = { number: actor.number, by: jidOf(actor, group.addressing), at: world.seconds() };
        announce(world, { group, by: actor }, applySetting(group, setting, done));
      }
      world.changed();
      return groupInfo(group);
    },
  };
}

function changeParticipants(
  world: World,
  group: Group,
  input: Parameters<SandboxControl["groupParticipants"]>[0],
): GroupInfo {
  const { action, participants, by } = input;
  const people = participants.map((number) => onWhatsApp(world, number));
  if (action === "request") {
    for (const person of people) request(world, group, person);
    return groupInfo(group);
  }
  if (action === "leave") {
    for (const person of people) requireMember(group, person);
    for (const person of people) leaveGroup(world, group, person).tell();
    return groupInfo(group);
  }
  const actor = actorOf(world, group, by);
  if (!mayManage(group, actor.number, action)) {
    throw new SandboxError("refused", `${actor.number} is no admin of ${group.jid}`);
  }
  const { results, tell } = changeMembers(world, action, { group, by: actor, people });
  tell();
  const failed = results.find(({ error }) => error !== undefined);
  if (failed !== undefined) {
    throw new SandboxError("conflict", `${action} of ${failed.person.number} was refused with ${failed.error}`);
  }
  return groupInfo(group);
}

function request(world: World, group: Group, person: Person): void {
  if (group.members.has(person.number)) throw new SandboxError("conflict", `${person.number} is a member already`);
  if (!group.joinApproval) {
    throw new SandboxError("conflict", "nobody has to ask for this group: set joinApproval first");
  }
  askToJoin(world, group, person)();
}

function actorOf(world: World, group: Group, by: string | undefined): Person {
  const person = world.directory.person(by ?? defaultActor(group));
  requireMember(group, person);
  return person;
}

function requireMember(group: Group, { number }: Person): void {
  if (!group.members.has(number)) throw new SandboxError("refused", `${number} is not in ${group.jid}`);
}

function onWhatsApp(world: World, number: string): Person {
  const person = world.directory.person(number);
  if (!person.onWhatsApp) throw new SandboxError("not_found", `${number} is not on WhatsApp`);
  return person;
}
