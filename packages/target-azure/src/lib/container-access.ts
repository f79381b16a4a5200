import {
  AnonymousCredential,
  ContainerClient,
  newPipeline,
  type StoragePipelineOptions,
  StorageSharedKeyCredential,
} from '@azure/storage-blob';
import { TargetError } from '@quackup/target-api';

import type { AzureOptions } from './azure-options.ts';
import { type AzureTokenCredential, entraCredential } from './entra-credential.ts';
import { Secrets } from './secrets.ts';

/** A container and who asks for it. */
export interface ContainerAccess {
  readonly client: ContainerClient;
  readonly secrets: Secrets;
  /** When the SAS ends, if there is one that says so. */
  readonly sasEndsAt: Date | undefined;
}

// Core repeats operations, and a put its own requests (see repeat-request.ts), so that nothing is repeated in two layers.
const PIPELINE: StoragePipelineOptions = {
  retryOptions: { maxTries: 1 },
  keepAliveOptions: { enable: true },
  userAgentOptions: { userAgentPrefix: 'quackup' },
};

/**
 * The SDK's client for the container.
 *
 * @param credential Takes the place of what `@azure/identity` finds.
 * @throws TargetError `INVALID_OPTIONS` if the connection string cannot be read, or `@azure/identity` is needed and missing.
 */
export async function accessContainer(
  options: AzureOptions,
  credential: AzureTokenCredential | undefined,
): Promise<ContainerAccess> {
  const { container, connectionString, account, accountKey } = options;
  if (connectionString !== undefined) return fromConnectionString(connectionString, container);
  const endpoint = options.endpoint ?? `https://${account}.blob.core.windows.net`;
  const url = `${endpoint.replace(/\/+$/, '')}/${container}`;
  if (account !== undefined && accountKey !== undefined) {
    const key = new StorageSharedKeyCredential(account, accountKey);
    return accessOf(new ContainerClient(url, newPipeline(key, PIPELINE)), [accountKey]);
  }
  const sasToken = options.sasToken?.replace(/^\?/, '');
  if (sasToken !== undefined) {
    const client = new ContainerClient(
      `${url}?${sasToken}`,
      newPipeline(new AnonymousCredential(), PIPELINE),
    );
    return accessOf(client, [sasToken], sasToken);
  }
  return accessOf(
    new ContainerClient(url, newPipeline(credential ?? (await entraCredential()), PIPELINE)),
    [],
  );
}

function accessOf(
  client: ContainerClient,
  secrets: readonly (string | undefined)[],
  sasToken?: string,
): ContainerAccess {
  const ends = Date.parse(new URLSearchParams(sasToken).get('se') ?? '');
  return {
    client,
    secrets: new Secrets(secrets),
    sasEndsAt: Number.isNaN(ends) ? undefined : new Date(ends),
  };
}

function fromConnectionString(connectionString: string, container: string): ContainerAccess {
  const fields = new Map<string, string>();
  for (const field of connectionString.split(';')) {
    const [, name, value] = /^\s*([^=]+)=(.*?)\s*$/.exec(field) ?? [];
    if (name !== undefined && value !== undefined) fields.set(name.toLowerCase(), value);
  }
  const [accountKey, sasToken] = [fields.get('accountkey'), fields.get('sharedaccesssignature')];
  const secrets = [connectionString, accountKey, sasToken];
  try {
    return accessOf(new ContainerClient(connectionString, container, PIPELINE), secrets, sasToken);
  } catch (error) {
    const reason = new Secrets(secrets).hide(error instanceof Error ? error.message : String(error));
    // Without the SDK's own error: nobody knows what it holds of the string.
    throw new TargetError('INVALID_OPTIONS', `the connection string cannot be read: ${reason}`, {
      hint: 'copy it again from the portal: it begins with DefaultEndpointsProtocol= or BlobEndpoint=',
    });
  }
}
