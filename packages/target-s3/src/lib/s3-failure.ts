/**
 * What is kept of an error of the SDK: the cause of a `TargetError`. The SDK's own object is not kept, for it holds what
 * S3 sends back when a signature is wrong or a token has expired: the token itself, the signature, the request.
 */
export class S3Failure extends Error {
  override readonly name = 'S3Failure';
  /** S3's code (`SlowDown`), the system's (`ECONNRESET`) or the name of the SDK's error. */
  readonly code: string;
  /** HTTP status, if there was an answer. */
  readonly status: number | undefined;
  /** What the service's support asks for. */
  readonly requestId: string | undefined;

  /** @param secrets Texts that must not be in the message. */
  constructor(error: unknown, secrets: readonly string[]) {
    const fields = fieldsOf(error);
    super(secrets.reduce((text, secret) => text.replaceAll(secret, '***'), fields.message));
    this.code = fields.code;
    this.status = fields.status;
    this.requestId = fields.requestId;
  }
}

/** S3's code of the error behind a `TargetError`, if it is one of ours. */
export function s3CodeOf(error: unknown): string | undefined {
  const { cause }: { cause?: unknown } = error instanceof Error ? error : {};
  return cause instanceof S3Failure ? cause.code : undefined;
}

interface SdkError {
  readonly name?: unknown;
  readonly message?: unknown;
  readonly code?: unknown;
  readonly Code?: unknown;
  readonly errors?: unknown;
  readonly $metadata?: { readonly httpStatusCode?: unknown; readonly requestId?: unknown };
}

function fieldsOf(error: unknown): Pick<S3Failure, 'code' | 'status' | 'requestId' | 'message'> {
  if (typeof error !== 'object' || error === null)
    return { code: 'Unknown', status: undefined, requestId: undefined, message: String(error) };
  const { name, message, code, Code, errors, $metadata } = error as SdkError;
  // Node tries all addresses of a host and gathers what went wrong with each.
  if (Array.isArray(errors) && errors.length > 0 && typeof code === 'string') {
    const [first] = errors as readonly unknown[];
    return { ...fieldsOf(first), code };
  }
  const known = [Code, code, name].find((text) => typeof text === 'string' && text !== '');
  return {
    code: typeof known === 'string' ? known : 'Unknown',
    status: typeof $metadata?.httpStatusCode === 'number' ? $metadata.httpStatusCode : undefined,
    requestId: typeof $metadata?.requestId === 'string' ? $metadata.requestId : undefined,
    message: typeof message === 'string' && message !== '' ? message : String(known),
  };
}
