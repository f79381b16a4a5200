import { isTargetError, TargetError, type TargetErrorCode } from '@quackup/target-api';

import { failureOfError, GcsFailure } from './gcs-failure.ts';

interface Meaning {
  readonly code: TargetErrorCode;
  readonly hint?: string;
  readonly retryable?: boolean;
}

const LOGIN: Meaning = {
  code: 'UNAUTHENTICATED',
  hint: 'set keyFile or GOOGLE_APPLICATION_CREDENTIALS, or run: gcloud auth application-default login',
};
const KEY: Meaning = {
  code: 'UNAUTHENTICATED',
  hint: 'check the key file: its key may be deleted, disabled or of another project',
};
const RETAINED: Meaning = {
  code: 'ACCESS_DENIED',
  hint: 'a retention policy or a hold protects the object: wait until it ends, or keep backups longer than it',
};
const SLOW: Meaning = { code: 'THROTTLED', hint: 'try again later' };
const DOWN: Meaning = { code: 'UNAVAILABLE', hint: 'try again later' };
const CONNECTION: Meaning = { code: 'UNAVAILABLE', hint: 'check the network and any proxy on the way' };
const NAME: Meaning = { code: 'UNAVAILABLE', hint: 'check the endpoint and the name server' };
const TLS: Meaning = {
  code: 'UNAVAILABLE',
  hint: "check the endpoint's certificate; name a private authority in NODE_EXTRA_CA_CERTS",
  retryable: false,
};
const DAMAGED: Meaning = {
  code: 'UNAVAILABLE',
  hint: 'check the network and any proxy: what came is not what was sent',
};
const BILLING: Meaning = { code: 'ACCESS_DENIED', hint: "check the billing account of the bucket's project" };
const KEY_FILE: Meaning = {
  code: 'INVALID_OPTIONS',
  hint: 'check keyFile, or GOOGLE_APPLICATION_CREDENTIALS: it is not a file that Google made',
};

/** What the reasons of the JSON API and of OAuth, and the system's codes mean here. */
const MEANINGS: Readonly<Record<string, Meaning>> = {
  conditionNotMet: { code: 'PRECONDITION_FAILED' },
  authError: {
    code: 'UNAUTHENTICATED',
    hint: 'log in again, or make a new key: the token was refused or has expired',
  },
  required: LOGIN,
  invalid_grant: KEY,
  invalid_client: KEY,
  unauthorized_client: KEY,
  invalid_rapt: LOGIN,
  retentionPolicyNotMet: RETAINED,
  objectUnderActiveHold: RETAINED,
  accountDisabled: BILLING,
  billingNotEnabled: BILLING,
  insufficientPermissions: {
    code: 'ACCESS_DENIED',
    hint: "give the machine's service account the scope devstorage.read_write or cloud-platform",
  },
  accessNotConfigured: { code: 'ACCESS_DENIED', hint: 'switch the Cloud Storage API on in the project' },
  userProjectMissing: { code: 'UNSUPPORTED', hint: 'use a bucket that does not let the requester pay' },
  rateLimitExceeded: SLOW,
  userRateLimitExceeded: SLOW,
  quotaExceeded: SLOW,
  dailyLimitExceeded: { ...SLOW, retryable: false },
  backendError: DOWN,
  internalError: DOWN,
  uploadBrokenConnection: CONNECTION,
  uploadTooLarge: { code: 'TOO_LARGE' },
  ECONNRESET: CONNECTION,
  ECONNREFUSED: { code: 'UNAVAILABLE', hint: 'check the endpoint: nothing answers there' },
  ECONNABORTED: CONNECTION,
  EPIPE: CONNECTION,
  ETIMEDOUT: CONNECTION,
  EHOSTUNREACH: CONNECTION,
  ENETUNREACH: CONNECTION,
  ENETDOWN: CONNECTION,
  ERR_STREAM_PREMATURE_CLOSE: CONNECTION,
  ENOTFOUND: NAME,
  EAI_AGAIN: NAME,
  EPROTO: TLS,
  ERR_SSL_WRONG_VERSION_NUMBER: TLS,
  ERR_SSL_PACKET_LENGTH_TOO_LONG: TLS,
  CERT_HAS_EXPIRED: TLS,
  DEPTH_ZERO_SELF_SIGNED_CERT: TLS,
  SELF_SIGNED_CERT_IN_CHAIN: TLS,
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: TLS,
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: TLS,
  ERR_TLS_CERT_ALTNAME_INVALID: TLS,
  MISSING_CREDENTIALS: KEY_FILE,
  ERR_OSSL_UNSUPPORTED: KEY_FILE,
  ENOENT: KEY_FILE,
  EACCES: KEY_FILE,
  EISDIR: KEY_FILE,
};

/** Google refuses tokens that are asked for by a clock that is further off. */
const MAX_SKEW_MS = 5 * 60_000;

/** What an operation was, for the message and the hint. */
export interface Attempt {
  /** `put of "a/b"`. */
  readonly what: string;
  /** `gs://bucket/prefix`. */
  readonly place: string;
  readonly now: Date;
}

/** An error as the contract names it; unknown ones are `UNKNOWN`. A `TargetError` is passed on. */
export function toTargetError(error: unknown, { what, place, now }: Attempt): TargetError {
  if (isTargetError(error)) return error;
  const cause = error instanceof GcsFailure ? error : failureOfError(error);
  const { code, hint, retryable } = meaningOf(cause, place, now);
  const reason = cause.message === cause.code ? cause.code : `${cause.code}: ${cause.message}`;
  return new TargetError(code, `${place}: ${what}: ${reason}`, {
    cause,
    ...(hint === undefined ? {} : { hint }),
    ...(retryable === undefined ? {} : { retryable }),
  });
}

function meaningOf(failure: GcsFailure, place: string, now: Date): Meaning {
  const { code, status = 0, message } = failure;
  const known = Object.hasOwn(MEANINGS, code) ? MEANINGS[code] : undefined;
  if (known?.code === 'UNAUTHENTICATED') return clockOf(failure, now) ?? known;
  if (known !== undefined) return known;
  if (status === 404) return meaningOfAbsence(message);
  if (status === 403) return forbidden(message, place);
  if (status === 400 && /md5|crc32c/i.test(message)) return DAMAGED;
  if (/could not load the default credentials/i.test(message)) return LOGIN;
  return meaningOfStatus(status);
}

/** A wrong clock shows where somebody wants to know who asks, by the times in a signed token. */
function clockOf({ answeredAt, message }: GcsFailure, now: Date): Meaning | undefined {
  const skewMs = answeredAt === undefined ? 0 : Math.abs(now.getTime() - answeredAt.getTime());
  if (skewMs <= MAX_SKEW_MS && !/reasonable timeframe|iat and exp/i.test(message)) return undefined;
  return { code: 'UNAUTHENTICATED', hint: "set this machine's clock: it differs from Google's" };
}

// Both are 404 `notFound`; only the sentences tell them apart. Anything else is not "there is no such object".
function meaningOfAbsence(message: string): Meaning {
  if (/^no such object/i.test(message)) return { code: 'NOT_FOUND' };
  if (/bucket does not exist/i.test(message))
    return { code: 'CONTAINER_NOT_FOUND', hint: 'create the bucket, or check its name and the endpoint' };
  return { code: 'UNKNOWN', hint: 'check the endpoint: what answers there is not Cloud Storage' };
}

function forbidden(message: string, place: string): Meaning {
  if (/retention|hold/i.test(message)) return RETAINED;
  const [permission] = /storage\.[a-zA-Z]+\.[a-zA-Z]+/.exec(message) ?? ['storage.objects.*'];
  return {
    code: 'ACCESS_DENIED',
    hint: `grant roles/storage.objectUser, or ${permission}, on ${place}: see the README`,
  };
}

// Where a proxy answers, the status is all there is.
function meaningOfStatus(status: number): Meaning {
  if (status === 401) return LOGIN;
  if (status === 405) return { code: 'READ_ONLY', hint: 'use a bucket that can be written' };
  if (status === 408) return CONNECTION;
  if (status === 412) return { code: 'PRECONDITION_FAILED' };
  if (status === 413) return { code: 'TOO_LARGE' };
  if (status === 429) return SLOW;
  if (status === 507) return { code: 'NO_SPACE' };
  return status >= 500 ? DOWN : { code: 'UNKNOWN' };
}
