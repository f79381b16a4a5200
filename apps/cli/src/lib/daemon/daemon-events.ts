import type { CommandContext } from '../command-context.ts';
import type { LogFacts, LogLevel } from '../log/run-log.ts';
import { visible } from '../render/format.ts';

/** What a daemon says, a line each. */
export type SayEvent = (event: string, level: LogLevel, message: string, facts?: LogFacts) => void;

/**
 * Lines on stdout: `2026-11-27T02:00:13.000Z info    message`, or with `--json` one object a line: `{at, level, event, message, ...}`.
 * With `--quiet` only warnings and errors.
 */
export function eventsTo({ io, options }: CommandContext): SayEvent {
  return (event, level, message, facts = {}) => {
    if (options.quiet && level === 'info') return;
    const at = io.now().toISOString();
    const line = options.json
      ? JSON.stringify({ at, level, event, message, ...facts })
      : `${at} ${level.padEnd(7)} ${visible(message)}`;
    io.stdout.write(`${line}\n`);
  };
}
