// What `npm start` shows: see run-demo.ts. The only file here that touches the process.
import { resolve } from 'node:path';

import { demoPlaces } from './lib/demo-places.ts';
import { runDemo } from './lib/run-demo.ts';

try {
  process.exitCode = await runDemo(demoPlaces(resolve('demo'), 'demo'), {
    say: (line) => process.stdout.write(`${line}\n`),
    colors: process.stdout.isTTY && process.env['NO_COLOR'] === undefined,
    childOutput: 'inherit',
  });
} catch (error) {
  process.stderr.write(`the demo failed: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
}
