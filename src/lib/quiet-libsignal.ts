/** How libsignal's own console lines begin; some of them print whole session records, private keys included. */
const libsignalLines = [
  "Closing session",
  "Opening session",
  "Removing old closed session",
  "Session already closed",
  "Session already open",
  "Closing open session in favor of incoming prekey bundle",
  "Closing stale open session",
  "Migrating session to",
  "V1 session storage migration error",
  "Failed to decrypt message with any known session",
  "Session error:",
  "Decrypted message with closed session",
  "Unhandled bucket type",
  "WARNING: Expected pubkey of length 33",
];

const quieted = Symbol.for("wazapi.quietLibsignal");

/**
 * Drops what libsignal writes to the console of this process: it prints private keys. Everything else passes. Calling
 * it again changes nothing.
 */
export function quietLibsignal(): void {
  for (const level of ["log", "info", "warn", "error"] as const) {
    const write = console[level];
    if (quieted in write) continue;
    const filtered = (...args: unknown[]): void => {
      const [first] = args;
      if (typeof first === "string" && libsignalLines.some((line) => first.startsWith(line))) return;
      write.apply(console, args);
    };
    console[level] = Object.assign(filtered, { [quieted]: true });
  }
}
