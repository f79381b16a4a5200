import type { Method, Scope } from '@quackup/schedule';

import type { Colors } from '../colors.ts';

/** A schedule as `schedule show` tells it. */
export interface ShownSchedule {
  readonly method: Method;
  readonly scope: Scope;
  readonly name: string;
  readonly state: 'absent' | 'current' | 'different';
  /** Five fields. */
  readonly cron: string;
  /** IANA name. */
  readonly timeZone: string;
  readonly planned: string;
  readonly installed: string | null;
  readonly next: readonly Date[];
}

export function renderSchedule(shown: ShownSchedule, colors: Colors): string[] {
  const { method, scope, name, state, planned, installed, next, timeZone } = shown;
  const where = `${method}, for the ${scope}`;
  const head = {
    absent: `${colors.yellow('not installed')}; with ${where} this would be:`,
    current: `${colors.green('installed')} with ${where}:`,
    different: `${colors.yellow('installed otherwise than it would be now')} with ${where} (quackup schedule install renews it):`,
  }[state];
  return [`${colors.bold(name)}  ${head}`, (installed ?? planned).trimEnd(), ...renderNext(next, timeZone)];
}

/** `next: 2026-11-27 02:00 (Europe/Berlin), ...`, a line each. */
export function renderNext(next: readonly Date[], timeZone: string | undefined): string[] {
  const format = new Intl.DateTimeFormat('sv-SE', {
    dateStyle: 'short',
    timeStyle: 'short',
    ...(timeZone !== undefined && { timeZone }),
  });
  const zone = format.resolvedOptions().timeZone;
  return next.map((time, index) => `${index === 0 ? 'next: ' : '      '}${format.format(time)} (${zone})`);
}
