/** What can go wrong in a control call, with the HTTP status it answers. */
export const sandboxErrors = {
  invalid: 400,
  /** The sandbox's routes want a token, or another one. */
  unauthorized: 401,
  not_found: 404,
  conflict: 409,
  refused: 422,
  not_supported: 400,
  unavailable: 503,
} as const satisfies Record<string, number>;

/** The stable code of a {@link SandboxError}. */
export type SandboxErrorCode = keyof typeof sandboxErrors;

/** The only error the sandbox throws on purpose; anything else that leaves it is a bug. */
export class SandboxError extends Error {
  readonly code: SandboxErrorCode;
  readonly status: number;

  constructor(code: SandboxErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "SandboxError";
    this.code = code;
    this.status = sandboxErrors[code];
  }
}
