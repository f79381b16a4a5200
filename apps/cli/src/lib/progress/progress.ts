import type { OnProgress } from '@quackup/core';

import type { CommandContext } from '../command-context.ts';
import { visible } from '../render/format.ts';

/** Shows the progress of an operation until it is disposed of. */
export interface Progress extends Disposable {
  readonly onProgress: OnProgress;
}

/**
 * Progress on stderr: bars on a terminal, lines otherwise. With `--quiet` only warnings; informative messages need `--verbose`.
 */
export async function startProgress(context: CommandContext): Promise<Progress> {
  const { io, options } = context;
  if (options.quiet) {
    return withMessages(context, { onProgress: () => {}, [Symbol.dispose]: () => {} }, (text) =>
      io.stderr.write(text),
    );
  }
  if (io.stderr.isTTY === true && io.env.TERM !== 'dumb') {
    const { ProgressBars } = await import('./progress-bars.ts');
    const bars = new ProgressBars(io);
    return withMessages(context, bars, (text) => bars.write(text));
  }
  const { ProgressLines } = await import('./progress-lines.ts');
  return withMessages(context, new ProgressLines(io), (text) => io.stderr.write(text));
}

function withMessages(context: CommandContext, progress: Progress, write: (text: string) => void): Progress {
  return {
    onProgress: (event) => {
      if (event.type !== 'message') progress.onProgress(event);
      else if (event.level === 'warning') {
        write(`${context.errorColors.yellow('warning:')} ${visible(event.text)}\n`);
      } else if (context.options.verbose) write(`${visible(event.text)}\n`);
    },
    [Symbol.dispose]: () => progress[Symbol.dispose](),
  };
}
