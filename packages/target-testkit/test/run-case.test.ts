import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

import { describe, expect, it } from 'vitest';

import {
  type CaseResult,
  type ConformanceCase,
  conformanceCases,
  MemoryStore,
  MemoryTarget,
  runCase,
  runConformance,
} from '../src/index.ts';
import { checkBytes, checkEqual, checkRejects } from '../src/lib/check.ts';
import { store as put } from '../src/lib/reading.ts';

const store = new MemoryStore();
const open = async (): Promise<MemoryTarget> => new MemoryTarget({ store });
const caseOf = (run: ConformanceCase['run'], more: Partial<ConformanceCase> = {}): ConformanceCase => ({
  id: 'x.y',
  sentence: 'x',
  safe: true,
  run,
  ...more,
});
const fail = async (): Promise<void> => {
  throw new Error('broken');
};

const status = async (more: Partial<ConformanceCase>, target: MemoryTarget, large = false): Promise<string> =>
  (
    await runCase(
      caseOf(async () => {}, more),
      { open: async () => target, large },
    )
  ).status;
const first = (setup: object): Promise<unknown> => runConformance({ open, ...setup }).next();

describe('runCase', () => {
  it('passes a case that resolves and removes what it stored', async () => {
    const passed = await runCase(
      caseOf(async ({ target, key, prefix }) => {
        expect(prefix).toMatch(/^some\/x\.y-[0-9a-f]{8}\/$/);
        await put(target, key('a'), new Uint8Array(3));
        await target.close();
      }),
      { open, keyPrefix: 'some/' },
    );
    expect(passed.status).toBe('passed');
    expect(store.objects.size).toBe(0);
  });

  it('fails a case that rejects, and still removes what it stored', async () => {
    const result = await runCase(
      caseOf(async ({ target, key }) => {
        await put(target, key('a'), new Uint8Array(3));
        await fail();
      }),
      { open },
    );
    expect(result).toMatchObject({ status: 'failed', error: { message: 'broken' } });
    expect(store.objects.size).toBe(0);
  });

  it('ends a case that does not end itself', async () => {
    const result = await runCase(
      caseOf(() => new Promise(() => {})),
      { open, timeoutMs: 20 },
    );
    expect(result).toMatchObject({ status: 'failed', error: { message: 'x.y did not finish within 20 ms' } });
  });

  it('fails if the target cannot be opened', async () => {
    expect(await runCase(caseOf(fail), { open: () => Promise.reject(new Error('no way')) })).toMatchObject({
      status: 'failed',
      error: { message: 'no way' },
    });
  });

  it('knows failures, and fails a known failure that passes or does not apply', async () => {
    const setup = { open, knownFailures: { 'x.y': 'the service ignores it' } };
    expect(await runCase(caseOf(fail), setup)).toMatchObject({
      status: 'known-failure',
      reason: 'the service ignores it',
    });
    const passing = await runCase(
      caseOf(async () => {}),
      setup,
    );
    expect(passing).toMatchObject({
      status: 'failed',
      error: { message: expect.stringContaining('x.y passes') },
    });
    expect(await runCase(caseOf(fail, { requires: 'large' }), setup)).toMatchObject({ status: 'failed' });
  });

  it('runs a case only where it applies', async () => {
    const limited = new MemoryTarget({ capabilities: { putIfAbsent: false, maxObjectSize: 100 } });
    expect(await status({ requires: 'putIfAbsent' }, limited)).toBe('not-applicable');
    expect(await status({ unless: 'putIfAbsent' }, limited)).toBe('passed');
    expect(await status({ unless: 'putIfMatch' }, limited)).toBe('not-applicable');
    expect(await status({ requires: 'small-limit' }, limited)).toBe('passed');
    expect(await status({ requires: 'maxObjectSize' }, new MemoryTarget())).toBe('not-applicable');
    expect(await status({ requires: 'large' }, new MemoryTarget(), true)).toBe('passed');
  });
});

describe('runConformance', () => {
  it('runs all cases, or only those that are safe beside other objects', async () => {
    const results: CaseResult[] = [];
    for await (const result of runConformance({ open }, { safeOnly: true })) results.push(result);
    expect(results.filter(({ status }) => status === 'failed')).toEqual([]);
    expect(results.map(({ id }) => id)).toEqual(
      conformanceCases.filter(({ safe }) => safe).map(({ id }) => id),
    );
    expect(results.length).toBeLessThan(conformanceCases.length);
  });

  it('refuses known failures that are no cases, and prefixes that no key can have', async () => {
    await expect(first({ knownFailures: { 'x.y': 'mistyped' } })).rejects.toThrow(
      '"x.y", which is not a conformance case',
    );
    await expect(first({ keyPrefix: '../' })).rejects.toMatchObject({ code: 'INVALID_KEY' });
  });
});

describe('assertions', () => {
  it('say what was expected and what came', async () => {
    expect(() => checkEqual([1], [2], 'keys')).toThrow('keys: expected [2], got [1]');
    const message = 'object: byte 2 of 3 is not what was stored';
    expect(() => checkBytes(Buffer.from('abd'), Buffer.from('abc'), 'object')).toThrow(message);
    expect(() => checkBytes(Buffer.from('ab'), Buffer.from('abc'), 'object')).toThrow(
      'expected 3 bytes, got 2',
    );
    await expect(checkRejects(Promise.resolve(), 'CLOSED', 'stat')).rejects.toThrow('but it resolved');
    await expect(checkRejects(fail(), 'CLOSED', 'stat')).rejects.toThrow('got Error: broken');
  });
});

// The wrapper itself could silently test nothing, so it runs in a vitest of its own, on a broken target.
it(
  'fails in vitest where a case fails, skips what does not apply and passes the rest',
  { timeout: 60_000 },
  async () => {
    const vitest = join(import.meta.dirname, '..', 'node_modules', 'vitest', 'vitest.mjs');
    const config = join(import.meta.dirname, 'wrapper', 'vitest.config.ts');
    const folder = await mkdtemp(join(tmpdir(), 'quackup-testkit-'));
    const file = join(folder, 'report.json');
    const args = [vitest, 'run', '--config', config, '--reporter=json', `--outputFile=${file}`];
    const outcome: unknown = await promisify(execFile)(process.execPath, args).catch(
      (error: unknown) => error,
    );
    expect(outcome).toMatchObject({ code: 1 });
    const report = JSON.parse(await readFile(file, 'utf8')) as {
      testResults: { assertionResults: { title: string; status: string }[] }[];
    };
    await rm(folder, { recursive: true });
    const tests = report.testResults.flatMap(({ assertionResults }) => assertionResults);
    expect(tests.length).toBe(conformanceCases.length);
    const idsOf = (status: string): readonly string[] =>
      tests.filter((test) => test.status === status).map(({ title }) => title.slice(0, title.indexOf(':')));
    expect(idsOf('failed')).toEqual(['get.range', 'get.info-of-whole']);
    expect(idsOf('pending').concat(idsOf('skipped'))).toContain('if-absent.denied');
    expect(idsOf('passed')).toEqual(expect.arrayContaining(['identity.names', 'get.body']));
  },
);
