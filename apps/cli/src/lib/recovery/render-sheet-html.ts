import { renderSVG } from 'uqr';

import { QR_OPTIONS } from './qr-options.ts';
import type { RecoverySheet } from './recovery-sheet.ts';

const STYLE = `
  @page { margin: 16mm; }
  body { font: 11pt/1.4 sans-serif; max-width: 180mm; margin: 8mm auto; color: #000; background: #fff; }
  pre { font: 10pt/1.3 monospace; white-space: pre-wrap; overflow-wrap: anywhere; margin: 1mm 0; }
  .warning { border: 2pt solid #000; padding: 1mm 4mm; }
  .key { break-inside: avoid; border-top: 1pt solid #000; margin-top: 4mm; padding-top: 2mm; }
  .key pre { font-weight: bold; }
  .key svg { width: 62mm; height: 62mm; display: block; }
  .key.long svg { width: 110mm; height: 110mm; }
  li { margin-bottom: 2mm; break-inside: avoid; }
`;

/** Texts longer than this make a code with modules too small for the usual size. */
const LONG_TEXT = 120;

/** A recovery sheet as one HTML page without scripts and without anything from elsewhere. */
export function renderSheetHtml({ title, createdAt, warnings, keys, places, steps }: RecoverySheet): string {
  const keyBlocks = keys.map(({ text, recipient, fingerprint }) =>
    [
      `<div class="key${text.length > LONG_TEXT ? ' long' : ''}">`,
      `<pre class="secret">${escapeHtml(text)}</pre>`,
      ...(recipient === undefined ? [] : [`recipient: <code>${escapeHtml(recipient)}</code><br>`]),
      ...(fingerprint === undefined ? [] : [`fingerprint: <code>${escapeHtml(fingerprint)}</code>`]),
      renderSVG(text, QR_OPTIONS),
      '</div>',
    ].join('\n'),
  );
  const stepItems = steps.map(({ text, commands = [] }) =>
    [
      `<li>${escapeHtml(text)}`,
      ...commands.map((command) => `<pre>${escapeHtml(command)}</pre>`),
      '</li>',
    ].join('\n'),
  );
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>${escapeHtml(title)}</title>
<style>${STYLE}</style>
</head>
<body>
<h1>${escapeHtml(title)}</h1>
<p>written ${escapeHtml(createdAt)}</p>
<div class="warning">
${warnings.map((warning) => `<p>${escapeHtml(warning)}</p>`).join('\n')}
</div>
${keyBlocks.join('\n')}
<h2>Where backups lie</h2>
<ul>
${places.map((place) => `<li>${escapeHtml(place)}</li>`).join('\n')}
</ul>
<h2>How to restore without Quackup</h2>
<ol>
${stepItems.join('\n')}
</ol>
</body>
</html>
`;
}

function escapeHtml(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;');
}
