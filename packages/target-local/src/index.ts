/**
 * A target that keeps objects in a folder of the file system.
 *
 * @module
 */
export { LocalTarget, type LocalTargetOptions } from './lib/local-target.ts';
export { target } from './lib/target.ts';
