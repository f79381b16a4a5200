import { isObjectKey } from '@quackup/target-api';
import { z } from 'zod';

import { MAX_BLOCK_SIZE, MIB } from './block-plan.ts';

/**
 * `type: azure` in the configuration. Who asks is one of: `connectionString`; `account` (or `endpoint`) with `accountKey`;
 * with `sasToken`; with neither: Entra ID.
 */
export interface AzureOptions {
  readonly container: string;
  /** Begins the name of every blob, as a folder: `quant` and `quant/` are the same. Default: none. */
  readonly prefix?: string | undefined;
  /** As the portal shows it, with a key or a SAS. */
  readonly connectionString?: string | undefined;
  /** The storage account's name. */
  readonly account?: string | undefined;
  /** URL of the blob service. Default: `https://ACCOUNT.blob.core.windows.net`. */
  readonly endpoint?: string | undefined;
  /** One of the account's two keys, in Base64. Needs `account`. */
  readonly accountKey?: string | undefined;
  /** A shared access signature for the container or the account, with or without `?`. */
  readonly sasToken?: string | undefined;
  /** Default: the account's. */
  readonly accessTier?: 'Hot' | 'Cool' | 'Cold' | undefined;
  /** All blocks of an upload have this size, in MiB. Default: 8 MiB, growing with their number. */
  readonly blockSizeMiB?: number | undefined;
  /** Blocks of one blob that are sent at a time. Default: 4. */
  readonly parallelBlocks?: number | undefined;
}

/** Options that are never shown, and that may come from the environment or a file. */
export const SECRET_OPTIONS: readonly string[] = ['connectionString', 'accountKey', 'sasToken'];

// Azure takes 1,024 characters in a name; a key has up to 900.
const MAX_PREFIX_LENGTH = 100;

export const azureOptionsSchema: z.ZodType<AzureOptions> = z
  .strictObject({
    container: z
      .string()
      .regex(
        /^(?=.{3,63}$)[a-z0-9]+(?:-[a-z0-9]+)*$/,
        'is not the name of a container: 3 to 63 of a-z 0-9 -',
      ),
    prefix: z
      .string()
      .refine(
        (text) => text === '' || (text.length <= MAX_PREFIX_LENGTH && isObjectKey(text.replace(/\/$/, ''))),
        `must be segments of A-Z a-z 0-9 . _ = - joined by "/", at most ${MAX_PREFIX_LENGTH} characters`,
      )
      .optional(),
    connectionString: z.string().min(1).optional(),
    account: z
      .string()
      .regex(/^[a-z0-9]{3,24}$/, 'is not the name of a storage account: 3 to 24 of a-z 0-9')
      .optional(),
    endpoint: z.url({ protocol: /^https?$/ }).optional(),
    accountKey: z.base64().min(1).optional(),
    sasToken: z
      .string()
      .regex(/^\??(?=.*\bsig=)[^\s#]+$/, 'is not a SAS: it has no sig=')
      .optional(),
    accessTier: z.enum(['Hot', 'Cool', 'Cold']).optional(),
    blockSizeMiB: z
      .int()
      .min(1)
      .max(MAX_BLOCK_SIZE / MIB)
      .optional(),
    parallelBlocks: z.int().min(1).max(64).optional(),
  })
  .superRefine((options, context) => {
    const { connectionString, account, endpoint, accountKey, sasToken } = options;
    const wrong = (name: string, message: string): void =>
      context.addIssue({ code: 'custom', path: [name], message });
    const others = { account, endpoint, accountKey, sasToken };
    if (connectionString !== undefined) {
      for (const [name, value] of Object.entries(others))
        if (value !== undefined) wrong(name, 'cannot be used together with connectionString');
    } else if (account === undefined && endpoint === undefined) {
      wrong('account', 'is missing: name the storage account, or give a connectionString');
    }
    if (accountKey !== undefined && account === undefined && connectionString === undefined)
      wrong('account', 'is missing: accountKey needs the name that it belongs to');
    if (accountKey !== undefined && sasToken !== undefined)
      wrong('sasToken', 'cannot be used together with accountKey');
    if (endpoint !== undefined && /[@?]/.test(endpoint))
      wrong('endpoint', 'must not hold a secret: use accountKey or sasToken');
  });
