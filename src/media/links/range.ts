import type { ByteRange } from "../storage/local-storage.ts";

/**
 * The one range a `Range` header asks for, cut to the size. Undefined when the whole is wanted: no header, several
 * ranges, or a form nobody needs to know (RFC 9110, 14.2).
 */
export function rangeOf(header: string | null, size: number): ByteRange | "unsatisfiable" | undefined {
  const found = /^bytes=(\d*)-(\d*)$/.exec(header?.trim() ?? "");
  const [, first = "", last = ""] = found ?? [];
  if (found === null || (first === "" && last === "")) return undefined;
  if (first !== "" && last !== "" && Number(last) < Number(first)) return undefined;
  const start = first === "" ? Math.max(0, size - Number(last)) : Number(first);
  const end = first === "" || last === "" ? size - 1 : Math.min(Number(last), size - 1);
  return start >= size || (first === "" && last === "0") ? "unsatisfiable" : { start, end };
}
