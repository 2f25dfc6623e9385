/** What a message is without, if anything: its own word, or that of one of its files, at whatever depth they lie. */
export function warningOf(content: unknown): string | undefined {
  if (typeof content !== "object" || content === null) return undefined;
  if ("degraded" in content && typeof content.degraded === "string") return content.degraded;
  return Object.values(content)
    .map(warningOf)
    .find((found) => found !== undefined);
}
