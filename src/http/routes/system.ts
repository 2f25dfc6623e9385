import { z } from "zod";

import { operation, RawAnswer } from "../operation.ts";
import type { Operation } from "../operation.ts";
import { isoTime } from "../schemas.ts";

const tag = "system";
const readyWaitMs = 3000;

const check = z.strictObject({ status: z.enum(["healthy", "degraded", "unhealthy"]), error: z.string().optional() });

/** State of the process. */
export const systemOperations: readonly Operation[] = [
  operation({
    id: "health",
    method: "GET",
    path: "/health",
    summary: "Whether the process is up",
    tag,
    scope: "public",
    response: z.strictObject({
      status: z.literal("ok"),
      service: z.literal("wazapi"),
      version: z.string(),
      timestamp: z.string(),
    }),
    run: async ({ deps }) => ({
      status: "ok" as const,
      service: "wazapi" as const,
      version: deps.version,
      timestamp: isoTime(deps.clock.now()),
    }),
  }),
  operation({
    id: "ready",
    method: "GET",
    path: "/ready",
    summary: "Whether this node can do its job, and what is missing; 503 when it cannot",
    tag,
    scope: "public",
    response: z.strictObject({
      ready: z.boolean(),
      role: z.enum(["leader", "standby", "member"]),
      missing: z.array(z.string()),
      checks: z.record(z.string(), check),
      observed_at: z.string(),
    }),
    answers: "application/json",
    run: async ({ deps, signal }) => {
      const { role, checks } = await deps.readiness.check(AbortSignal.any([signal, AbortSignal.timeout(readyWaitMs)]));
      const missing = Object.keys(checks).filter((name) => checks[name]?.status === "unhealthy");
      const availability = deps.availability();
      if (availability === "draining") missing.push("draining");
      if (role === "standby") missing.push("leadership");
      const body = { ready: missing.length === 0, role, missing, checks, observed_at: isoTime(deps.clock.now()) };
      if (body.ready) return body;
      return new RawAnswer(JSON.stringify(body), { contentType: "application/json; charset=utf-8", status: 503 });
    },
  }),
  operation({
    id: "metrics",
    method: "GET",
    path: "/metrics",
    summary: "Metrics as Prometheus text",
    tag,
    scope: "operator",
    answers: "text/plain",
    run: async ({ deps }) => {
      const { contentType, text } = await deps.metrics.render();
      return new RawAnswer(text, { contentType });
    },
  }),
];
