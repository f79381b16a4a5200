import type { CliIo } from './cli-io.ts';
import { type Colors, colorsFor } from './colors.ts';
import type { GlobalOptions } from './global-options.ts';

/** What a command works with: the outside, the options of every command, and where its output goes. */
export class CommandContext {
  readonly io: CliIo;
  readonly options: GlobalOptions;
  /** For stdout. */
  readonly colors: Colors;
  /** For stderr. */
  readonly errorColors: Colors;

  constructor(io: CliIo, options: GlobalOptions) {
    this.io = io;
    this.options = options;
    this.colors = colorsFor(io.stdout, io.env, options.color);
    this.errorColors = colorsFor(io.stderr, io.env, options.color);
  }

  /** Prints what was asked for: `json` as one document with `--json`, else the lines. Call it once. */
  answer(json: unknown, lines: readonly string[]): void {
    if (this.options.json) this.io.stdout.write(`${JSON.stringify(json, null, 2)}\n`);
    else if (lines.length > 0) this.io.stdout.write(`${lines.join('\n')}\n`);
  }

  /** Prints what happened. Like {@link answer}, but `--quiet` silences it if all went `well`. */
  report(json: unknown, lines: readonly string[], well: boolean): void {
    this.answer(json, this.options.quiet && well ? [] : lines);
  }

  warn(text: string): void {
    this.io.stderr.write(`${this.errorColors.yellow('warning:')} ${text}\n`);
  }
}
