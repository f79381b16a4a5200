import { describe, expect, test } from 'vitest';

import { thisMachine } from '../src/index.ts';

describe('this machine', () => {
  test('runs programs without a shell, with input, and says how they end', async () => {
    const machine = thisMachine();
    const script = `process.stdin.on('data', (chunk) => process.stdout.write(chunk)).on('end', () => {
      process.stderr.write(process.argv[1] + process.env.LC_ALL); process.exitCode = 3; });`;
    expect(await machine.run(process.execPath, ['-e', script, '$HOME "x"'], Buffer.from('in'))).toEqual({
      status: 3,
      stdout: Buffer.from('in'),
      stderr: '$HOME "x"C',
    });
  });

  test('says what is wrong with a program that is not there', async () => {
    const { status, stderr } = await thisMachine().run('/no/such/program', []);
    expect(status).toBe(-1);
    expect(stderr).toMatch(/ENOENT/);
  });
});
