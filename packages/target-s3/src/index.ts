/**
 * A target that keeps objects in a bucket of Amazon S3 or of any service that speaks its protocol. The SDK is loaded
 * when a target is opened, not with this module.
 *
 * @module
 */
export { openS3Target, type S3Environment } from './lib/open-s3-target.ts';
export type { ObjectLock, S3Options } from './lib/s3-options.ts';
export type { S3Target, UnfinishedUpload } from './lib/s3-target.ts';
export { target } from './lib/target.ts';
