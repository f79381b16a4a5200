export type CliInput = NodeJS.ReadableStream & { readonly isTTY?: boolean };
export type CliOutput = NodeJS.WritableStream & { readonly isTTY?: boolean; readonly columns?: number };

/** Everything outside that a run of the command line uses. */
export interface CliIo {
  /** Read only by questions, and only if it is a terminal. */
  readonly stdin: CliInput;
  /** What was asked for; with `--json` one JSON document and nothing else. */
  readonly stdout: CliOutput;
  /** Progress, warnings, errors. */
  readonly stderr: CliOutput;
  readonly env: NodeJS.ProcessEnv;
  /** Absolute: paths on the command line are relative to it. */
  readonly cwd: string;
  readonly now: () => Date;
  /** From 0 up to, not including, 1. Default: `Math.random`. */
  readonly random?: () => number;
  /** Aborted when the run is to end early; it then ends with exit code 130. */
  readonly signal: AbortSignal;
  /** Calls the listener at each SIGHUP, until what it returns is disposed of. Absent where there is none. */
  readonly onHangup?: (listener: () => void) => Disposable;
}
