/*
 * What is in a crontab:
 *
 *   (lines of others, which are never touched)
 *   # BEGIN quackup NAME
 *   # Written by quackup schedule; what is changed here is lost.
 *   # quackup runs at: MINUTE HOUR DAY MONTH WEEKDAY
 *   # ...
 *   MINUTE HOUR DAY MONTH WEEKDAY COMMAND
 *   MINUTE * * * * COMMAND
 *   # END quackup NAME
 *   (lines of others)
 *
 * Other lines may be in any encoding, so a crontab is handled as bytes (latin1 gives each byte a character).
 */
import { createHash } from 'node:crypto';

import { cronQuote } from './cron-quote.ts';
import { type CheckedJob, wordsOf } from './job.ts';
import type { Machine } from './machine.ts';
import { markOf } from './own-mark.ts';
import { refuseTimeZone } from './refuse-calendar.ts';
import { ScheduleError } from './schedule-error.ts';

/** MAX_COMMAND of Vixie's cron, its final NUL included. */
const MAX_COMMAND_BYTES = 999;

/**
 * The marked lines of a job.
 *
 * @throws NOT_EXPRESSIBLE if the command is longer than cron takes, or its times are of another time zone.
 */
export function cronBlock(job: CheckedJob, machine: Machine): string {
  const { name, calendar, workingDir, environment } = job;
  refuseTimeZone(calendar, machine, 'cron');
  const variables = Object.entries(environment).map(([key, value]) => `${key}=${cronQuote(value)}`);
  // Not env(1): it would take a path with "=" for a variable.
  const command = `cd ${cronQuote(workingDir)} && export ${variables.join(' ')} && exec ${wordsOf(job, true).map(cronQuote).join(' ')}`;
  const length = Buffer.byteLength(command);
  if (length > MAX_COMMAND_BYTES) {
    throw new ScheduleError(
      'NOT_EXPRESSIBLE',
      `the command has ${length} bytes; cron takes ${MAX_COMMAND_BYTES}`,
      'use shorter paths, or systemd',
    );
  }
  const times = [calendar.expression, catchUp(job)].filter((each) => each !== undefined);
  return [
    begin(name),
    ...markOf(job).map((line) => `# ${line}`),
    '# A second line looks every hour whether a run was missed; the command itself says if there is anything to do.',
    ...times.map((each) => `${each} ${command}`),
    end(name),
    '',
  ].join('\n');
}

/** Every hour, at a minute that differs from job to job; nothing if the job itself runs every hour. */
function catchUp({ name, calendar: { fields } }: CheckedJob): string | undefined {
  const { hours, daysOfMonth, months, weekdays } = fields;
  if ([hours, daysOfMonth, months, weekdays].every((field) => field === undefined)) return undefined;
  const minute = createHash('sha256').update(name).digest().readUInt32BE() % 60;
  return `${minute} * * * *`;
}

/**
 * A crontab with the block in place of the one that is there, or at its end; without one if `block` is `undefined`. All other
 * bytes stay, but that a last line without a line break gets one.
 *
 * @throws NOT_OURS if marks are there that do not belong together.
 */
export function editCrontab(current: Uint8Array, name: string, block: string | undefined): Buffer {
  const text = Buffer.from(current).toString('latin1');
  const added = block === undefined ? '' : Buffer.from(block).toString('latin1');
  const found = findBlock(text, name);
  if (found !== undefined)
    return Buffer.from(text.slice(0, found.from) + added + text.slice(found.to), 'latin1');
  if (added === '') return Buffer.from(current);
  const separator = text === '' || text.endsWith('\n') ? '' : '\n';
  return Buffer.from(text + separator + added, 'latin1');
}

/**
 * The block of a job as it is, marks included.
 *
 * @throws NOT_OURS if marks are there that do not belong together.
 */
export function readCronBlock(current: Uint8Array, name: string): string | undefined {
  const text = Buffer.from(current).toString('latin1');
  const found = findBlock(text, name);
  return found && Buffer.from(text.slice(found.from, found.to), 'latin1').toString();
}

/** Offsets of the block, its last line break included. */
function findBlock(text: string, name: string): { readonly from: number; readonly to: number } | undefined {
  const marks: { readonly isBegin: boolean; readonly from: number; readonly to: number }[] = [];
  let from = 0;
  for (const line of text.split(/(?<=\n)/)) {
    const content = line.replace(/\n$/, '');
    const to = from + line.length;
    if (content === begin(name) || content === end(name))
      marks.push({ isBegin: content === begin(name), from, to });
    from = to;
  }
  const [first, second] = marks;
  if (first === undefined) return undefined;
  if (marks.length !== 2 || !first.isBegin || second === undefined || second.isBegin) {
    throw new ScheduleError(
      'NOT_OURS',
      `the crontab has marks of "${name}" that do not belong together`,
      `correct the lines "${begin(name)}" and "${end(name)}" with \`crontab -e\``,
    );
  }
  return { from: first.from, to: second.to };
}

function begin(name: string): string {
  return `# BEGIN quackup ${name}`;
}

function end(name: string): string {
  return `# END quackup ${name}`;
}
