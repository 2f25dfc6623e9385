import { z } from "zod";

import type { Outgoing, OutgoingContent, SendOptions } from "#domain/content.ts";
import { WazapiError } from "#domain/errors.ts";
import { statusJid } from "#domain/jid.ts";

import { readIdempotency } from "../idempotency.ts";
import { operation } from "../operation.ts";
import type { InstanceContext, Operation } from "../operation.ts";
import { chat, digits, instancePath, messageId, moment, queued, seconds } from "../schemas.ts";
import { warningOf } from "./send/warning.ts";

/** Fields every send takes beside where it goes. */
const paceFields = z.object({
  delayMessage: seconds(3600)
    .optional()
    .meta({ description: "Seconds to wait before this message leaves; unset takes the random pace" }),
  delayTyping: seconds(60).optional().meta({ description: "Seconds of typing (or recording) shown before it" }),
  scheduledFor: moment.optional().meta({ description: "Not before this moment, which lies in the future" }),
});

/** Fields every send to a chat takes. */
const sendFields = paceFields.extend({ phone: chat });

/** Fields of sends that can quote and mention. */
export const contextFields = z.object({
  messageId: messageId.optional().meta({ description: "Message to reply to" }),
  privateAnswer: z
    .boolean()
    .optional()
    .meta({ description: "With `messageId` in a group: answer its author in private" }),
  mentioned: z.array(digits).max(2048).optional().meta({ description: "Numbers mentioned" }),
  mentionedAll: z.boolean().optional().meta({ description: "Mention everybody in the group" }),
  groupMentioned: z
    .array(z.object({ phone: z.string(), subject: z.string() }))
    .max(256)
    .optional()
    .meta({ description: "Groups mentioned in a community" }),
  duration: z
    .literal([0, 86_400, 604_800, 7_776_000])
    .optional()
    .meta({ description: "Seconds after which the message disappears, as the chat is set; 0: it stays" }),
});

/** One send route as it is written. Its body is what the route takes beyond the fields of every send. */
export interface SendRouteSpec<B extends z.ZodObject, P extends z.ZodObject> {
  readonly id: string;
  /** Below the instance prefix, e.g. `/send-text`. */
  readonly path: `/${string}`;
  readonly summary: string;
  readonly body: B;
  /** Parameters in the path, e.g. a file extension. */
  readonly params?: P;
  readonly aliases?: Readonly<Record<string, string>>;
  /** `messageId` in its body is the message it is about, not one to reply to. */
  readonly about?: "message";
  /** A post for everybody who may see it: there is no `phone`. */
  readonly to?: "status";
  /** What it says of itself beyond the fields of every send. */
  readonly options?: (body: z.output<B>) => SendOptions;
  readonly experimental?: boolean;
  /** May fetch and store files, but sends nothing. */
  readonly content: (
    input: { readonly body: z.output<B>; readonly params: z.output<P> },
    context: InstanceContext,
  ) => OutgoingContent | Promise<OutgoingContent>;
}

/** One way of asking for a kind of content. */
export type SendRoute = Operation;

/** Declares a send route: everything but its own fields and its content is the same for all. */
export function sendRoute<B extends z.ZodObject, P extends z.ZodObject = z.ZodObject<Record<string, never>>>(
  spec: SendRouteSpec<B, P>,
): SendRoute {
  const { id, path, summary, aliases, experimental, content } = spec;
  const body = (spec.to === "status" ? paceFields : sendFields).extend(spec.body.shape);
  return operation({
    id,
    method: "POST",
    path: `${instancePath}${path}`,
    summary,
    tag: "message",
    scope: "instance",
    sends: true,
    ...(aliases !== undefined && { aliases }),
    ...(experimental !== undefined && { experimental }),
    ...(spec.params !== undefined && { params: spec.params }),
    body,
    response: queued,
    run: async (context, { body: parsed, params }) => {
      // `extend` keeps both halves; the compiler cannot follow it through the generic shape.
      const common = parsed as Partial<z.output<typeof sendFields>> & z.output<typeof contextFields>;
      const own = parsed as z.output<B>;
      const now = context.deps.clock.now();
      const idempotency = readIdempotency(context.header("idempotency-key"), {
        operationId: id,
        params,
        body: parsed,
      });
      const instanceId = context.instance.id;
      const before = idempotency && (await context.deps.sendQueue.accepted({ instanceId, ...idempotency }));
      if (before !== undefined) {
        context.setHeader("idempotency-replayed", "true");
        return answerOf(before, before.outgoing);
      }
      const outgoing = {
        // Without `phone` in its body a route is one of the status.
        to: common.phone ?? statusJid,
        content: await content({ body: own, params }, context),
        options: { ...(spec.about === undefined && sendOptions(common)), ...spec.options?.(own) },
      };
      const answer = await context.deps.sendQueue.enqueue({
        instanceId,
        outgoing,
        ...(common.delayMessage !== undefined && { delayMs: common.delayMessage * 1000 }),
        ...(common.delayTyping !== undefined && { typingMs: common.delayTyping * 1000 }),
        ...(common.scheduledFor !== undefined && {
          scheduledAt: scheduled(common.scheduledFor, idempotency === undefined ? now : 0),
        }),
        ...idempotency,
      });
      if (!answer.created) context.setHeader("idempotency-replayed", "true");
      return answerOf(answer, outgoing);
    },
  });
}

function answerOf(
  { zaapId, messageId }: { readonly zaapId: string; readonly messageId: string },
  { content }: Outgoing,
): z.input<typeof queued> {
  const warning = warningOf(content);
  return { zaapId, messageId, id: messageId, ...(warning !== undefined && { warning }) };
}

function sendOptions(fields: z.output<typeof contextFields>): SendOptions {
  return {
    ...(fields.messageId !== undefined && { replyTo: fields.messageId }),
    ...(fields.mentioned !== undefined && { mentioned: fields.mentioned }),
    ...(fields.mentionedAll !== undefined && { mentionAll: fields.mentionedAll }),
    ...(fields.groupMentioned !== undefined && { groupMentioned: fields.groupMentioned }),
    ...(fields.privateAnswer !== undefined && { privateAnswer: fields.privateAnswer }),
    ...(fields.duration !== undefined && fields.duration > 0 && { disappearsAfterSeconds: fields.duration }),
  };
}

/** Throws for a moment before `earliest`. A repeated request may name one that has passed meanwhile, so it has none. */
function scheduled(at: number, earliest: number): number {
  if (at > earliest) return at;
  throw new WazapiError("invalid_request", {
    message: "scheduledFor: lies in the past",
    details: { field: "scheduledFor" },
  });
}
