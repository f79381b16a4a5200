import { didYouMean } from './suggest.ts';
import type { ConfigProblem, YamlSource } from './yaml-source.ts';

/**
 * Checks that `backup.targets` names targets that there are, each once: what the schema cannot say. Takes the value as it
 * was read, whether or not the schema accepts it, so that all problems of a file are told at once.
 */
export function checkTargetNames(value: unknown, source: YamlSource): ConfigProblem[] {
  const named = memberOf(memberOf(value, 'backup'), 'targets');
  const targets = memberOf(value, 'targets');
  if (!Array.isArray(named)) return [];
  const known = typeof targets === 'object' && targets !== null ? Object.keys(targets) : [];
  return named.flatMap((name: unknown, index): ConfigProblem[] => {
    if (typeof name !== 'string') return [];
    const offset = source.offsetOf(['backup', 'targets', index]);
    if (!known.includes(name))
      return [{ text: `there is no target "${name}"${didYouMean(name, known)}`, offset }];
    return named.indexOf(name) === index ? [] : [{ text: `the target "${name}" is named twice`, offset }];
  });
}

function memberOf(value: unknown, key: string): unknown {
  return typeof value === 'object' && value !== null
    ? Object.getOwnPropertyDescriptor(value, key)?.value
    : undefined;
}
