import { MemoryStore, MemoryTarget, FaultyTarget, type ConformanceSetup } from '../src/index.ts';
import { describeTarget } from '../src/vitest.ts';
import type { MemoryTargetOptions } from '../src/index.ts';
import { wholeSetup } from './memory-definition.ts';
import { type Uploads, withUploads } from './uploads.ts';

function memory(options: MemoryTargetOptions = {}): ConformanceSetup {
  const store = new MemoryStore();
  return { ...wholeSetup(store), open: async () => new MemoryTarget({ ...options, store }) };
}

const places = new MemoryStore();
const uploads: Uploads = new Set();
describeTarget('MemoryTarget that tells its uploads', {
  open: async () => withUploads(new MemoryTarget({ store: places }), uploads),
});

const inMemory = { 'put.bounded-memory': 'the objects themselves are in memory' };

describeTarget('MemoryTarget', { ...memory(), large: true, knownFailures: inMemory });
describeTarget(
  'MemoryTarget that denies conditions',
  memory({ capabilities: { putIfAbsent: false, putIfMatch: false } }),
);
describeTarget('MemoryTarget with a limit', memory({ capabilities: { maxObjectSize: 10 * 1024 * 1024 } }));
describeTarget('MemoryTarget under a prefix', { ...memory(), keyPrefix: 'some/where-' });

const { open } = memory();
describeTarget('FaultyTarget without faults', { open: async () => new FaultyTarget(await open()) });
