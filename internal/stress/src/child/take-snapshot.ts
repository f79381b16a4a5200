/** Takes one snapshot of the first path to the second, in a process that can be stopped. */
import { snapshot } from '@quackup/core';

const [path = '', to = ''] = process.argv.slice(2);
await snapshot(path, { to });
