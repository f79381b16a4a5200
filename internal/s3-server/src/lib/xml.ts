const ENTITIES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };

/** `<name>text</name>`, escaped. */
export function element(name: string, text: string | number | boolean): string {
  return `<${name}>${String(text).replace(/[&<>"]/g, (sign) => ENTITIES[sign] ?? sign)}</${name}>`;
}

/** `<name>` around elements that are written already. */
export function group(name: string, ...elements: readonly string[]): string {
  return `<${name}>${elements.join('')}</${name}>`;
}

/** A whole answer. */
export function xmlDocument(name: string, content: string): string {
  return `<?xml version="1.0" encoding="UTF-8"?>\n<${name} xmlns="http://s3.amazonaws.com/doc/2006-03-01/">${content}</${name}>`;
}

/** The contents of all elements of that name in a request's body, in their order. They may hold elements themselves. */
export function contentsOf(xml: string, name: string): readonly string[] {
  return [...xml.matchAll(new RegExp(`<${name}(?: [^>]*)?>([\\s\\S]*?)</${name}>`, 'g'))].map(
    ([, content = '']) => content,
  );
}

/** The text of the first element of that name. */
export function textOf(xml: string, name: string): string | undefined {
  const [content] = contentsOf(xml, name);
  return content
    ?.replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>')
    .replaceAll('&quot;', '"')
    .replaceAll('&#34;', '"')
    .replaceAll('&apos;', "'")
    .replaceAll('&amp;', '&');
}
