// Given to the command line by `--import`: appends the URL of every module that is loaded to the file QUACKUP_TEST_MODULES.
import { appendFileSync } from 'node:fs';
import { registerHooks } from 'node:module';

const file = process.env['QUACKUP_TEST_MODULES'];
if (file !== undefined) {
  registerHooks({
    load: (url, context, next) => {
      appendFileSync(file, `${url}\n`);
      return next(url, context);
    },
  });
}
