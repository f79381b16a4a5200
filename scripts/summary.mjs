// Reads what the test run wrote (vitest's JSON report) and prints the line that CI reads.
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const report = join(root, 'test-results', 'results.json');
const none = { numPassedTests: 0, numFailedTests: 0, numFailedTestSuites: 0, success: false };
const { numPassedTests, numFailedTests, numFailedTestSuites, success } = existsSync(report)
  ? JSON.parse(readFileSync(report, 'utf8'))
  : none;
// A file that cannot be loaded fails without a failed test.
const failed = numFailedTests + (success || numFailedTests > 0 ? 0 : Math.max(1, numFailedTestSuites));
console.log(`${numPassedTests} passed, ${failed} failed`);
process.exitCode = failed === 0 && numPassedTests > 0 ? 0 : 1;
