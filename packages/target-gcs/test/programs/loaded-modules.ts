// Prints how many modules of Google's library are loaded with the package, and how many once a target is open.
import { registerHooks } from 'node:module';

let loaded = 0;
registerHooks({
  load: (url, context, next) => {
    if (/\/(google-auth-library|gaxios)\//.test(url)) loaded += 1;
    return next(url, context);
  },
});
const { openGcsTarget } = await import('../../src/index.ts');
const withPackage = loaded;
await using _ = await openGcsTarget({ bucket: 'test' });
console.log(JSON.stringify({ withPackage, withTarget: loaded }));
