import type {
  ChecksumAlgorithm,
  ObjectLockMode,
  ServerSideEncryption,
  StorageClass,
} from '@aws-sdk/client-s3';

import { checksumOf, type S3Options } from './s3-options.ts';

/** Parameters of PutObject and CreateMultipartUpload that the options decide. */
export interface PutSettings {
  readonly ChecksumAlgorithm?: ChecksumAlgorithm;
  readonly StorageClass?: StorageClass;
  readonly ServerSideEncryption?: ServerSideEncryption;
  readonly SSEKMSKeyId?: string;
  readonly ObjectLockMode?: ObjectLockMode;
  readonly ObjectLockRetainUntilDate?: Date;
}

const DAY_MS = 24 * 3_600_000;

/** The parameters for an object that is put at `now`. */
export function putSettings(options: S3Options, now: Date): PutSettings {
  const { storageClass, encryption, kmsKeyId, objectLock } = options;
  return {
    ...checksumSettings(options),
    // The schema takes any class: services have their own.
    ...(storageClass === undefined ? {} : { StorageClass: storageClass as StorageClass }),
    ...(encryption === undefined ? {} : { ServerSideEncryption: encryption }),
    ...(kmsKeyId === undefined ? {} : { SSEKMSKeyId: kmsKeyId }),
    ...(objectLock === undefined
      ? {}
      : {
          ObjectLockMode: objectLock.mode === 'compliance' ? 'COMPLIANCE' : 'GOVERNANCE',
          ObjectLockRetainUntilDate: new Date(now.getTime() + objectLock.days * DAY_MS),
        }),
  };
}

/** Also for UploadPart. */
export function checksumSettings(options: S3Options): Pick<PutSettings, 'ChecksumAlgorithm'> {
  const checksum = checksumOf(options);
  return checksum === 'none' ? {} : { ChecksumAlgorithm: checksum === 'crc32' ? 'CRC32' : 'SHA256' };
}
