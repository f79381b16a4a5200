import type { Secrets } from './secrets.ts';

/**
 * What is kept of an error of the SDK: the cause of a `TargetError`. The SDK's own object is not kept, for it holds the
 * request: its URL with the SAS, its headers with the signature or the token.
 */
export class AzureFailure extends Error {
  override readonly name = 'AzureFailure';
  /** Azure's code (`ServerBusy`), the system's (`ECONNRESET`) or the name of the SDK's error. */
  readonly code: string;
  /** HTTP status, if there was an answer. */
  readonly status: number | undefined;
  /** What Azure's support asks for. */
  readonly requestId: string | undefined;
  /** When the service says that it answered. */
  readonly answeredAt: Date | undefined;

  constructor(error: unknown, secrets: Secrets) {
    const fields = fieldsOf(error);
    super(secrets.hide(fields.message));
    this.code = secrets.hide(fields.code);
    this.status = fields.status;
    this.requestId = fields.requestId;
    this.answeredAt = fields.answeredAt;
  }
}

/** Azure's code of the error behind a `TargetError`, if it is one of ours. */
export function azureCodeOf(error: unknown): string | undefined {
  const { cause }: { cause?: unknown } = error instanceof Error ? error : {};
  return cause instanceof AzureFailure ? cause.code : undefined;
}

interface SdkError {
  readonly name?: unknown;
  readonly message?: unknown;
  readonly code?: unknown;
  readonly statusCode?: unknown;
  readonly errors?: unknown;
  readonly cause?: unknown;
  readonly response?: { readonly headers?: { get?: (name: string) => string | undefined } };
}

type Fields = Pick<AzureFailure, 'code' | 'status' | 'requestId' | 'answeredAt' | 'message'>;

function fieldsOf(error: unknown): Fields {
  const nothing = { status: undefined, requestId: undefined, answeredAt: undefined };
  if (typeof error !== 'object' || error === null)
    return { ...nothing, code: 'Unknown', message: String(error) };
  const { name, message, code, statusCode, errors, response } = error as SdkError;
  // Node tries all addresses of a host and gathers what went wrong with each.
  if (Array.isArray(errors) && errors.length > 0 && typeof code === 'string') {
    const [first] = errors as readonly unknown[];
    return { ...fieldsOf(first), code };
  }
  const header = (key: string): string | undefined => response?.headers?.get?.(key);
  // The header is there also where the answer has no body: HEAD.
  const known = [header('x-ms-error-code'), code, name].find(
    (text) => typeof text === 'string' && text !== '',
  );
  const date = Date.parse(header('date') ?? '');
  return {
    code: typeof known === 'string' ? known : 'Unknown',
    status: typeof statusCode === 'number' ? statusCode : undefined,
    requestId: header('x-ms-request-id'),
    answeredAt: Number.isNaN(date) ? undefined : new Date(date),
    message: sentenceOf(message) ?? String(known),
  };
}

/** Azure's own sentence: request id and time follow on lines of their own, and the SDK may add the whole answer. */
function sentenceOf(message: unknown): string | undefined {
  const [line] = typeof message === 'string' ? message.split('\n') : [];
  return line === undefined || line.trim() === '' || line.startsWith('{') ? undefined : line.trim();
}
