/** The operator's mistakes: the entry file prints each once, with what to do about it. Bad traffic never throws. */
export class FloodgateError extends Error {
  readonly code: string;
  readonly exitCode: number;
  /** What the operator can do about it. */
  readonly hint: string;

  /** @param options.exitCode 2 (could not run) by default. */
  constructor(code: string, message: string, options: { hint: string; exitCode?: number; cause?: unknown }) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'FloodgateError';
    this.code = code;
    this.exitCode = options.exitCode ?? 2;
    this.hint = options.hint;
  }
}
