import prettyMs from 'pretty-ms';

import { bytes, visible } from '../render/format.ts';
import { rateOf, remainingMsOf, type TaskState } from './task.ts';

const BAR_WIDTH = 24;

/** One line for a terminal: bar, share, bytes, rate, time left. Never longer than `columns`, so that it never wraps. */
export function formatBar(task: TaskState, columns: number): string {
  const share = task.totalBytes > 0 ? Math.min(1, task.doneBytes / task.totalBytes) : 0;
  const full = Math.round(share * BAR_WIDTH);
  const bar = '█'.repeat(full) + '░'.repeat(BAR_WIDTH - full);
  const percent = `${Math.floor(share * 100)}%`.padStart(4);
  const left = remainingMsOf(task);
  const facts = [
    `${bytes(task.doneBytes)}/${bytes(task.totalBytes)}`,
    `${bytes(Math.round(rateOf(task)))}/s`,
    left === undefined ? '' : `${prettyMs(left, { secondsDecimalDigits: 0 })} left`,
  ];
  const label = visible(task.label);
  return `${bar}${percent}  ${facts.filter(Boolean).join('  ')}  ${label}`.slice(0, Math.max(1, columns - 1));
}

/** One line for a log while a task runs. */
export function formatProgressLine(task: TaskState): string {
  const left = remainingMsOf(task);
  const time = left === undefined ? '' : `, ${prettyMs(left, { secondsDecimalDigits: 0 })} left`;
  return `${visible(task.label)}: ${bytes(task.doneBytes)} of ${bytes(task.totalBytes)}${time}`;
}

/** One line for a log when a task has ended. */
export function formatEndLine(task: TaskState): string {
  const rate = rateOf(task);
  const speed = rate === 0 ? '' : ` (${bytes(Math.round(rate))}/s)`;
  return `${visible(task.label)}: ${bytes(task.doneBytes)} in ${prettyMs(task.elapsedMs)}${speed}`;
}
