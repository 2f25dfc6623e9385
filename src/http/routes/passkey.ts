import { z } from "zod";

import { WazapiError } from "#domain/errors.ts";
import { isPaired } from "#domain/instance.ts";
import type { Connection } from "#domain/instance.ts";
import { passkeyFailures, passkeyStages } from "#domain/passkey.ts";
import type { PasskeyView } from "#domain/passkey.ts";

import { operation, RawAnswer } from "../operation.ts";
import type { Operation, RequestContext } from "../operation.ts";
import type { PasskeyLink, PasskeyLinks } from "../passkey/links.ts";
import { createPasskeyLinks } from "../passkey/links.ts";
import { passkeyPage } from "../passkey/page.ts";
import { pageLanguageOf } from "../passkey/words.ts";
import { createRateLimit } from "../rate-limit.ts";
import type { RateLimit } from "../rate-limit.ts";
import { instancePath } from "../schemas.ts";

const tag = "passkey";
/** Largest body; a credential has about two kilobytes. */
const maxBodyBytes = 16_384;

const bytes = z.string().meta({ description: "base64url without padding" });

const credentialBody = z
  .looseObject({
    id: bytes,
    rawId: bytes,
    type: z.string(),
    response: z.looseObject({
      clientDataJSON: bytes,
      authenticatorData: bytes,
      signature: bytes,
      userHandle: bytes.nullish(),
    }),
  })
  .meta({ description: "What the browser's credential gives by `toJSON()`" });

const stage = z.enum(["none", ...passkeyStages]);
const end = z.enum(["linked", ...passkeyFailures]);
const options = z.looseObject({ challenge: z.string(), rpId: z.string().optional() });
const code = z.string().meta({ description: "The code on the phone must be the same" });
const expiresAt = z.number().meta({ description: "When this stage ends by itself, epoch milliseconds" });

/** How the ceremony stands, as its page sees it. */
const progress = z.strictObject({
  stage,
  code: code.optional(),
  expiresAt: expiresAt.optional(),
  end: end.optional(),
});

const token = z.string().max(64);
const accepted = z.strictObject({
  stage,
  next: z.string().optional().meta({ description: "Address of the progress" }),
});

/** Linking accounts that ask for a passkey: for programs, and the page for people. The links live in the closure. */
export function passkeyOperations(): readonly Operation[] {
  const links = createPasskeyLinks();
  const limit = limiter();
  return [
    operation({
      id: "getPasskey",
      method: "GET",
      path: `${instancePath}/passkey`,
      summary: "Whether WhatsApp asks for the passkey of this number, and how far that is",
      tag,
      scope: "instance",
      response: z.strictObject({
        stage,
        options: options.optional().meta({ description: "For `navigator.credentials.get`, as JSON" }),
        code: code.optional(),
        link: z.string().optional().meta({ description: "One-time page for the person who has the passkey" }),
        expiresAt: expiresAt.optional(),
      }),
      run: async ({ deps, instance }) => {
        const view = await deps.sessions.passkey(instance.id);
        const { ceremony } = view;
        const link = ceremony === undefined ? undefined : { instanceId: instance.id, ceremony, kind: "page" as const };
        return {
          stage: view.stage,
          ...(view.options !== undefined && { options: view.options }),
          ...(view.code !== undefined && { code: view.code }),
          ...(view.options !== undefined &&
            link !== undefined && { link: deps.publicUrl() + pathOf(links.tokenOf(link)) }),
          ...(view.expiresAt !== undefined && { expiresAt: view.expiresAt }),
        };
      },
    }),
    operation({
      id: "answerPasskey",
      method: "POST",
      path: `${instancePath}/passkey`,
      summary: "Give the browser's credential; it is checked before anything is sent to WhatsApp",
      tag,
      scope: "instance",
      status: 202,
      maxBodyBytes,
      body: credentialBody,
      response: z.strictObject({ stage }),
      run: async ({ deps, instance }, { body }) => {
        await deps.sessions.answerPasskey({ instanceId: instance.id, credential: body });
        return { stage: (await deps.sessions.passkey(instance.id)).stage };
      },
    }),
    operation({
      id: "comparePasskey",
      method: "POST",
      path: `${instancePath}/passkey/confirm`,
      summary: "The code on the phone is the same as ours, or with `match: false` it is not",
      tag,
      scope: "instance",
      status: 202,
      maxBodyBytes,
      body: z.object({ match: z.boolean().default(true) }),
      response: z.strictObject({ stage }),
      run: async ({ deps, instance }, { body: { match } }) => {
        await deps.sessions.comparePasskey({ instanceId: instance.id, match });
        return { stage: (await deps.sessions.passkey(instance.id)).stage };
      },
    }),
    operation({
      id: "passkeyPage",
      method: "GET",
      path: "/passkey/{token}",
      summary: "The page behind a passkey link; JSON for those who do not accept HTML",
      tag,
      scope: "public",
      params: z.object({ token }),
      query: z.object({ lang: z.string().max(20).optional() }),
      response: progress,
      answers: "text/html",
      run: async (context, { params, query }) => {
        const link = open(context, { links, limit, token: params.token });
        const view = link === undefined ? undefined : await viewOf(context, link);
        if (context.header("accept")?.includes("text/html") === true) {
          const language = pageLanguageOf(context.header("accept-language"), query.lang);
          const url = context.deps.publicUrl() + pathOf(params.token);
          return passkeyPage({ language, url, view: link?.kind === "page" ? view : undefined });
        }
        if (link === undefined || (link.kind === "page" && view?.stage !== "required"))
          throw new WazapiError("link_expired");
        return view === undefined ? await afterwards(context, link) : progressOf(view);
      },
    }),
    operation({
      id: "answerPasskeyPage",
      method: "POST",
      path: "/passkey/{token}",
      summary: "What the page sends: the credential, later whether the codes are the same",
      tag,
      scope: "public",
      status: 202,
      maxBodyBytes,
      params: z.object({ token }),
      body: z.union([z.strictObject({ match: z.boolean() }), credentialBody]),
      response: accepted,
      run: async (context, { params, body }) => {
        const link = open(context, { links, limit, token: params.token });
        const view = link === undefined ? undefined : await viewOf(context, link);
        if (link === undefined || view === undefined) throw new WazapiError("link_expired");
        const { instanceId } = link;
        const { sessions } = context.deps;
        if (link.kind === "progress") {
          if (!("match" in body) || typeof body.match !== "boolean") throw new WazapiError("invalid_request");
          await sessions.comparePasskey({ instanceId, match: body.match });
          return { stage: (await sessions.passkey(instanceId)).stage };
        }
        await sessions.answerPasskey({ instanceId, credential: body });
        links.spend(params.token);
        const next = pathOf(links.tokenOf({ ...link, kind: "progress" }));
        return { stage: (await sessions.passkey(instanceId)).stage, next };
      },
    }),
  ];
}

const pathOf = (one: string): string => `/passkey/${one}`;

/** What the token opens. Guesses are slow: all unknown tokens share one limit. Throws `rate_limited`. */
function open(
  { deps }: RequestContext,
  { links, limit, token: given }: { readonly links: PasskeyLinks; readonly limit: Limiter; readonly token: string },
): PasskeyLink | undefined {
  const link = links.find(given);
  const waitSeconds = limit(deps.clock).take(link === undefined ? "unknown" : `${link.kind} ${link.ceremony}`);
  if (waitSeconds > 0) throw new WazapiError("rate_limited", { details: { retryAfterSeconds: waitSeconds } });
  return link;
}

type Limiter = (clock: RequestContext["deps"]["clock"]) => RateLimit;

/** The limit is made with the clock of the first request. */
function limiter(): Limiter {
  let made: RateLimit | undefined;
  return (clock) => (made ??= createRateLimit(clock, { perSecond: 3, burst: 30, maxTokens: 1_000 }));
}

/** The ceremony of the link; undefined when it is over or another one has begun. */
async function viewOf(
  { deps }: RequestContext,
  { instanceId, ceremony }: PasskeyLink,
): Promise<PasskeyView | undefined> {
  const view = await deps.sessions.passkey(instanceId);
  return view.ceremony === ceremony ? view : undefined;
}

/**
 * What a link shows whose ceremony is over. The session hears of the end a moment later: until then the stage that it
 * still tells is shown, for an end that is told is final.
 */
async function afterwards(
  { deps }: RequestContext,
  { instanceId }: PasskeyLink,
): Promise<z.input<typeof progress> | RawAnswer> {
  const isAnother = (await deps.sessions.passkey(instanceId)).stage !== "none";
  const { connection } = await deps.sessions.view(instanceId);
  if (isPaired(connection) || connection.state === "connected") return { stage: "none", end: "linked" };
  const told = passkeyStages.find((one) => connection.reason === `passkey_${one}`);
  return told === undefined || isAnother ? { stage: "none", end: failureOf(connection) } : { stage: told };
}

function failureOf({ reason }: Connection): z.output<typeof end> {
  return passkeyFailures.find((failure) => reason === `passkey_${failure}`) ?? "expired";
}

function progressOf({ stage: at, code: shown, expiresAt: until }: PasskeyView): z.input<typeof progress> | RawAnswer {
  return {
    stage: at,
    ...(shown !== undefined && { code: shown }),
    ...(until !== undefined && { expiresAt: until }),
  };
}
