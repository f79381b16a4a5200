import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { clip } from '../src/lib/clip.ts';
import { formatBytes, formatDuration } from '../src/lib/format-quantities.ts';
import { eventTexts } from '../src/lib/report-text.ts';
import { event } from './support/event.ts';

describe('texts', () => {
  test('are cut between characters, and never longer than allowed', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: 'binary', maxLength: 200 }),
        fc.integer({ min: 20, max: 300 }),
        (text, max) => {
          const cut = clip(text, max);
          expect(Buffer.byteLength(cut)).toBeLessThanOrEqual(max);
          if (Buffer.byteLength(text) <= max) expect(cut).toBe(text);
          else expect(text.startsWith(cut.replace(/\n… \(cut off\)$/, ''))).toBe(true);
        },
      ),
    );
    expect(clip('ä'.repeat(30), 35)).toBe(`${'ä'.repeat(10)}\n… (cut off)`);
  });

  test.each([
    [-5, '0.0 s'],
    [300, '0.3 s'],
    [9_960, '10 s'],
    [59_600, '1 min'],
    [83_000, '1 min 23 s'],
    [3_599_600, '1 h'],
    [5_400_000, '1 h 30 min'],
    [26 * 3_600_000, '1 d 2 h'],
  ])('%d ms are %s', (ms, text) => {
    expect(formatDuration(ms)).toBe(text);
  });

  test.each([
    [0, '0 bytes'],
    [999, '999 bytes'],
    [1000, '1.0 kB'],
    [999_999, '1.0 MB'],
    [123_456_789, '123 MB'],
  ])('%d are %s', (bytes, text) => {
    expect(formatBytes(bytes)).toBe(text);
  });

  test('name thirty problems and count the others', () => {
    const problems = Array.from({ length: 1000 }, (_, index) => ({ code: `P${index}`, message: 'm' }));
    const lines = eventTexts(event({ problems }), 'failure').problems.split('\n');
    expect(lines).toHaveLength(31);
    expect(lines.at(-1)).toBe('- and 970 more');
  });

  test('say what is over, without what to do about it', () => {
    const over = [{ code: 'X', subject: 'nas', message: 'was down', hint: 'plug it in' }];
    const { report } = eventTexts(event({ over, problems: [], kind: 'success' }), 'recovery');
    expect(report).toMatch(/^RECOVERED: /);
    expect(report).toContain('What is over:\n- X (nas): was down\n\n');
    expect(report).not.toContain('What is wrong');
  });
});
