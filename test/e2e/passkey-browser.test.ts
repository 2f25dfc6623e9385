import { generateKeyPairSync, randomBytes } from "node:crypto";
import { writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, expect, it } from "vitest";
import type { Sandbox } from "#sandbox/sandbox.ts";
import { temporaryDirectory } from "../cli/support.ts";
import { findChromium, openPage, type Page } from "../support/chromium.ts";
import { freePort, startNode, until } from "../support/processes.ts";
import { openTestSandbox } from "../support/sandbox.ts";

const chromium = findChromium();
if (chromium === undefined) process.stdout.write("passkey page: not tried, chromium is not installed\n");
const headers = { "client-token": "browser-client-token", authorization: "Bearer browser-partner-token" };
const env = {
  CLIENT_AUTH_TOKEN: "browser-client-token",
  PARTNER_AUTH_TOKEN: "browser-partner-token",
  LOG_LEVEL: "error",
};

/** Stands in for WhatsApp's page: a site of the relying party with its strict policy. */
async function openSite(): Promise<{ readonly origin: string } & AsyncDisposable> {
  const server = createServer((_request, response) => {
    response.writeHead(200, {
      "content-type": "text/html",
      "content-security-policy": "default-src 'self'; connect-src 'self'",
    });
    response.end("<!doctype html><title>site</title><body></body>");
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  return {
    origin: `http://localhost:${port}`,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

let parts: AsyncDisposableStack;
let sandbox: Sandbox;
let site: Awaited<ReturnType<typeof openSite>>;
let page: Page;
let base: string;

beforeAll(async () => {
  if (chromium === undefined) return;
  parts = new AsyncDisposableStack();
  sandbox = parts.use(await openTestSandbox());
  site = parts.use(await openSite());
  const data = parts.use(await temporaryDirectory());
  const port = await freePort();
  base = `http://127.0.0.1:${port}`;
  const server = parts.use(
    startNode(["bin/wazapi.js", "serve", `--sandbox=${sandbox.url}`, "--data", data.path, "--port", String(port)], env),
  );
  const isUp = async () => {
    if (!server.isRunning()) throw new Error(`the server ended: ${server.output()}`);
    return await fetch(`${base}/health`).then(
      ({ ok }) => (ok ? true : undefined),
      () => undefined,
    );
  };
  await until(isUp, { what: "server up", withinMs: 150_000 });
  page = parts.use(await openPage(chromium));
}, 240_000);

afterAll(async () => {
  await parts?.disposeAsync();
});

const json = async <T>(path: string, body?: unknown): Promise<T> => {
  const init = body === undefined ? {} : { method: "POST", body: JSON.stringify(body) };
  const response = await fetch(`${base}${path}`, {
    ...init,
    headers: { ...headers, "content-type": "application/json" },
  });
  return (await response.json()) as T;
};

/** An instance whose number asks for the passkey that this browser has; answers its routes and the link of the page. */
async function scanned(number: string): Promise<{ readonly routes: string; readonly link: string }> {
  const { publicKey, privateKey } = generateKeyPairSync("ec", {
    namedCurve: "P-256",
    publicKeyEncoding: { type: "spki", format: "der" },
    privateKeyEncoding: { type: "pkcs8", format: "der" },
  });
  const id = randomBytes(16);
  // A browser has one authenticator of its own; this forgets that of the test before.
  await page.send("WebAuthn.disable");
  await page.send("WebAuthn.enable");
  const { authenticatorId } = await page.send("WebAuthn.addVirtualAuthenticator", {
    options: {
      protocol: "ctap2",
      transport: "internal",
      hasResidentKey: true,
      hasUserVerification: true,
      isUserVerified: true,
      automaticPresenceSimulation: true,
    },
  });
  await page.send("WebAuthn.addCredential", {
    authenticatorId,
    credential: {
      credentialId: id.toString("base64"),
      isResidentCredential: true,
      rpId: "localhost",
      privateKey: privateKey.toString("base64"),
      userHandle: randomBytes(8).toString("base64"),
      signCount: 0,
    },
  });
  await sandbox.control.passkey({
    number,
    required: true,
    rpId: "localhost",
    origins: [site.origin],
    credential: { id: id.toString("base64url"), publicKey: publicKey.toString("base64url") },
  });
  const created = await json<{ id: string; token: string }>("/instances/integrator/on-demand", { name: number });
  const routes = `/instances/${created.id}/token/${created.token}`;
  const { value: qr } = await json<{ value: string }>(`${routes}/qr-code`);
  sandbox.control.scan({ number, qr, name: "Own" }, AbortSignal.timeout(120_000)).catch(() => {});
  const link = await until(async () => (await json<{ link?: string }>(`${routes}/passkey`)).link, {
    what: "a link",
    withinMs: 30_000,
  });
  return { routes, link };
}

async function shows(text: string): Promise<void> {
  let last = "";
  const isShown = async (): Promise<boolean> => {
    last = await page.evaluate<string>("location.pathname + ': ' + document.body.innerText").catch(String);
    return last.includes(text);
  };
  await until(isShown, { what: `the page to show ${text}`, withinMs: 60_000 }).catch((error: unknown) => {
    throw new Error(`it shows ${last.slice(0, 2_000)}`, { cause: error });
  });
}

/** Saved only when somebody wants to look at it. */
async function picture(name: string, width: number, height: number): Promise<void> {
  const directory = process.env["TEST_PICTURES"];
  if (directory === undefined) return;
  await page.send("Emulation.setDeviceMetricsOverride", { width, height, deviceScaleFactor: 1, mobile: width < 600 });
  const { data } = await page.send("Page.captureScreenshot", { captureBeyondViewport: true });
  await writeFile(`${directory}/${name}.png`, Buffer.from(String(data), "base64"));
}

it.skipIf(chromium === undefined)(
  "the browser signs on the other site, comes back by itself, and the device is linked",
  async () => {
    const { routes, link } = await scanned("5511955550001");
    await page.open(link);
    await shows("Run the helper there");
    await picture("steps-en-desktop", 1100, 900);
    await picture("steps-en-phone", 390, 844);
    const snippet = await page.evaluate<string>('document.getElementById("helper").value');
    await page.open(`${link}?lang=pt`);
    await shows("Execute o assistente");
    await picture("steps-pt-desktop", 1100, 900);
    await picture("steps-pt-phone", 390, 844);
    await page.open(site.origin);
    await until(async () => ((await page.evaluate("document.title")) === "site" ? true : undefined), {
      what: "the site",
      withinMs: 30_000,
    });
    await page.evaluate(snippet);
    await page.evaluate('document.getElementById("wazapi-passkey").click()');
    await shows("Linked");
    await picture("linked-desktop", 1100, 700);
    // The credential has left the address, and with it the history.
    expect(await page.evaluate("location.hash")).toBe("");
    const status = await until(
      async () => {
        const answer = await json<{ connected: boolean }>(`${routes}/status`);
        return answer.connected ? answer : undefined;
      },
      { what: "connected", withinMs: 30_000 },
    );
    expect(status).toMatchObject({ connected: true });
    expect(sandbox.control.trace().refusals).toEqual([]);
    expect((await fetch(link, { headers: { accept: "application/json" } })).status).toBe(410);
  },
  180_000,
);

it.skipIf(chromium === undefined)(
  "the result may be pasted in place of coming back",
  async () => {
    const { link } = await scanned("5511955550002");
    await page.open(link);
    await shows("Run the helper there");
    const snippet = await page.evaluate<string>('document.getElementById("helper").value');
    await page.open(site.origin);
    await until(async () => ((await page.evaluate("document.title")) === "site" ? true : undefined), {
      what: "the site",
      withinMs: 30_000,
    });
    // The helper without a way back hands its result to a prompt, which is where a person copies it from.
    await page.evaluate("window.prompt=(_,text)=>{window.given=text};0");
    await page.evaluate(snippet.replace(/back="[^"]*"/, "back=null"));
    await page.evaluate('document.getElementById("wazapi-passkey").click()');
    const given = await until(async () => (await page.evaluate<string | null>("window.given||null")) ?? undefined, {
      what: "a result",
      withinMs: 30_000,
    });
    await page.open(link);
    await shows("Run the helper there");
    await page.evaluate('document.getElementById("paste").value="no JSON";document.getElementById("send").click()');
    await shows("not the result of the helper");
    await picture("broken-phone", 390, 844);
    await page.evaluate(
      `document.getElementById("paste").value=${JSON.stringify(given)};document.getElementById("send").click()`,
    );
    await shows("Linked");
  },
  180_000,
);

it.skipIf(chromium === undefined)("a link that is over says so", async () => {
  await page.open(`${base}/passkey/${"A".repeat(32)}`);
  await shows("This link was used already or has expired");
  await picture("dead-phone", 390, 844);
});
