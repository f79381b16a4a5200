/**
 * A Google Cloud Storage server in one process, for tests.
 *
 * @module
 */
export type { GcsFault, GcsFaults } from './lib/faults.ts';
export type { GcsOperation } from './lib/operation.ts';
export type { GcsServerOptions, RequestRecord } from './lib/server-state.ts';
export { type GcsServer, startGcsServer } from './lib/start-gcs-server.ts';
