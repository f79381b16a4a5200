import { InvalidArgumentError, Option } from 'commander';

/** The input of a command that works on one target. */
export interface OneTarget {
  readonly target?: string;
}

export function oneTarget(what: string): Option {
  return new Option('--target <name>', what);
}

export function collect(value: string, before: readonly string[]): string[] {
  return [...before, value];
}

export function toCount(text: string): number {
  if (!/^\d{1,9}$/.test(text)) throw new InvalidArgumentError('It must be a whole number, 0 or more.');
  return Number(text);
}
