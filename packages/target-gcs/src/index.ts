/**
 * A target that keeps objects in a bucket of Google Cloud Storage. Google's library is loaded when a target is opened, not
 * with this module.
 *
 * @module
 */
export type { GcsOptions } from './lib/gcs-options.ts';
export type { GcsTarget } from './lib/gcs-target.ts';
export { type GcsAuthClient, type GcsEnvironment, openGcsTarget } from './lib/open-gcs-target.ts';
export { target } from './lib/target.ts';
