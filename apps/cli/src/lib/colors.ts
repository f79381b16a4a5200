import picocolors from 'picocolors';

import type { CliOutput } from './cli-io.ts';

export type Colors = ReturnType<typeof picocolors.createColors>;

/** No colours: for files, pipes and tests. */
export const PLAIN: Colors = picocolors.createColors(false);

/** Colours if `output` is a terminal that shows them and nobody said no (`--no-color`, NO_COLOR: https://no-color.org). */
export function colorsFor(output: CliOutput, env: NodeJS.ProcessEnv, wanted: boolean): Colors {
  const refused = !wanted || (env.NO_COLOR ?? '') !== '' || env.TERM === 'dumb';
  return output.isTTY === true && !refused ? picocolors.createColors(true) : PLAIN;
}
