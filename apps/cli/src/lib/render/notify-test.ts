import type { Colors } from '../colors.ts';
import type { NotifierResult } from '../notify/messenger.ts';
import { visible } from './format.ts';

/** A line for each channel, and what went wrong. */
export function renderNotifyTest(results: readonly NotifierResult[], colors: Colors): string[] {
  return results.flatMap(({ channel, type, ok, error, warning }) => [
    `${ok ? colors.green('ok') : colors.red('FAILED')}  ${channel} (${type})${error === undefined ? '' : `: ${visible(error)}`}`,
    ...(warning === undefined ? [] : [`  ${colors.yellow('warning:')} ${visible(warning)}`]),
  ]);
}
