// Prints how many modules of the SDK are loaded with the package, and how many once a target is open.
import { registerHooks } from 'node:module';

const loaded = { sdk: 0, identity: 0 };
registerHooks({
  load: (url, context, next) => {
    if (url.includes('/@azure/identity/')) loaded.identity += 1;
    else if (url.includes('/@azure/')) loaded.sdk += 1;
    return next(url, context);
  },
});
const { openAzureTarget } = await import('../../src/index.ts');
const withPackage = { ...loaded };
await using _ = await openAzureTarget({ container: 'test', account: 'acme', accountKey: 'AAAA' });
const withKey = { ...loaded };
await using __ = await openAzureTarget({ container: 'test', account: 'acme' });
console.log(JSON.stringify({ withPackage, withKey, withEntraId: loaded }));
