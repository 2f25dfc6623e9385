import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

/** The licences of every package that went into the bundle and of those named in `more`: each text once, below its packages. */
export function licenceNotices(
  root: string,
  input: { readonly bundled: readonly string[]; readonly more: readonly string[] },
): string {
  const bundled = input.bundled.map((file) => /^(.*node_modules\/(?:@[^/]+\/)?[^/]+)\//.exec(file)?.[1]);
  const directories = new Set([...bundled, ...input.more.map((name) => `node_modules/${name}`)]);
  const packagesByText = new Map<string, string[]>();
  for (const directory of [...directories].filter((it) => it !== undefined).toSorted()) {
    const { title, text } = noticeOf(join(root, directory));
    const titles = packagesByText.get(text) ?? [];
    if (!titles.includes(title)) packagesByText.set(text, [...titles, title]);
  }
  return [...packagesByText]
    .map(([text, titles]) => `${titles.join("\n")}\n\n${text}\n`)
    .join(`\n${"-".repeat(80)}\n\n`);
}

function noticeOf(directory: string): { readonly title: string; readonly text: string } {
  // npm has checked the manifest at installation.
  const { name, version, license } = JSON.parse(readFileSync(join(directory, "package.json"), "utf8")) as {
    readonly name: string;
    readonly version: string;
    readonly license?: string;
  };
  const files = readdirSync(directory).filter((file) => /^(licen[cs]e|notice|copying|third-party)/i.test(file));
  const texts = files.map((file) => readFileSync(join(directory, file), "utf8").trim());
  return { title: `${name} ${version}, ${license ?? "licence below"}`, text: texts.join("\n\n") };
}
