/** An element: its name, and its text or its children. */
export type Xml = readonly [
  name: string,
  content: string | readonly Xml[],
  attributes?: Readonly<Record<string, string>>,
];

/** Indented by tabs, as Apple and Microsoft write theirs. */
export function renderXml([name, content, attributes = {}]: Xml, indent = ''): string {
  const head = `${name}${Object.entries(attributes)
    .map(([key, value]) => ` ${key}="${escapeXml(value)}"`)
    .join('')}`;
  if (typeof content === 'string') return `${indent}<${head}>${escapeXml(content)}</${name}>\n`;
  if (content.length === 0) return `${indent}<${head}/>\n`;
  return `${indent}<${head}>\n${content.map((child) => renderXml(child, `${indent}\t`)).join('')}${indent}</${name}>\n`;
}

/** Text as it stands in XML. Control characters have been refused before. */
function escapeXml(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;');
}
