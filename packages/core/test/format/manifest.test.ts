import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import * as fc from 'fast-check';
import { expect, test } from 'vitest';

import { formatManifest, parseManifest } from '../../src/lib/format/manifest.ts';
import { formatMetadata } from '../../src/lib/format/metadata.ts';
import { GOLDEN } from '../archive/stored-backup.ts';
import { parsePlain } from '../plain-manifest.ts';

const NAME = 'backup_20260107_020304';
const text = readFileSync(join(GOLDEN, 'several', `${NAME}.json`), 'utf8');
const damaged = expect.objectContaining({ code: 'BACKUP_DAMAGED' });

test('a manifest that is read and written again is the same text', () => {
  const { format: _, sha256: __, ...manifest } = parsePlain(text, NAME);
  expect(formatManifest(manifest)).toBe(text);
});

test('every text that differs in one place is refused', () => {
  fc.assert(
    fc.property(
      fc.nat({ max: text.length - 1 }),
      fc.string({ unit: 'binary-ascii', maxLength: 2 }),
      (at, put) => {
        const changed = text.slice(0, at) + put + text.slice(at + 1);
        if (changed === text) return;
        expect(() => parseManifest(changed, NAME)).toThrow(damaged);
      },
    ),
    { numRuns: 1000 },
  );
});

test('every text that is cut off is refused', () => {
  for (let length = 0; length < text.length; length += 1) {
    expect(() => parseManifest(text.slice(0, length), NAME)).toThrow(damaged);
  }
});

test('the manifest of another backup is refused', () => {
  expect(() => parseManifest(text, 'backup_20260107_020305')).toThrow(damaged);
});

test('a whole manifest of a later format is refused as such', () => {
  const { format: _, sha256: __, ...manifest } = parsePlain(text, NAME);
  const later = formatManifest({ ...manifest, format: 3 } as typeof manifest);
  expect(() => parseManifest(later, NAME)).toThrow(expect.objectContaining({ code: 'FORMAT_UNSUPPORTED' }));
});

test('a key that is not known is refused', () => {
  const { format: _, sha256: __, ...manifest } = parsePlain(text, NAME);
  const odd = formatManifest({ ...manifest, more: 1 } as typeof manifest);
  expect(() => parseManifest(odd, NAME)).toThrow(damaged);
});

test('a manifest that could not be read again is not written', () => {
  const { format: _, sha256: __, ...manifest } = parsePlain(text, NAME);
  const failed = Array.from({ length: 50_000 }, (_item, item) => ({
    name: `d${item}`,
    path: '/data',
    code: 'DATABASE_NOT_FOUND',
    message: 'gone',
  }));
  expect(() => formatManifest({ ...manifest, failed })).toThrow(
    expect.objectContaining({ code: 'BACKUP_FAILED' }),
  );
});

test('the metadata have the keys that OpenQuant wrote', () => {
  const createdAt = new Date('2026-01-02T03:04:05Z');
  const databases = [{ name: 'é"\\', path: '/a/é"\\', sizeBytes: 7 }];
  const metadata: unknown = JSON.parse(formatMetadata({ name: NAME, kind: 'full', createdAt, databases }));
  expect(metadata).toMatchObject({
    timestamp: '2026-01-02T03:04:05.000Z',
    databases: [{ name: 'é"\\', original_path: '/a/é"\\', size_bytes: 7 }],
    quackup: { format: 1, backup: NAME, kind: 'full' },
  });
});
