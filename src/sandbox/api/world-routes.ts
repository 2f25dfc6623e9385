import { z } from "zod";
import { faultShapes } from "../faults.ts";
import type { Fault, FaultType } from "../fault.ts";
import { type StrictFact, strictFacts } from "../strictness.ts";
import { contentOf, contentShape } from "./content-schema.ts";
import { attributes, count, groupOf, phoneNumber } from "./fields.ts";
import { bodyRoute, type Route } from "./route.ts";

const members = z.array(phoneNumber).min(1).max(1024);

/** Groups. */
export const groupRoutes: readonly Route[] = [
  bodyRoute({
    method: "POST",
    path: "/groups",
    summary: "Creates a group; the owner is the first participant unless named",
    body: z.strictObject({
      subject: z.string().min(1).max(100),
      participants: members,
      owner: phoneNumber.exactOptional(),
      addressing: z.enum(["pn", "lid"]).exactOptional(),
    }),
    run: async ({ control }, { body }) => control.createGroup(body),
  }),
  bodyRoute({
    method: "POST",
    path: "/groups/:id/send",
    summary: "A member posts in the group",
    body: z.strictObject({ from: phoneNumber, count, ...contentShape }),
    run: async ({ control }, { params, body }, signal) => {
      const many = body.count === undefined ? {} : { count: body.count };
      return control.groupSend({ group: groupOf(params), from: body.from, ...many, content: contentOf(body) }, signal);
    },
  }),
  bodyRoute({
    method: "POST",
    path: "/groups/:id/participants",
    summary: "Members are added, removed, promoted or demoted, ask to join, or leave",
    body: z.strictObject({
      action: z.enum(["add", "remove", "promote", "demote", "request", "leave"]),
      participants: members,
      by: phoneNumber.exactOptional(),
    }),
    run: async ({ control }, { params, body }) => control.groupParticipants({ group: groupOf(params), ...body }),
  }),
  bodyRoute({
    method: "PATCH",
    path: "/groups/:id",
    summary: "Changes a group's settings",
    body: z.strictObject({
      subject: z.string().min(1).max(100).exactOptional(),
      description: z.string().max(2048).exactOptional(),
      announce: z.boolean().exactOptional(),
      locked: z.boolean().exactOptional(),
      ephemeralSeconds: z.int().nonnegative().exactOptional(),
      joinApproval: z.boolean().exactOptional(),
      membersAdd: z.boolean().exactOptional(),
      by: phoneNumber.exactOptional(),
    }),
    run: async ({ control }, { params, body }) => {
      const { by, ...patch } = body;
      return control.groupPatch({ group: groupOf(params), patch, ...(by !== undefined && { by }) });
    },
  }),
];

// The keys of the table are exactly the union's members, which `satisfies` proved where it is declared.
const faultTypes = Object.keys(faultShapes) as FaultType[];

const fault = z.strictObject({
  type: z.enum(faultTypes),
  match: z
    .strictObject({
      number: phoneNumber.exactOptional(),
      messageId: z.string().min(1).exactOptional(),
      xmlns: z.string().min(1).exactOptional(),
    })
    .exactOptional(),
  times: z.int().min(1).exactOptional(),
  code: z.int().min(100).max(999).exactOptional(),
  ms: z.int().min(0).max(600_000).exactOptional(),
  attrs: attributes.exactOptional(),
}) satisfies z.ZodType<Fault>;

const behaviour = z.strictObject({
  autoDeliver: z.boolean().exactOptional(),
  autoRead: z.boolean().exactOptional(),
  receiptDelayMs: z.int().min(0).max(600_000).exactOptional(),
  echoBot: z.boolean().exactOptional(),
  ...Object.fromEntries(
    Object.entries<StrictFact>(strictFacts).map(([name, { values }]) => [name, valueSchema(values).exactOptional()]),
  ),
});

function valueSchema(values: StrictFact["values"]): z.ZodType {
  return "default" in values ? z.int().min(0).max(values.max) : z.literal([...values]);
}

/** Behaviour, faults and what can be seen of it all. */
export const worldRoutes: readonly Route[] = [
  {
    method: "GET",
    path: "/config",
    summary: "All a client needs to connect",
    run: ({ control }) => control.config(),
  },
  ...(["POST", "PATCH"] as const).map((method) =>
    bodyRoute({
      method,
      path: "/behaviour",
      summary: "Changes how the simulated people behave by themselves, and how strict WhatsApp is",
      body: behaviour,
      run: async ({ control }, { body }) => control.behaviour(body),
    }),
  ),
  bodyRoute({
    method: "POST",
    path: "/faults",
    summary: "Breaks something a number of times",
    body: fault,
    run: async ({ control }, { body }) => {
      await control.addFault(body);
      return { faults: control.state().faults };
    },
  }),
  {
    method: "DELETE",
    path: "/faults",
    summary: "Repairs everything",
    run: async ({ control }) => {
      await control.clearFaults();
      return { faults: control.state().faults };
    },
  },
  {
    method: "GET",
    path: "/trace",
    summary: "The last stanzas, unhandled queries, decrypt errors and refusals",
    run: ({ control }) => control.trace(),
  },
  {
    method: "GET",
    path: "/state",
    summary: "Devices, waiting clients, contacts, groups, behaviour and faults",
    run: ({ control }) => control.state(),
  },
  {
    method: "POST",
    path: "/reset",
    summary: "Forgets everyone and everything",
    run: async ({ control }) => control.reset(),
  },
];
