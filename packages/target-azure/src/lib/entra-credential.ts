import { TargetError } from '@quackup/target-api';

/** What the SDK asks for tokens: any credential of `@azure/identity`. */
export interface AzureTokenCredential {
  getToken(
    scopes: string | string[],
    options?: object,
  ): Promise<{ readonly token: string; readonly expiresOnTimestamp: number } | null>;
}

/** How `@azure/identity` is told to be installed: the range that is tested. */
const INSTALL = 'npm install @azure/identity@^4.14.1';

/** What is used of the package. Its own types are not named: whoever has no Entra ID has no such package. */
interface IdentityModule {
  readonly DefaultAzureCredential: new () => AzureTokenCredential;
}

/**
 * The credentials that `@azure/identity` finds: the environment, a workload or managed identity, `az login`. It is an
 * optional peer dependency, since most of its size is for logging people in.
 *
 * @param load Loads the package.
 * @throws TargetError `INVALID_OPTIONS` with the command that installs it, if it is missing.
 */
export async function entraCredential(
  load: () => Promise<IdentityModule> = () => import('@azure/identity'),
): Promise<AzureTokenCredential> {
  let identity: IdentityModule;
  try {
    identity = await load();
  } catch (error) {
    if (!isMissing(error)) throw error;
    const text = 'neither accountKey nor sasToken is given, and Entra ID needs the package @azure/identity';
    throw new TargetError('INVALID_OPTIONS', `${text}, which is not installed`, {
      cause: error,
      hint: `run: ${INSTALL}`,
    });
  }
  return new identity.DefaultAzureCredential();
}

function isMissing(error: unknown): boolean {
  return (
    error instanceof Error &&
    'code' in error &&
    error.code === 'ERR_MODULE_NOT_FOUND' &&
    error.message.includes('@azure/identity')
  );
}
