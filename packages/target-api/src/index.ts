/**
 * The contract between Quackup and a target: a place that keeps objects (a folder, a bucket, a container).
 *
 * A target package exports `target = defineTarget({...})`; everything else it needs is named here. The contract changes
 * about once a year; `apiVersion` says which one a package was written for. Whatever the contract says that a target
 * does has a case in `@quackup/target-testkit`.
 *
 * @module
 */
export {
  type ObjectKey,
  isObjectKey,
  MAX_KEY_LENGTH,
  MAX_SEGMENT_LENGTH,
  MAX_SEGMENTS,
  objectKey,
} from './lib/object-key.ts';
export { AlignedBuffers } from './lib/aligned-buffers.ts';
export { type BodyPart, bodyParts, type PartOptions } from './lib/body-parts.ts';
export { commitSignal } from './lib/commit-signal.ts';
export { DirectWrites } from './lib/direct-writes.ts';
export { readBody } from './lib/read-body.ts';
export {
  isTargetError,
  TargetError,
  type TargetErrorCode,
  type TargetErrorOptions,
} from './lib/target-error.ts';
export {
  API_VERSION,
  type ByteRange,
  type DeleteOptions,
  type GetOptions,
  type ListOptions,
  type ObjectBody,
  type ObjectInfo,
  type ObjectRead,
  type PutCondition,
  type PutOptions,
  type StatOptions,
  type StorageTarget,
  type TargetCapabilities,
  type UnfinishedUpload,
  type UnfinishedUploadsOptions,
} from './lib/storage-target.ts';
export {
  defineTarget,
  isTargetDefinition,
  type OpenContext,
  type TargetDefinition,
} from './lib/define-target.ts';
