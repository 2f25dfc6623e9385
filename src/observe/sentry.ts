import { codeOf } from "./error-fields.ts";
import type { Clock } from "#lib/clock.ts";
import type { Log, LogFields } from "#lib/log.ts";
import { allowedEvent } from "./sentry-event.ts";

/** Where reports go. */
export interface SentryOptions {
  /** Without it nothing is loaded and nothing leaves. */
  readonly dsn?: string;
  readonly environment: string;
  /** Version of the program. */
  readonly release: string;
  /** How long disposing may take, milliseconds; 2 s when left out. */
  readonly flushMs?: number;
}

/** Failures on their way to Sentry. Disposing sends what is left, within `flushMs`. */
export interface Reports extends AsyncDisposable {
  /** Reports a failure with the constant sentence of its log line. Never throws. */
  readonly report: (failure: { readonly sentence: string; readonly fields: LogFields }) => void;
}

const defaultFlushMs = 2_000;
/** Most reports in one window; a failure that repeats is known after the first few. */
const maxReports = 30;
const windowMs = 60_000;

/**
 * Opens the reports. The SDK is loaded only with a DSN, as a client of its own: no global handlers, no automatic
 * instrumentation, no breadcrumbs. What leaves is decided by `allowedEvent`.
 */
export async function startSentry(options: SentryOptions, clock: Clock): Promise<Reports> {
  const { dsn, environment, release } = options;
  if (dsn === undefined) return { report: () => {}, [Symbol.asyncDispose]: () => Promise.resolve() };
  const { NodeClient, Scope, defaultStackParser, linkedErrorsIntegration, makeNodeTransport } =
    await import("@sentry/node");
  const client = new NodeClient({
    dsn,
    environment,
    release,
    transport: makeNodeTransport,
    stackParser: defaultStackParser,
    // Only follows `cause`.
    integrations: [linkedErrorsIntegration({ limit: 3 })],
    beforeSend: allowedEvent,
    maxBreadcrumbs: 0,
    sendClientReports: false,
    includeServerName: false,
    enableRuntimeChannelInjection: false,
  });
  client.init();
  let windowStartMs = clock.monotonicMs();
  let inWindow = 0;
  const mayReport = (): boolean => {
    if (clock.monotonicMs() - windowStartMs >= windowMs) {
      windowStartMs = clock.monotonicMs();
      inWindow = 0;
    }
    inWindow += 1;
    return inWindow <= maxReports;
  };
  return {
    report: ({ sentence, fields }) => {
      if (!mayReport()) return;
      const { error } = fields;
      const scope = new Scope();
      scope.setTag("sentence", sentence);
      for (const [name, value] of Object.entries(fields)) if (typeof value === "string") scope.setTag(name, value);
      const code = error instanceof Error ? codeOf(error) : undefined;
      if (code !== undefined) scope.setTag("code", code);
      if (error instanceof Error) client.captureException(error, { originalException: error }, scope);
      else client.captureMessage(sentence, "error", {}, scope);
    },
    [Symbol.asyncDispose]: async () => void (await client.close(options.flushMs ?? defaultFlushMs)),
  };
}

/** A log whose error lines are reported as well. */
export function reportingLog(log: Log, reports: Pick<Reports, "report">, bound: LogFields = {}): Log {
  return {
    debug: log.debug,
    info: log.info,
    warn: log.warn,
    error: (fields, message) => {
      log.error(fields, message);
      reports.report({ sentence: message, fields: { ...bound, ...fields } });
    },
    child: (fields) => reportingLog(log.child(fields), reports, { ...bound, ...fields }),
  };
}
