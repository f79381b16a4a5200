/**
 * An S3 server in one process, for tests.
 *
 * @module
 */
export type { S3Fault, S3Faults } from './lib/faults.ts';
export type { S3Operation } from './lib/operation.ts';
export type { RequestRecord } from './lib/server-state.ts';
export type { ConditionSupport, S3ServerOptions } from './lib/server-options.ts';
export { type S3Server, startS3Server } from './lib/start-s3-server.ts';
export { type Rgw, startRgw } from './lib/start-rgw.ts';
export { whyNoRgw } from './lib/why-no-rgw.ts';
