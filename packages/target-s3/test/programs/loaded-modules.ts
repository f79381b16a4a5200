// Prints how many modules of the SDK are loaded with the package, and how many once a target is open.
import { registerHooks } from 'node:module';

let loaded = 0;
registerHooks({
  load: (url, context, next) => {
    if (/@aws-sdk|@smithy/.test(url)) loaded += 1;
    return next(url, context);
  },
});
const { openS3Target } = await import('../../src/index.ts');
const withPackage = loaded;
await using _ = await openS3Target({ bucket: 'test', region: 'eu-west-1' });
console.log(JSON.stringify({ withPackage, withTarget: loaded }));
