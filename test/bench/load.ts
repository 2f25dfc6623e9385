import { Pool } from "undici";

/** An endpoint that is posted to over connections that stay open. Disposing closes them. */
export interface Poster extends AsyncDisposable {
  /** Throws when it is answered with anything but 200. */
  readonly post: (body: object) => Promise<void>;
}

/** A client with so many connections, the same for both sides of a row. */
export function openPoster(
  url: string,
  input: { readonly headers?: Readonly<Record<string, string>>; readonly connections: number },
): Poster {
  const { origin, pathname } = new URL(url);
  const pool = new Pool(origin, { connections: input.connections });
  const headers = { "content-type": "application/json", ...input.headers };
  return {
    post: async (body) => {
      const answer = await pool.request({ method: "POST", path: pathname, headers, body: JSON.stringify(body) });
      const text = await answer.body.text();
      if (answer.statusCode !== 200) throw new Error(`${pathname}: ${answer.statusCode} ${text}`);
    },
    [Symbol.asyncDispose]: () => pool.close(),
  };
}
