import { isObjectKey } from '@quackup/target-api';
import { z } from 'zod';

export const MIB: number = 1024 * 1024;

/** `type: gcs` in the configuration. */
export interface GcsOptions {
  readonly bucket: string;
  /** Begins the name of every object, as a folder: `quant` and `quant/` are the same. Default: none. */
  readonly prefix?: string | undefined;
  /**
   * Path of a key file: a service account's, or one for workload identity federation. Default: the application default
   * credentials.
   */
  readonly keyFile?: string | undefined;
  /** URL of another server. Without a `keyFile` it is asked without saying who asks, unless it is Google's. */
  readonly endpoint?: string | undefined;
  /** Default: the bucket's. */
  readonly storageClass?: 'STANDARD' | 'NEARLINE' | 'COLDLINE' | 'ARCHIVE' | undefined;
  /** Bytes that are sent in one request, in MiB: two such chunks are in memory. Default: 16. */
  readonly chunkSizeMiB?: number | undefined;
}

// Google takes 1,024 bytes in a name; a key has up to 900.
const MAX_PREFIX_LENGTH = 100;

export const gcsOptionsSchema: z.ZodType<GcsOptions> = z.strictObject({
  bucket: z.string().regex(/^[a-z0-9][a-z0-9._-]{1,220}[a-z0-9]$/, 'is not the name of a bucket'),
  prefix: z
    .string()
    .refine(
      (text) => text === '' || (text.length <= MAX_PREFIX_LENGTH && isObjectKey(text.replace(/\/$/, ''))),
      `must be segments of A-Z a-z 0-9 . _ = - joined by "/", at most ${MAX_PREFIX_LENGTH} characters`,
    )
    .optional(),
  keyFile: z.string().min(1).optional(),
  endpoint: z
    .url({ protocol: /^https?$/ })
    .refine((url) => !/[@?]/.test(url), 'must not hold a secret: use keyFile')
    .optional(),
  storageClass: z.enum(['STANDARD', 'NEARLINE', 'COLDLINE', 'ARCHIVE']).optional(),
  chunkSizeMiB: z.int().min(1).max(1024).optional(),
});
