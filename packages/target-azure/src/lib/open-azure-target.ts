import type { AzureOptions } from './azure-options.ts';
import type { AzureTarget } from './azure-target.ts';
import type { AzureTokenCredential } from './entra-credential.ts';

/** What a target takes from around it. */
export interface AzureEnvironment {
  readonly signal?: AbortSignal;
  /** Takes the place of the credentials that `@azure/identity` finds. */
  readonly credential?: AzureTokenCredential;
  /** Tells whether the service's clock and this one differ. Default: the system's clock. */
  readonly now?: () => Date;
  /** Pause before a request of a put is repeated for the first time, in milliseconds. Default: 250. */
  readonly retryMs?: number;
}

/**
 * Opens a container. Loads the SDK (about 220 ms), and `@azure/identity` if neither a key nor a SAS is given. Makes no
 * request.
 *
 * @throws TargetError `INVALID_OPTIONS` if the connection string cannot be read, or `@azure/identity` is needed and missing.
 */
export async function openAzureTarget(
  options: AzureOptions,
  environment: AzureEnvironment = {},
): Promise<AzureTarget> {
  environment.signal?.throwIfAborted();
  const { AzureTarget: Target } = await import('./azure-target.ts');
  return Target.open(options, environment);
}
