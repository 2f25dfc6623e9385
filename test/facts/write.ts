import { mkdir, writeFile } from "node:fs/promises";
import { factsDocument } from "./document.ts";

await mkdir(new URL("../../docs", import.meta.url), { recursive: true });
await writeFile(new URL("../../docs/whatsapp.md", import.meta.url), factsDocument());
