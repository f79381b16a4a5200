// Adds up what the packages' test runs wrote (vitest's JSON reports) and prints the line that CI reads.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
let passed = 0;
let failed = 0;
// '.' for bench, which is in no group.
for (const group of ['packages', 'apps', 'internal', 'examples', '.']) {
  for (const folder of readdirSync(join(root, group))) {
    const report = join(root, group, folder, 'test-results', 'results.json');
    if (!existsSync(report)) continue;
    const { numPassedTests, numFailedTests, numFailedTestSuites, success } = JSON.parse(
      readFileSync(report, 'utf8'),
    );
    passed += numPassedTests;
    // A file that cannot be loaded fails without a failed test.
    failed += numFailedTests + (success || numFailedTests > 0 ? 0 : Math.max(1, numFailedTestSuites));
  }
}
console.log(`${passed} passed, ${failed} failed`);
process.exitCode = failed === 0 && passed > 0 ? 0 : 1;
