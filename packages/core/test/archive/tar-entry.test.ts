import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import * as fc from 'fast-check';
import { Parser } from 'tar';
import { expect, test } from 'vitest';

import { TAR_END, tarHead, tarPadding } from '../../src/lib/archive/tar-entry.ts';
import { tempFolder } from '../make-database.ts';

const modifiedAt = new Date('2026-01-02T03:04:05.678Z');

/** What the `tar` package makes of a head. */
function parse(
  head: Uint8Array,
): { path: string; size: number; type: string; mtime: number | undefined } | undefined {
  let found: ReturnType<typeof parse>;
  const parser = new Parser({
    strict: true,
    onReadEntry: (entry) => {
      const { path, size, type, mtime } = entry;
      found = { path, size, type, mtime: mtime?.getTime() };
      entry.resume();
    },
  });
  parser.write(Buffer.from(head));
  return found;
}

test('every name and size is read back as it was', () => {
  const name = fc
    .string({ unit: 'grapheme', minLength: 1, maxLength: 120 })
    .filter((text) => !/[\0/\\]/.test(text));
  const size = fc.oneof(
    fc.nat(),
    fc.constantFrom(0, 8 * 1024 ** 3 - 1, 8 * 1024 ** 3, 2 ** 40),
    fc.maxSafeNat(),
  );
  fc.assert(
    fc.property(name, size, (text, bytes) => {
      const path = `backup_20260101_000000/${text}`;
      const head = tarHead({ path, size: bytes, modifiedAt });
      expect(head.length % 512).toBe(0);
      expect(parse(head)).toEqual({
        path,
        size: bytes,
        type: 'File',
        mtime: Date.parse('2026-01-02T03:04:05Z'),
      });
    }),
    { numRuns: 300 },
  );
});

test('a name that is not ASCII stands in a pax header, which says that it is UTF-8', () => {
  const [plain, foreign] = ['plain', 'é'].map((path) => tarHead({ path, size: 1, modifiedAt }));
  expect(plain?.length).toBe(512);
  expect(foreign?.toString('latin1', 156, 157)).toBe('x');
  expect(foreign?.toString('utf8', 512, 1024)).toContain(' path=é\n');
});

test('padding fills up to the next head', () => {
  fc.assert(
    fc.property(fc.nat(), (size) => {
      const padding = tarPadding(size);
      expect((size + padding.length) % 512).toBe(0);
      expect(padding.length).toBeLessThan(512);
      expect(padding.every((byte) => byte === 0)).toBe(true);
    }),
  );
});

test('the tar of the system unpacks long and foreign names', () => {
  using place = tempFolder();
  const names = ['plain', 'é 鴨.duckdb', 'x'.repeat(180), `${'ü'.repeat(90)}.wal`];
  const parts = names.flatMap((name, number) => {
    const body = Buffer.alloc(number * 700, 65 + number);
    return [
      tarHead({ path: `backup/${name}`, size: body.length, modifiedAt }),
      body,
      tarPadding(body.length),
    ];
  });
  const archive = join(place.path, 'archive.tar');
  writeFileSync(archive, Buffer.concat([...parts, TAR_END]));
  mkdirSync(join(place.path, 'out'));
  execFileSync('tar', ['-xf', archive, '-C', join(place.path, 'out')]);
  expect(readdirSync(join(place.path, 'out/backup')).sort()).toEqual([...names].sort());
  for (const [number, name] of names.entries()) {
    expect(readFileSync(join(place.path, 'out/backup', name)).length).toBe(number * 700);
  }
});
