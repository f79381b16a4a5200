import { readFile } from 'node:fs/promises';

import { TargetError } from '@quackup/target-api';
import {
  ExternalAccountClient,
  type ExternalAccountClientOptions,
  GoogleAuth,
  JWT,
  PassThroughClient,
  UserRefreshClient,
} from 'google-auth-library';

import type { GcsOptions } from './gcs-options.ts';
import type { GcsAuthClient } from './open-gcs-target.ts';

/** Reading, writing and deleting objects; what the caller's role does not allow stays forbidden. */
const SCOPE = 'https://www.googleapis.com/auth/devstorage.read_write';

/**
 * Who asks: the key file; else nobody, if the endpoint is somebody's own; else the application default credentials
 * (`GOOGLE_APPLICATION_CREDENTIALS`, `gcloud auth application-default login`, the machine's service account).
 *
 * @throws TargetError `INVALID_OPTIONS` if the key file cannot be read or is none.
 */
export async function findAuthClient({ keyFile, endpoint }: GcsOptions): Promise<GcsAuthClient> {
  if (keyFile !== undefined) return clientOf(await readKeyFile(keyFile), keyFile);
  if (endpoint !== undefined && !isGoogle(endpoint)) return new PassThroughClient();
  return new GoogleAuth({ scopes: SCOPE }).getClient();
}

type KeyFile = Readonly<Record<string, unknown>>;

/** The library's own way takes a file that is no JSON for a key without an owner, and asks without saying who asks. */
async function readKeyFile(path: string): Promise<KeyFile> {
  const text = await readFile(path, 'utf8').catch((cause: unknown) => {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new TargetError('INVALID_OPTIONS', `the key file cannot be read: ${reason}`, {
      cause,
      hint: 'check keyFile: a relative path begins at the folder of the configuration file',
    });
  });
  try {
    return (JSON.parse(text) ?? {}) as KeyFile;
  } catch {
    // Without the parser's error, which quotes the text.
    throw noKeyFile(path);
  }
}

/** Made kind by kind: of a file whose kind is left open the library warns on stderr. */
function clientOf(key: KeyFile, path: string): GcsAuthClient {
  const text = (name: string): string => {
    const value = key[name];
    if (typeof value !== 'string' || value === '') throw noKeyFile(path);
    return value;
  };
  if (key.type === 'service_account')
    return new JWT({ email: text('client_email'), key: text('private_key'), scopes: [SCOPE] });
  if (key.type === 'authorized_user')
    return new UserRefreshClient({
      clientId: text('client_id'),
      clientSecret: text('client_secret'),
      refreshToken: text('refresh_token'),
    });
  if (key.type === 'external_account') {
    // What is missing the library says itself.
    const client = ExternalAccountClient.fromJSON(key as unknown as ExternalAccountClientOptions);
    if (client === null) throw noKeyFile(path);
    client.scopes = SCOPE;
    return client;
  }
  throw noKeyFile(path);
}

function noKeyFile(path: string): TargetError {
  return new TargetError(
    'INVALID_OPTIONS',
    `${path} is not a key file of a service account, a user or a federated workload`,
    {
      hint: 'make a new one: gcloud iam service-accounts keys create FILE --iam-account=ACCOUNT',
    },
  );
}

function isGoogle(endpoint: string): boolean {
  return /(^|\.)googleapis\.com$/.test(new URL(endpoint).hostname);
}
