/**
 * What is kept of an error: the cause of a `TargetError`. The library's own object is not kept, for it holds the request:
 * its headers with the token, and the address of an upload, which is as good as a key to it.
 */
export class GcsFailure extends Error {
  override readonly name = 'GcsFailure';
  /** The JSON API's reason (`backendError`), OAuth's (`invalid_grant`), the system's (`ECONNRESET`), or `HTTP 502`. */
  readonly code: string;
  /** HTTP status, if there was an answer. */
  readonly status: number | undefined;
  /** When the service says that it answered. */
  readonly answeredAt: Date | undefined;

  constructor({ code, status, answeredAt, message }: FailureFields) {
    super(hideSecrets(message));
    this.code = code;
    this.status = status;
    this.answeredAt = answeredAt;
  }
}

interface FailureFields {
  readonly code: string;
  readonly status?: number | undefined;
  readonly answeredAt?: Date | undefined;
  readonly message: string;
}

/** The status of the answer behind a `TargetError`, if it is one of ours. */
export function statusOf(error: unknown): number | undefined {
  const { cause }: { cause?: unknown } = error instanceof Error ? error : {};
  return cause instanceof GcsFailure ? cause.status : undefined;
}

/** An answer that is no success. @param text Its body. */
export function failureOfAnswer(status: number, headers: Headers, text: string): GcsFailure {
  const date = Date.parse(headers.get('date') ?? '');
  const said = wordsOf(text);
  return new GcsFailure({
    code: said.code ?? `HTTP ${status}`,
    status,
    answeredAt: Number.isNaN(date) ? undefined : new Date(date),
    message: said.message ?? `HTTP ${status}`,
  });
}

/** An error that was thrown: no connection, no credentials, no token. */
export function failureOfError(error: unknown): GcsFailure {
  if (!(error instanceof Error)) return new GcsFailure({ code: 'Unknown', message: String(error) });
  const { code, cause, errors, response } = error as Error & {
    readonly code?: unknown;
    readonly errors?: unknown;
    readonly response?: { readonly status?: unknown; readonly data?: unknown };
  };
  // The token endpoint answered, not the bucket.
  if (typeof response?.status === 'number') {
    const data = typeof response.data === 'string' ? response.data : JSON.stringify(response.data ?? '');
    const said = wordsOf(data);
    return new GcsFailure({
      code: said.code ?? `HTTP ${response.status}`,
      status: response.status,
      message: said.message ?? error.message,
    });
  }
  if (isSystemCode(code)) return new GcsFailure({ code, message: error.message });
  // Node tries all addresses of a host and gathers what went wrong with each.
  const inner: unknown = Array.isArray(errors) ? errors[0] : cause;
  if (inner instanceof Error && inner !== error) return failureOfError(inner);
  return new GcsFailure({ code: error.name, message: error.message });
}

function isSystemCode(code: unknown): code is string {
  return typeof code === 'string' && /^[A-Z][A-Z0-9_]+$/.test(code);
}

/** Reason and sentence in an answer of the JSON API, or of a token endpoint. */
function wordsOf(text: string): { readonly code?: string; readonly message?: string } {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch {
    // Answers about content come as plain text, those of proxies as pages.
    const line = text.trim().split('\n')[0] ?? '';
    return line === '' || line.startsWith('<') ? {} : { message: line.slice(0, 300) };
  }
  const { error, error_description: description } = (parsed ?? {}) as {
    readonly error?: unknown;
    readonly error_description?: unknown;
  };
  if (typeof error === 'string') return { code: error, message: textOf(description) ?? error };
  if (typeof error !== 'object' || error === null) return {};
  const { message, errors, status } = error as Readonly<Record<string, unknown>>;
  const [first] = Array.isArray(errors) ? (errors as readonly unknown[]) : [];
  const reason = textOf((first as { readonly reason?: unknown } | undefined)?.reason) ?? textOf(status);
  return {
    ...(reason === undefined ? {} : { code: reason }),
    ...(textOf(message) === undefined ? {} : { message: String(message) }),
  };
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}

/** Tokens, addresses of uploads and keys, wherever they may come from. */
function hideSecrets(text: string): string {
  return text
    .replaceAll(/\bBearer [\w.~+/=-]+/gi, 'Bearer ***')
    .replaceAll(/\bya29\.[\w-]+/g, '***')
    .replaceAll(/\b(upload_id|access_token|refresh_token|assertion|client_secret)=[^&\s"']+/gi, '$1=***')
    .replaceAll(/-----BEGIN [^-]*PRIVATE KEY-----[\s\S]*?(-----END [^-]*PRIVATE KEY-----|$)/g, '***');
}
