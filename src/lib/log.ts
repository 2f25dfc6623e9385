/** Fields of one log event; ids and numbers, never message content or secrets. */
export type LogFields = Readonly<Record<string, unknown>>;

/** What every room logs through. The message is a constant sentence; what varies goes into fields. */
export interface Log {
  readonly debug: (fields: LogFields, message: string) => void;
  readonly info: (fields: LogFields, message: string) => void;
  readonly warn: (fields: LogFields, message: string) => void;
  readonly error: (fields: LogFields, message: string) => void;
  /** A log that adds these fields to every event. */
  readonly child: (fields: LogFields) => Log;
}

/** Drops everything. For tests and for callers that have nothing to say. */
export const silentLog: Log = {
  debug: () => {},
  info: () => {},
  warn: () => {},
  error: () => {},
  child: () => silentLog,
};
