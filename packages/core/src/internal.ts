/** For the tests of this repository alone: the parts of the hot copy, so that each rule can be dropped. Not published. */
export { ScratchFolder } from './lib/process/scratch-folder.ts';
export { DatabaseReader } from './lib/snapshot/database-reader.ts';
export { freezeDatabase, type FreezeOptions } from './lib/snapshot/freeze.ts';
export { RULES, type Rules } from './lib/snapshot/rules.ts';
export type { Snapshot } from './lib/snapshot/snapshot.ts';
export { writeSnapshot } from './lib/snapshot/write-snapshot.ts';
