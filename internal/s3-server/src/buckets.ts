/**
 * Makes buckets on an S3 server and looks into them. Apart from the rest, since it loads the SDK.
 *
 * @module
 */
import { S3 } from '@aws-sdk/client-s3';

export interface BucketOptions {
  readonly versioning?: boolean;
  /** Also switches versions on. */
  readonly objectLock?: boolean;
  /** Rules as a careful user would set them: old versions and unfinished uploads go after some days. */
  readonly lifecycle?: boolean;
}

/** Makes a bucket, by the keys `testkey` and `testsecret`. */
export async function makeBucket(
  endpoint: string,
  Bucket: string,
  { versioning = false, objectLock = false, lifecycle = false }: BucketOptions = {},
): Promise<void> {
  const s3 = clientOf(endpoint);
  try {
    await s3.createBucket({ Bucket, ...(objectLock && { ObjectLockEnabledForBucket: true }) });
    if (versioning) {
      await s3.putBucketVersioning({ Bucket, VersioningConfiguration: { Status: 'Enabled' } });
    }
    if (lifecycle) {
      await s3.putBucketLifecycleConfiguration({
        Bucket,
        LifecycleConfiguration: {
          Rules: [
            {
              ID: 'old-versions',
              Status: 'Enabled',
              Filter: { Prefix: '' },
              NoncurrentVersionExpiration: { NoncurrentDays: 1 },
              AbortIncompleteMultipartUpload: { DaysAfterInitiation: 7 },
            },
          ],
        },
      });
    }
  } finally {
    s3.destroy();
  }
}

/** What a bucket holds: names of objects and of unfinished uploads, in order. */
export async function lookIntoBucket(
  endpoint: string,
  Bucket: string,
): Promise<{ readonly objects: readonly string[]; readonly uploads: readonly string[] }> {
  const s3 = clientOf(endpoint);
  try {
    const { Contents = [], IsTruncated } = await s3.listObjectsV2({ Bucket });
    if (IsTruncated === true) throw new Error(`${Bucket} holds more than one page of objects`);
    const { Uploads = [] } = await s3.listMultipartUploads({ Bucket });
    return {
      objects: Contents.map(({ Key = '' }) => Key).toSorted(),
      uploads: Uploads.map(({ Key = '' }) => Key).toSorted(),
    };
  } finally {
    s3.destroy();
  }
}

/** How many versions of each object a bucket keeps, deletion markers left out. */
export async function countVersions(endpoint: string, Bucket: string): Promise<ReadonlyMap<string, number>> {
  const s3 = clientOf(endpoint);
  try {
    const { Versions = [], IsTruncated } = await s3.listObjectVersions({ Bucket });
    if (IsTruncated === true) throw new Error(`${Bucket} holds more than one page of versions`);
    const counts = new Map<string, number>();
    for (const { Key = '' } of Versions) counts.set(Key, (counts.get(Key) ?? 0) + 1);
    return counts;
  } finally {
    s3.destroy();
  }
}

function clientOf(endpoint: string): S3 {
  return new S3({
    endpoint,
    region: 'us-east-1',
    forcePathStyle: true,
    credentials: { accessKeyId: 'testkey', secretAccessKey: 'testsecret' },
  });
}
