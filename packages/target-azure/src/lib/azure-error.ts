import { isTargetError, TargetError, type TargetErrorCode } from '@quackup/target-api';

import { AzureFailure } from './azure-failure.ts';
import type { Secrets } from './secrets.ts';

interface Meaning {
  readonly code: TargetErrorCode;
  readonly hint?: string;
  readonly retryable?: boolean;
}

const NO_CONTAINER: Meaning = {
  code: 'CONTAINER_NOT_FOUND',
  hint: 'create the container, or check its name and the account',
};
const LOGIN: Meaning = {
  code: 'UNAUTHENTICATED',
  hint: 'log in (az login), or set accountKey, sasToken or a service principal (AZURE_CLIENT_ID, ...)',
};
const CREDENTIALS: Meaning = {
  code: 'UNAUTHENTICATED',
  hint: 'check accountKey, sasToken or connectionString: they may be wrong, of another account, expired or rotated',
};
const FIREWALL: Meaning = {
  code: 'ACCESS_DENIED',
  hint: "check the account's network rules (firewall) and the permissions of the key or SAS",
};
const IMMUTABLE: Meaning = {
  code: 'ACCESS_DENIED',
  hint: 'an immutability policy or a legal hold protects the blob: wait until it ends, or keep backups longer than it',
};
const LEASED: Meaning = { code: 'ACCESS_DENIED', hint: 'break the lease that somebody holds on the blob' };
const ARCHIVED: Meaning = {
  code: 'UNSUPPORTED',
  hint: 'the blob was moved to the archive tier: rehydrate it, and keep lifecycle rules that archive off the prefix',
};
const TIER: Meaning = {
  code: 'INVALID_OPTIONS',
  hint: 'leave accessTier out, or use one that the account has',
};
const SLOW: Meaning = { code: 'THROTTLED', hint: 'try again later, or lower parallelBlocks' };
const DOWN: Meaning = { code: 'UNAVAILABLE', hint: 'try again later' };
const CONNECTION: Meaning = { code: 'UNAVAILABLE', hint: 'check the network and any proxy on the way' };
const NAME: Meaning = {
  code: 'UNAVAILABLE',
  hint: 'check the name of the account, the endpoint and the name server',
};
const TLS: Meaning = {
  code: 'UNAVAILABLE',
  hint: "check the endpoint's certificate; name a private authority in NODE_EXTRA_CA_CERTS",
  retryable: false,
};
const DAMAGED: Meaning = {
  code: 'UNAVAILABLE',
  hint: 'check the network and any proxy: what came is not what was sent',
};
const KEY_FORBIDDEN: Meaning = {
  code: 'ACCESS_DENIED',
  hint: 'the account takes no keys: leave accountKey out and use Entra ID',
};
const ROLE: Meaning = {
  code: 'ACCESS_DENIED',
  hint: 'assign the role "Storage Blob Data Contributor" on the container, or a SAS with the permissions racwdl: see the README',
};

/** What Azure's codes, the system's and the SDK's mean here. */
const MEANINGS: Readonly<Record<string, Meaning>> = {
  BlobNotFound: { code: 'NOT_FOUND' },
  ContainerNotFound: NO_CONTAINER,
  ContainerBeingDeleted: NO_CONTAINER,
  ResourceNotFound: NO_CONTAINER,
  ContainerDisabled: { code: 'ACCESS_DENIED', hint: 'the container was disabled by its administrator' },
  ConditionNotMet: { code: 'PRECONDITION_FAILED' },
  BlobAlreadyExists: { code: 'PRECONDITION_FAILED' },
  NoAuthenticationInformation: LOGIN,
  InvalidAuthenticationInfo: LOGIN,
  CredentialUnavailableError: LOGIN,
  ChainedTokenCredentialError: LOGIN,
  AggregateAuthenticationError: LOGIN,
  AuthenticationError: LOGIN,
  AuthenticationRequiredError: LOGIN,
  AuthorizationSourceIPMismatch: FIREWALL,
  AuthorizationProtocolMismatch: {
    code: 'ACCESS_DENIED',
    hint: 'use https: the SAS or the account allows nothing else',
  },
  AuthorizationPermissionMismatch: ROLE,
  AuthorizationResourceTypeMismatch: {
    code: 'ACCESS_DENIED',
    hint: 'make an account SAS with the resource types container and object (srt=co)',
  },
  AuthorizationServiceMismatch: {
    code: 'ACCESS_DENIED',
    hint: 'make an account SAS for the blob service (ss=b)',
  },
  InsufficientAccountPermissions: {
    code: 'READ_ONLY',
    hint: 'the account does not take writes now: check that the endpoint is not a secondary one',
  },
  WriteOperationNotSupportedOnSecondary: {
    code: 'READ_ONLY',
    hint: 'use the primary endpoint: the secondary one can only be read',
  },
  AccountIsDisabled: {
    code: 'ACCESS_DENIED',
    hint: 'the storage account is disabled: check the subscription',
  },
  KeyBasedAuthenticationNotPermitted: KEY_FORBIDDEN,
  PublicAccessNotPermitted: LOGIN,
  BlobImmutableDueToPolicy: IMMUTABLE,
  BlobImmutableDueToLegalHold: IMMUTABLE,
  LeaseIdMissing: LEASED,
  LeaseIdMismatchWithBlobOperation: LEASED,
  SnapshotsPresent: {
    code: 'UNSUPPORTED',
    hint: 'the blob has snapshots that somebody made: delete them first',
  },
  BlobArchived: ARCHIVED,
  BlobBeingRehydrated: ARCHIVED,
  BlobOperationNotSupported: {
    code: 'UNSUPPORTED',
    hint: 'something was written to this name by the Data Lake API: use another prefix',
  },
  InvalidBlobTier: TIER,
  BlobTierInadequateForContentLength: TIER,
  AccessTierNotSupportedForBlobType: TIER,
  FeatureNotEnabled: TIER,
  InvalidBlobType: { code: 'UNSUPPORTED', hint: 'a blob of another kind has this name: use another prefix' },
  InvalidResourceName: { code: 'INVALID_OPTIONS', hint: 'check the names of the container and the account' },
  RequestBodyTooLarge: { code: 'TOO_LARGE' },
  BlockCountExceedsLimit: { code: 'TOO_LARGE' },
  BlockListTooLong: { code: 'TOO_LARGE' },
  ServerBusy: SLOW,
  TooManyRequests: SLOW,
  OperationTimedOut: DOWN,
  InternalError: DOWN,
  Md5Mismatch: DAMAGED,
  REQUEST_SEND_ERROR: CONNECTION,
  PARSE_ERROR: {
    code: 'UNAVAILABLE',
    hint: 'check the endpoint and any proxy on the way: that was not Azure',
  },
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

/** Azure refuses requests that are 15 minutes old. */
const MAX_SKEW_MS = 15 * 60_000;

/** What an operation was, for the message and the hint. */
export interface Attempt {
  /** `put of "a/b"`. */
  readonly what: string;
  /** `https://account.blob.core.windows.net/container/prefix`. */
  readonly place: string;
  readonly secrets: Secrets;
  /** When the SAS ends, if there is one that says so. */
  readonly sasEndsAt: Date | undefined;
  readonly now: Date;
}

/** An error of the SDK as the contract names it; unknown ones are `UNKNOWN`. A `TargetError` is passed on. */
export function toTargetError(error: unknown, attempt: Attempt): TargetError {
  if (isTargetError(error)) return error;
  const cause = new AzureFailure(error, attempt.secrets);
  const { code, hint, retryable } = meaningOf(cause, attempt);
  const reason = cause.message === cause.code ? cause.code : `${cause.code}: ${cause.message}`;
  return new TargetError(code, `${attempt.place}: ${attempt.what}: ${reason}`, {
    cause,
    ...(hint === undefined ? {} : { hint }),
    ...(retryable === undefined ? {} : { retryable }),
  });
}

function meaningOf(failure: AzureFailure, attempt: Attempt): Meaning {
  const { code, status = 0 } = failure;
  if (code === 'AuthenticationFailed') return clockOrSas(failure, attempt) ?? CREDENTIALS;
  if (code === 'AuthorizationFailure') return clockOrSas(failure, attempt) ?? FIREWALL;
  return (Object.hasOwn(MEANINGS, code) ? MEANINGS[code] : undefined) ?? meaningOfStatus(status);
}

/** Azure has one code for a wrong key, a SAS that has ended, and a clock that is wrong; and its sentence does not say which. */
function clockOrSas({ answeredAt }: AzureFailure, { now, sasEndsAt }: Attempt): Meaning | undefined {
  const skewMs = answeredAt === undefined ? 0 : now.getTime() - answeredAt.getTime();
  if (Math.abs(skewMs) > MAX_SKEW_MS) {
    const minutes = Math.round(Math.abs(skewMs) / 60_000);
    const hint = `set this machine's clock: it is ${minutes} minutes ${skewMs > 0 ? 'ahead of' : 'behind'} the service's`;
    return { code: 'UNAUTHENTICATED', hint };
  }
  if (sasEndsAt === undefined || sasEndsAt > now) return undefined;
  return { code: 'UNAUTHENTICATED', hint: `make a new SAS: this one ended at ${sasEndsAt.toISOString()}` };
}

// Where a proxy answers, the status is all there is. A bare 404 is not Azure's, so it does not mean that there is no blob.
function meaningOfStatus(status: number): Meaning {
  if (status === 401) return LOGIN;
  if (status === 403) return ROLE;
  if (status === 404) return { code: 'UNKNOWN', hint: 'check the endpoint: what answers there is not Azure' };
  if (status === 408) return CONNECTION;
  if (status === 412) return { code: 'PRECONDITION_FAILED' };
  if (status === 413) return { code: 'TOO_LARGE' };
  if (status === 429) return SLOW;
  if (status === 507) return { code: 'NO_SPACE' };
  return status >= 500 ? DOWN : { code: 'UNKNOWN' };
}
