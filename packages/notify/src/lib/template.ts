import type { EventTexts } from './report-text.ts';

const PLACEHOLDER = /\{\{\s*([^{}]*?)\s*\}\}/g;

/** What `{{...}}` may hold. */
export const PLACEHOLDERS: readonly (keyof EventTexts)[] = [
  'kind',
  'label',
  'title',
  'host',
  'runId',
  'startedAt',
  'duration',
  'problems',
  'over',
  'lastGood',
  'databases',
  'targets',
  'read',
  'stored',
  'report',
];

/** The placeholders of a template that there are not. */
export function unknownPlaceholders(template: string): string[] {
  return [...template.matchAll(PLACEHOLDER)]
    .map(([, name = '']) => name)
    .filter((name) => !PLACEHOLDERS.some((known) => known === name));
}

/** Puts the texts in, once: what a text holds is not looked at again. */
export function renderTemplate(template: string, texts: EventTexts): string {
  return template.replaceAll(PLACEHOLDER, (found: string, name: string) => {
    const known = PLACEHOLDERS.find((each) => each === name);
    return known === undefined ? found : texts[known];
  });
}
