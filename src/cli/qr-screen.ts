import type { Cli } from "./cli.ts";

/** Where QR codes are shown: drawn on a terminal, as text elsewhere. */
export interface QrScreen {
  /** Replaces what was shown before; the same text again changes nothing. */
  readonly show: (qr: string) => void;
  /** Takes the drawing away, so that nobody scans what is over. */
  readonly clear: () => void;
}

const up = (lines: number): string => `\u001B[${lines}A\u001B[J`;

/** Prepares the place; the package that draws is loaded for terminals only. */
export async function createQrScreen({ out, io }: Cli): Promise<QrScreen> {
  let shown: string | undefined;
  if (!out.drawn) {
    return {
      show: (qr) => {
        if (qr !== shown) out.entry({ qr }, qr);
        shown = qr;
      },
      clear: () => {},
    };
  }
  const { default: qrcode } = await import("qrcode-terminal");
  const { rows, columns } = io.stdout;
  let drawnLines = 0;
  const clear = (): void => {
    // A drawing taller than the window has scrolled away and cannot be taken back.
    if (drawnLines > 0 && drawnLines < (rows ?? 0)) out.raw(up(drawnLines));
    drawnLines = 0;
    shown = undefined;
  };
  return {
    show: (qr) => {
      if (qr === shown) return;
      clear();
      qrcode.generate(qr, { small: true }, (drawing) => {
        const lines = drawing.trimEnd().split("\n");
        const width = Math.max(...lines.map((line) => line.length));
        const tooNarrow = columns !== undefined && columns < width;
        if (tooNarrow)
          out.say(`the QR needs ${width} columns and the window has ${columns}: make it wider, or use --code`);
        out.raw(`${lines.join("\n")}\n`);
        drawnLines = lines.length + (tooNarrow ? 1 : 0);
        shown = qr;
      });
    },
    clear,
  };
}
