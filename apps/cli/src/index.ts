/**
 * The command line of Quackup as a function: `quackup` (bin.ts) is this with the process's own streams.
 *
 * @module
 */
export { type CliInput, type CliIo, type CliOutput } from './lib/cli-io.ts';
export { runCli } from './lib/run-cli.ts';
