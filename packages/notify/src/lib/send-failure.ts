/** A message that was not taken. */
export class SendFailure extends Error {
  override readonly name = 'SendFailure';
  /** Whether the same may work a moment later. */
  readonly retryable: boolean;
  /** How long the other side asks to wait, milliseconds. */
  readonly retryAfterMs: number | undefined;

  constructor(
    message: string,
    options: { retryable: boolean; retryAfterMs?: number | undefined; cause?: unknown },
  ) {
    super(message, { cause: options.cause });
    this.retryable = options.retryable;
    this.retryAfterMs = options.retryAfterMs;
  }
}

/** What a caught value says: its message, or, where that is empty (`AggregateError`), its code. */
export function messageOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.message === '' ? (codeOf(error) ?? error.name) : error.message;
}

/** The code of an error of Node or nodemailer. */
export function codeOf(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined;
}
