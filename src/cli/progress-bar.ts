import type { Cli } from "./cli.ts";

/** Shows how far a file is, on a terminal and for files that take a while; disposing takes the bar away. */
export function progressBar({ io }: Cli, total: number): Disposable & { readonly at: (bytes: number) => void } {
  if (!io.stderr.isTTY || total < slowBytes) return { at: () => {}, [Symbol.dispose]: () => {} };
  let shown = "";
  return {
    at: (bytes) => {
      const share = Math.min(1, bytes / total);
      const filled = Math.round(share * barWidth);
      const bar = `${"█".repeat(filled)}${"░".repeat(barWidth - filled)}`;
      const line = `${bar} ${String(Math.floor(share * 100)).padStart(3)} % of ${mebibytes(total)}`;
      if (line !== shown) io.stderr.write(`\r${line}`);
      shown = line;
    },
    [Symbol.dispose]: () => {
      if (shown !== "") io.stderr.write("\r\u001B[K");
    },
  };
}

const slowBytes = 1_048_576;
const barWidth = 30;

function mebibytes(bytes: number): string {
  return `${(bytes / 1_048_576).toFixed(1)} MiB`;
}
