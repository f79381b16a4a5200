import { describe, expect, test } from 'vitest';

import type { Job } from '../src/index.ts';
import { checkJob } from '../src/lib/job.ts';
import { job } from './support/job.ts';

const command = job().command;

describe('a job', () => {
  test.each<[string, Partial<Job>, RegExp]>([
    ['a name with a line break', { name: 'x\n* * * * * rm' }, /no name of a job/],
    ['a name that is a path', { name: '../x' }, /no name of a job/],
    ['a relative Node', { command: { ...command, node: 'node' } }, /node is not absolute/],
    ['a relative script', { command: { ...command, script: './x.js' } }, /script is not absolute/],
    ['a relative folder', { readWritePaths: ['backups'] }, /readWritePaths is not absolute/],
    ['a line break in an argument', { command: { ...command, args: ['a\nb'] } }, /cannot be written down/],
    ['a carriage return in a path', { workingDir: '/a\rb' }, /cannot be written down/],
    ['a NUL', { environment: { PATH: '/bin\0' } }, /cannot be written down/],
    ['half a character', { readPaths: ['/\uD800'] }, /cannot be written down/],
    ['a variable of no name', { environment: { 'A B': 'x' } }, /no name of a variable/],
    ['a delay of more than a day', { maxDelaySeconds: 90_000 }, /maxDelaySeconds/],
  ])('with %s is refused', (_name, change, problem) => {
    expect(() => checkJob(job(change), 'posix')).toThrow(problem);
  });

  test('has the delay that is asked for, or five minutes', () => {
    expect(checkJob(job(), 'posix').maxDelaySeconds).toBe(300);
    expect(checkJob(job({ maxDelaySeconds: 0 }), 'posix').maxDelaySeconds).toBe(0);
  });
});
