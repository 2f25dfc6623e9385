import { z } from "zod";
import { lockKinds } from "../reach/reach-control.ts";
import { numberOf, recipient } from "./fields.ts";
import { bodyRoute, type Route } from "./route.ts";

const yearSeconds = 366 * 24 * 60 * 60;

/** Restrictions of accounts, and the tokens that get around them. */
export const reachRoutes: readonly Route[] = [
  bodyRoute({
    method: "POST",
    path: "/phones/:number/restrict",
    summary: "New chats of this account are locked until a time (epoch milliseconds), for seconds, or until released",
    body: z.strictObject({
      until: z.int().positive().exactOptional(),
      seconds: z.int().min(1).max(yearSeconds).exactOptional(),
      kind: z.enum(lockKinds).exactOptional(),
    }),
    run: async ({ control }, { params, body }) => control.restrict({ number: numberOf(params), ...body }),
  }),
  bodyRoute({
    method: "POST",
    path: "/phones/:number/release",
    summary: "The lock on new chats is lifted",
    body: z.strictObject({}),
    run: async ({ control }, { params }) => control.release({ number: numberOf(params) }),
  }),
  bodyRoute({
    method: "POST",
    path: "/phones/:number/new-chats",
    summary: "The account may begin so many chats in a cycle",
    body: z.strictObject({
      total: z.int().min(0).max(100_000),
      used: z.int().min(0).max(100_000).exactOptional(),
      cycleSeconds: z.int().min(1).max(yearSeconds).exactOptional(),
    }),
    run: async ({ control }, { params, body }) => control.newChats({ number: numberOf(params), ...body }),
  }),
  bodyRoute({
    method: "POST",
    path: "/contacts/:number/token",
    summary: "A contact gives an account a new privacy token",
    body: z.strictObject({ to: recipient }),
    run: async ({ control }, { params, body }) => control.giveToken({ number: numberOf(params), ...body }),
  }),
];
