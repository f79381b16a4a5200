import { isTargetError, TargetError, type TargetErrorCode } from '@quackup/target-api';

interface Meaning {
  readonly code: TargetErrorCode;
  readonly hint?: string;
  readonly retryable?: boolean;
}

/** Status codes of the protocol (draft-ietf-secsh-filexfer-02, section 7). Version 3, which all servers speak, has no others. */
export const STATUS = { noSuchFile: 2, failure: 4 } as const;

const LOST: Meaning = { code: 'UNAVAILABLE', hint: 'check the network and the server' };

/** What codes mean here: those of the protocol are numbers, those of the system names, those of ssh2 the `level`. */
const MEANINGS: Readonly<Record<string, Meaning>> = {
  // Whether it means "no such object" only the caller knows.
  2: { code: 'CONTAINER_NOT_FOUND', hint: 'check that the folder is there' },
  3: { code: 'ACCESS_DENIED', hint: 'check the owner and the modes of the folder on the server' },
  // Everything else on the server: see explain-failure.ts.
  4: { code: 'UNKNOWN', hint: 'the server says no more: look for a quota, and at its log' },
  5: { code: 'UNKNOWN', hint: 'the server did not like the request: a name may be too long for it' },
  6: LOST,
  7: LOST,
  8: { code: 'UNSUPPORTED', hint: 'use a server that can do it, as OpenSSH' },
  'client-authentication': {
    code: 'UNAUTHENTICATED',
    hint: 'check username, privateKey, password and what the server allows',
  },
  'client-timeout': {
    code: 'UNAVAILABLE',
    hint: 'the server does not answer: check the network and a firewall',
  },
  agent: { code: 'UNAUTHENTICATED', hint: 'check that the agent runs and that `agent` is its socket' },
  // Also if the server has too many that are logging in (MaxStartups).
  protocol: {
    code: 'UNAVAILABLE',
    hint: 'check that an SSH server answers there, and that it is not overloaded',
  },
  handshake: {
    code: 'UNAVAILABLE',
    hint: 'check that an SSH server of this century answers there',
    retryable: false,
  },
  ECONNREFUSED: { code: 'UNAVAILABLE', hint: 'check host and port: nothing answers there' },
  ENOTFOUND: { code: 'UNAVAILABLE', hint: 'check the name of the host and the name server' },
  EAI_AGAIN: { code: 'UNAVAILABLE', hint: 'check the name of the host and the name server' },
  ECONNRESET: LOST,
  EPIPE: LOST,
  ETIMEDOUT: LOST,
  EHOSTUNREACH: LOST,
  ENETUNREACH: LOST,
};

/** The status of a reply, or undefined if the error is none. */
export function statusOf(error: unknown): number | undefined {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  return typeof code === 'number' ? code : undefined;
}

/** Whether the server says that there is no such file or folder. */
export function isAbsence(error: unknown): boolean {
  return statusOf(error) === STATUS.noSuchFile;
}

/**
 * An error of ssh2 as the contract names it; unknown ones are `UNKNOWN`. A `TargetError` is passed on.
 *
 * @param what What was attempted, with the key or the path.
 */
export function toTargetError(error: unknown, what: string): TargetError {
  if (isTargetError(error)) return error;
  const { code, hint, retryable } = meaningOf(error);
  return new TargetError(code, `${what}: ${error instanceof Error ? error.message : String(error)}`, {
    cause: error,
    ...(hint === undefined ? {} : { hint }),
    ...(retryable === undefined ? {} : { retryable }),
  });
}

function meaningOf(error: unknown): Meaning {
  if (!(error instanceof Error)) return { code: 'UNKNOWN' };
  // The code of a socket says more than its level, which is `client-socket`.
  for (const name of ['code', 'level'] as const) {
    const value = name in error ? String((error as { [key in typeof name]?: unknown })[name]) : '';
    const meaning = Object.hasOwn(MEANINGS, value) ? MEANINGS[value] : undefined;
    if (meaning !== undefined) return meaning;
  }
  return { code: 'UNKNOWN' };
}
