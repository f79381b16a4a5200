import { isObjectKey } from '@quackup/target-api';
import { z } from 'zod';

import { MAX_PART_SIZE, MIB, MIN_PART_SIZE } from './part-plan.ts';

/** How long each object may not be deleted or replaced, by anybody (`compliance`) or without a permission of its own (`governance`). */
export interface ObjectLock {
  readonly mode: 'governance' | 'compliance';
  /** From the time of the put. */
  readonly days: number;
}

/** `type: s3` in the configuration. */
export interface S3Options {
  readonly bucket: string;
  /** Begins the name of every object, as a folder: `quant` and `quant/` are the same. Default: none. */
  readonly prefix?: string | undefined;
  /** Default: as the SDK finds it (`AWS_REGION`, the profile); `us-east-1` if there is an endpoint. */
  readonly region?: string | undefined;
  /** URL of a service other than Amazon's. */
  readonly endpoint?: string | undefined;
  /** The bucket's name in the path and not in the host. Default: true if there is an endpoint. */
  readonly pathStyle?: boolean | undefined;
  readonly accessKeyId?: string | undefined;
  readonly secretAccessKey?: string | undefined;
  readonly sessionToken?: string | undefined;
  /** A profile of `~/.aws/config`. Default: the SDK's chain of credentials. */
  readonly profile?: string | undefined;
  /** Sent with every request that has a body. `none`: only where S3 requires one. Default: see {@link checksumOf}. */
  readonly checksum?: 'crc32' | 'sha256' | 'none' | undefined;
  /** Default: the bucket's. */
  readonly storageClass?: string | undefined;
  /** Default: the bucket's. */
  readonly encryption?: 'AES256' | 'aws:kms' | 'aws:kms:dsse' | undefined;
  /** Id or ARN of a key of AWS KMS. Default: Amazon's own for the account. */
  readonly kmsKeyId?: string | undefined;
  readonly objectLock?: ObjectLock | undefined;
  /** Whether the service knows `If-None-Match` and `If-Match` everywhere. Default: `auto`. */
  readonly conditionalPuts?: 'auto' | 'always' | 'never' | undefined;
  /** All parts of an upload have this size, in MiB. Default: 8 MiB, growing with their number. */
  readonly partSizeMiB?: number | undefined;
  /** Parts of one object that are sent at a time. Default: 4. */
  readonly parallelParts?: number | undefined;
}

/** Options that are never shown, and that may come from the environment or a file. */
export const SECRET_OPTIONS: readonly string[] = ['accessKeyId', 'secretAccessKey', 'sessionToken'];

/**
 * The checksum that is sent. Amazon's services and objects that are locked get one; many others refuse the header. The
 * signature covers the SHA-256 of every body in any case, so that nothing damaged on the way is stored.
 */
export function checksumOf({ checksum, endpoint, objectLock }: S3Options): 'crc32' | 'sha256' | 'none' {
  return checksum ?? (isAmazon(endpoint) || objectLock !== undefined ? 'crc32' : 'none');
}

/** Whether it is Amazon's own S3, which keeps to its documentation. */
export function isAmazon(endpoint: string | undefined): boolean {
  return endpoint === undefined || /\.amazonaws\.com(\.cn)?$/.test(new URL(endpoint).hostname);
}

// Names in S3 have 1,024 bytes, keys of the contract 900; the rest is for the prefix and its `/`.
const MAX_PREFIX_LENGTH = 123;

// Objects of these classes can be read only hours after it is asked for, and manifests are read all the time.
const ARCHIVE_CLASSES = new Set(['GLACIER', 'DEEP_ARCHIVE']);

/** Checks the options, and that they do not contradict each other. */
export const s3OptionsSchema: z.ZodType<S3Options> = z
  .strictObject({
    bucket: z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._-]{1,61}[A-Za-z0-9]$/, 'is not the name of a bucket'),
    prefix: z
      .string()
      .refine(
        (text) => text === '' || (text.length <= MAX_PREFIX_LENGTH && isObjectKey(text.replace(/\/$/, ''))),
        `must be segments of A-Z a-z 0-9 . _ = - joined by "/", at most ${MAX_PREFIX_LENGTH} characters`,
      )
      .optional(),
    region: z.string().min(1).optional(),
    endpoint: z.url({ protocol: /^https?$/ }).optional(),
    pathStyle: z.boolean().optional(),
    accessKeyId: z.string().min(1).optional(),
    secretAccessKey: z.string().min(1).optional(),
    sessionToken: z.string().min(1).optional(),
    profile: z.string().min(1).optional(),
    checksum: z.enum(['crc32', 'sha256', 'none']).optional(),
    storageClass: z
      .string()
      .regex(/^[A-Z][A-Z0-9_]*$/, 'is not a storage class such as STANDARD_IA')
      .refine((name) => !ARCHIVE_CLASSES.has(name), 'cannot be read at once: use GLACIER_IR')
      .optional(),
    encryption: z.enum(['AES256', 'aws:kms', 'aws:kms:dsse']).optional(),
    kmsKeyId: z.string().min(1).optional(),
    objectLock: z
      .strictObject({ mode: z.enum(['governance', 'compliance']), days: z.int().min(1).max(36_500) })
      .optional(),
    conditionalPuts: z.enum(['auto', 'always', 'never']).optional(),
    partSizeMiB: z
      .int()
      .min(MIN_PART_SIZE / MIB)
      .max(MAX_PART_SIZE / MIB)
      .optional(),
    parallelParts: z.int().min(1).max(64).optional(),
  })
  .superRefine((options, context) => {
    const wrong = (name: string, message: string): void =>
      context.addIssue({ code: 'custom', path: [name], message });
    if ((options.accessKeyId === undefined) !== (options.secretAccessKey === undefined)) {
      const [missing, other] =
        options.accessKeyId === undefined
          ? ['accessKeyId', 'secretAccessKey']
          : ['secretAccessKey', 'accessKeyId'];
      wrong(missing, `is missing, since there is ${other}`);
    }
    if (options.sessionToken !== undefined && options.accessKeyId === undefined)
      wrong('sessionToken', 'needs accessKeyId and secretAccessKey');
    if (options.profile !== undefined && options.accessKeyId !== undefined)
      wrong('profile', 'cannot be used together with accessKeyId');
    if (options.kmsKeyId !== undefined && !options.encryption?.startsWith('aws:kms'))
      wrong('kmsKeyId', 'needs encryption: aws:kms');
    if (options.objectLock !== undefined && options.checksum === 'none')
      wrong('checksum', 'cannot be none: S3 requires one of objects that are locked');
    if (options.endpoint?.includes('@') === true)
      wrong('endpoint', 'must not hold a password: use accessKeyId and secretAccessKey');
  });
