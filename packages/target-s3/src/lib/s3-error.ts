import { isTargetError, TargetError, type TargetErrorCode } from '@quackup/target-api';

import { S3Failure } from './s3-failure.ts';

interface Meaning {
  readonly code: TargetErrorCode;
  readonly hint?: string;
  readonly retryable?: boolean;
}

const KEYS: Meaning = {
  code: 'UNAUTHENTICATED',
  hint: 'check accessKeyId and secretAccessKey, and that they belong to this endpoint',
};
const TOKEN: Meaning = { code: 'UNAUTHENTICATED', hint: 'log in again, or renew the session token' };
const NO_KEYS: Meaning = {
  code: 'UNAUTHENTICATED',
  hint: 'set accessKeyId and secretAccessKey, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or a profile',
};
const REGION: Meaning = { code: 'INVALID_OPTIONS', hint: "set region to the bucket's own" };
const SLOW: Meaning = { code: 'THROTTLED', hint: 'try again later, or lower parallelParts' };
const DOWN: Meaning = { code: 'UNAVAILABLE', hint: 'try again later' };
const CONNECTION: Meaning = { code: 'UNAVAILABLE', hint: 'check the network and any proxy on the way' };
const NAME: Meaning = { code: 'UNAVAILABLE', hint: 'check endpoint, region and the name server' };
const TLS: Meaning = {
  code: 'UNAVAILABLE',
  hint: "check the endpoint's certificate; name a private authority in NODE_EXTRA_CA_CERTS",
  retryable: false,
};
const FULL: Meaning = { code: 'NO_SPACE', hint: 'free some space, or raise the quota' };
const DAMAGED: Meaning = {
  code: 'UNAVAILABLE',
  hint: 'check the network and any proxy: what came is not what was sent',
};
const KMS: Meaning = { code: 'ACCESS_DENIED', hint: 'check kmsKeyId and the policy of that key' };

/** What S3's codes, the system's and the SDK's mean here. */
const MEANINGS: Readonly<Record<string, Meaning>> = {
  NoSuchKey: { code: 'NOT_FOUND' },
  NotFound: { code: 'NOT_FOUND' },
  NoSuchBucket: {
    code: 'CONTAINER_NOT_FOUND',
    hint: 'create the bucket, or check its name, region and endpoint',
  },
  PreconditionFailed: { code: 'PRECONDITION_FAILED' },
  // Another write was going on at the same moment.
  ConditionalRequestConflict: { code: 'UNAVAILABLE', hint: 'try again' },
  OperationAborted: { code: 'UNAVAILABLE', hint: 'try again' },
  InvalidAccessKeyId: KEYS,
  SignatureDoesNotMatch: KEYS,
  InvalidToken: TOKEN,
  ExpiredToken: TOKEN,
  ExpiredTokenException: TOKEN,
  TokenRefreshRequired: TOKEN,
  TokenProviderError: TOKEN,
  CredentialsProviderError: NO_KEYS,
  RequestTimeTooSkewed: {
    code: 'UNAUTHENTICATED',
    hint: "set this machine's clock: it differs from the service's by more than 15 minutes",
  },
  RequestExpired: { code: 'UNAUTHENTICATED', hint: "set this machine's clock" },
  PermanentRedirect: REGION,
  TemporaryRedirect: REGION,
  AuthorizationHeaderMalformed: REGION,
  IllegalLocationConstraintException: REGION,
  InvalidBucketName: { code: 'INVALID_OPTIONS', hint: 'check the name of the bucket' },
  InvalidStorageClass: { code: 'INVALID_OPTIONS', hint: 'use a storage class that this service has' },
  ObjectLockConfigurationNotFoundError: {
    code: 'INVALID_OPTIONS',
    hint: 'switch object lock on for the bucket',
  },
  MethodNotAllowed: { code: 'READ_ONLY', hint: 'use a bucket that can be written' },
  ReadOnlyBucket: { code: 'READ_ONLY', hint: 'use a bucket that can be written' },
  InvalidObjectState: {
    code: 'UNSUPPORTED',
    hint: 'the object was moved to an archive class: restore it there first, and keep lifecycle rules off the prefix',
  },
  NotImplemented: {
    code: 'UNSUPPORTED',
    hint: 'this service does not do that: see the providers in the README',
  },
  MissingContentLength: { code: 'UNSUPPORTED', hint: 'set checksum: none' },
  EntityTooLarge: { code: 'TOO_LARGE' },
  QuotaExceeded: FULL,
  BucketQuotaExceeded: FULL,
  UserQuotaExceeded: FULL,
  InsufficientStorage: FULL,
  XMinioStorageFull: FULL,
  SlowDown: SLOW,
  SlowDownRead: SLOW,
  SlowDownWrite: SLOW,
  Throttling: SLOW,
  ThrottlingException: SLOW,
  TooManyRequests: SLOW,
  RequestLimitExceeded: SLOW,
  InternalError: DOWN,
  ServiceUnavailable: DOWN,
  RequestTimeout: CONNECTION,
  IncompleteBody: CONNECTION,
  BadDigest: DAMAGED,
  InvalidDigest: DAMAGED,
  XAmzContentSHA256Mismatch: DAMAGED,
  XAmzContentChecksumMismatch: DAMAGED,
  TimeoutError: CONNECTION,
  ECONNRESET: CONNECTION,
  ECONNREFUSED: { code: 'UNAVAILABLE', hint: 'check the endpoint: nothing answers there' },
  ECONNABORTED: CONNECTION,
  EPIPE: CONNECTION,
  ETIMEDOUT: CONNECTION,
  EHOSTUNREACH: CONNECTION,
  ENETUNREACH: CONNECTION,
  ENETDOWN: CONNECTION,
  ENOTFOUND: NAME,
  EAI_AGAIN: NAME,
  EPROTO: TLS,
  CERT_HAS_EXPIRED: TLS,
  DEPTH_ZERO_SELF_SIGNED_CERT: TLS,
  SELF_SIGNED_CERT_IN_CHAIN: TLS,
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: TLS,
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: TLS,
  ERR_TLS_CERT_ALTNAME_INVALID: TLS,
};

/** What an operation was, for the message and the hint. */
export interface Attempt {
  /** `put of "a/b"`. */
  readonly what: string;
  /** `s3://bucket/prefix`. */
  readonly place: string;
  /** The action of IAM that allows it: `s3:PutObject`. */
  readonly action: string;
  /** Texts that must not be in the message. */
  readonly secrets: readonly string[];
}

/** An error of the SDK as the contract names it; unknown ones are `UNKNOWN`. A `TargetError` is passed on. */
export function toTargetError(error: unknown, { what, place, action, secrets }: Attempt): TargetError {
  if (isTargetError(error)) return error;
  const cause = new S3Failure(error, secrets);
  const { code, hint, retryable } = meaningOf(cause, place, action);
  const reason = cause.message === cause.code ? cause.code : `${cause.code}: ${cause.message}`;
  return new TargetError(code, `${place}: ${what}: ${reason}`, {
    cause,
    ...(hint === undefined ? {} : { hint }),
    ...(retryable === undefined ? {} : { retryable }),
  });
}

function meaningOf({ code, status = 0, message }: S3Failure, place: string, action: string): Meaning {
  const known = Object.hasOwn(MEANINGS, code) ? MEANINGS[code] : undefined;
  if (known !== undefined) return known;
  if (code.startsWith('KMS.')) return KMS;
  if (/object lock/i.test(message) && status === 400)
    return { code: 'INVALID_OPTIONS', hint: 'switch object lock on for the bucket, or leave objectLock out' };
  if (/region is missing/i.test(message)) return REGION;
  if (status === 403)
    return { code: 'ACCESS_DENIED', hint: `allow ${action} on ${place}: see the policy in the README` };
  return meaningOfStatus(status);
}

// Where a proxy answers, or a service with codes of its own, the status is all there is.
function meaningOfStatus(status: number): Meaning {
  if (status === 301 || status === 307) return REGION;
  if (status === 401) return KEYS;
  if (status === 405) return MEANINGS.MethodNotAllowed ?? { code: 'READ_ONLY' };
  if (status === 408) return CONNECTION;
  // What MinIO said in 2023 to a put whose condition does not hold.
  if (status === 304 || status === 412) return { code: 'PRECONDITION_FAILED' };
  if (status === 413) return { code: 'TOO_LARGE' };
  if (status === 429) return SLOW;
  if (status === 501) return MEANINGS.NotImplemented ?? { code: 'UNSUPPORTED' };
  if (status === 507) return FULL;
  return status >= 500 ? DOWN : { code: 'UNKNOWN' };
}
