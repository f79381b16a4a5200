import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { enginePaths } from '../src/lib/engines.ts';
import { canPreload } from '../src/lib/preload.ts';
import { DROPPABLE } from '../src/lib/rules.ts';
import { play } from '../src/lib/staged/play.ts';
import { STORIES, type Story } from '../src/lib/staged/stories.ts';
import type { Attempt } from '../src/lib/summary.ts';

const LIMIT_MS = 400_000;
// A story needs Linux and a C compiler; where tools are required it fails without.
const canPlay = canPreload() || process.env['QUACKUP_TOOLS'] === 'required';

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'quackup-stories-test-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const tell = (story: Story, without: readonly string[]): Promise<Attempt> =>
  play(story, {
    engine: enginePaths(['1.5'], folder).get('1.5') ?? '',
    without,
    waitMs: 60_000,
    folder,
  });

test('there is a story for each rule', () => {
  expect(STORIES.map(({ rule }) => rule).toSorted()).toEqual(Object.keys(DROPPABLE).toSorted());
});

describe.skipIf(!canPlay).for(STORIES)('$name', (story) => {
  test(`without the rule ${story.rule} its copy is bad`, { timeout: LIMIT_MS }, async () => {
    expect(await tell(story, [story.rule])).toMatchObject({ outcome: 'bad' });
  });

  test('with all rules it is not', { timeout: LIMIT_MS }, async () => {
    const { outcome, wrong } = await tell(story, []);
    expect({ outcome, wrong }).toEqual(
      story.mustFail === true
        ? { outcome: 'given up', wrong: [expect.stringContaining('fails its checksum')] }
        : { outcome: 'good', wrong: [] },
    );
  });
});
