import { expect, test } from 'vitest';

import type { CloudPlace } from './cloud-places.ts';
import { Site } from './cloud-site.ts';

/** Encrypted backups whose recipients change: archives of several parts are replaced. */
export function rekeyTest(makeCloud: () => Promise<CloudPlace>): void {
  test('encrypted backups get other recipients', { timeout: 120_000 }, async () => {
    await using site = await Site.make(makeCloud, 500_000);
    const [one, two] = [await site.makeKey('one.txt'), await site.makeKey('two.txt')];
    await site.configure(`encryption: { recipients: [${one}] }`);
    const { backup } = (await site.well('backup')) as { backup: string };
    await site.configure(
      `encryption: { recipients: [${two}], identities: [{ file: one.txt }, { file: two.txt }] }`,
    );
    expect(await site.well('rekey')).toMatchObject({
      results: [
        {
          rekeyed: [{ backup, added: [expect.any(String)], removed: [expect.any(String)] }],
          failed: [],
        },
      ],
    });
    expect((await site.cloud.names()).filter((name) => name.startsWith('leases/'))).toEqual([]);
    await site.configure(`encryption: { recipients: [${two}], identities: { file: one.txt } }`);
    expect((await site.run('restore', backup, '--restore-dir', 'nowhere')).json).toMatchObject({
      error: { code: 'KEY_WRONG' },
    });
    await site.configure(`encryption: { recipients: [${two}], identities: { file: two.txt } }`);
    expect(await site.well('verify', backup)).toMatchObject({ results: [{ ok: true, problems: [] }] });
    await site.expectRestores(backup);
  });
}
