import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createRequire } from 'node:module';
import { createInterface } from 'node:readline';

import { BlobServiceClient, type ContainerClient } from '@azure/storage-blob';

/** What Azurite knows: Microsoft's own, published key for it. */
export const ACCOUNT = 'devstoreaccount1';
export const ACCOUNT_KEY: string =
  'Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==';

/** A running Azurite, with its data in memory. */
export interface Azurite extends AsyncDisposable {
  /** `http://127.0.0.1:PORT/devstoreaccount1` */
  readonly endpoint: string;
  readonly connectionString: string;
  /** The SDK's own client, to look at a container from outside. */
  container(name: string): ContainerClient;
}

const MAIN = createRequire(import.meta.url).resolve('azurite/dist/src/blob/main.js');

/** Starts Azurite as a process of its own, on a free port. */
export async function startAzurite(): Promise<Azurite> {
  const child = spawn(
    process.execPath,
    [
      MAIN,
      '--blobHost',
      '127.0.0.1',
      '--blobPort',
      '0',
      '--inMemoryPersistence',
      '--skipApiVersionCheck',
      '--disableTelemetry',
    ],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  );
  const exited = once(child, 'exit');
  let address: string | undefined;
  for await (const line of createInterface({ input: child.stdout })) {
    address = /successfully listens on (http:\S+)/.exec(line)?.[1];
    if (address !== undefined) break;
  }
  if (address === undefined) throw new Error('Azurite did not start');
  // Nobody reads what it says of every request.
  child.stdout.resume();
  const endpoint = `${address}/${ACCOUNT}`;
  const connectionString = connectionStringFor(endpoint);
  return {
    endpoint,
    connectionString,
    container: (name) => BlobServiceClient.fromConnectionString(connectionString).getContainerClient(name),
    [Symbol.asyncDispose]: async () => {
      child.kill('SIGKILL');
      await exited;
    },
  };
}

export function connectionStringFor(endpoint: string): string {
  return `DefaultEndpointsProtocol=http;AccountName=${ACCOUNT};AccountKey=${ACCOUNT_KEY};BlobEndpoint=${endpoint};`;
}
