import type { CommandContext } from './command-context.ts';

/** A command that is ready to run. */
export type Run = (context: CommandContext) => Promise<number>;

/** Runs a command. `load` imports it: nothing that a command needs is loaded before it is known that it runs. */
export type Start = (name: string, load: () => Promise<Run>) => Promise<void>;
