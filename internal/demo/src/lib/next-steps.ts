/** What the user can do with what the demo leaves behind. `shown` is its folder as the user would type it. */
export function nextSteps(shown: string): readonly string[] {
  return [
    '',
    `Everything is in ${shown}/: data, backups, restored, quackup.yaml. Next:`,
    '  npm start -- my.duckdb                                          back up a database of your own to ./backups',
    `  npm run quackup -- backup --config ${shown}/quackup.yaml              once more`,
    '  npm run quackup -- init                                         write a configuration for your databases',
    '  npm run quackup -- --help                                       everything else',
  ];
}
