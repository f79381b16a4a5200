import type { Command, Option } from 'commander';

/** Refuses a second value for an option that takes one, in all commands: by itself the last one would win in silence. */
export function refuseRepeats(command: Command): void {
  for (const option of command.options.filter(takesOneValue)) {
    let times = 0;
    command.on(`option:${option.name()}`, () => {
      times += 1;
      if (times < 2) return;
      command.error(`error: option '${option.flags}' is there twice, and takes one value`, {
        code: 'commander.repeatedOption',
      });
    });
  }
  for (const each of command.commands) refuseRepeats(each);
}

/** One that collects values begins with a list. */
function takesOneValue({ required, optional, variadic, defaultValue }: Option): boolean {
  return (required || optional) && !variadic && !Array.isArray(defaultValue);
}
