import {
  isAlias,
  isMap,
  isScalar,
  isSeq,
  LineCounter,
  parseDocument,
  visit,
  type Document,
  type Node,
} from 'yaml';

/** Something wrong with a configuration. */
export interface ConfigProblem {
  /** What is wrong, beginning with the key or value. */
  readonly text: string;
  /** Offset in the text of the file. */
  readonly offset: number;
}

/** Values that may be had by repeating anchors; a few hundred bytes could otherwise stand for gigabytes. */
const MAX_ALIAS_COUNT = 100;

const PLAIN_WORDS: Readonly<Record<string, string>> = {
  DUPLICATE_KEY: 'this key is given twice',
  MULTIPLE_DOCS: 'a second document begins here; a configuration is one',
};

/** YAML that was read, with the places of its nodes. JSON is YAML, so it is read as well. */
export class YamlSource {
  readonly #document: Document.Parsed;
  readonly #lines: LineCounter;
  readonly #path: string;

  private constructor(document: Document.Parsed, lines: LineCounter, path: string) {
    this.#document = document;
    this.#lines = lines;
    this.#path = path;
  }

  /** Reads `text`. With syntax problems (duplicate keys among them) nothing else of the source should be used. */
  static parse(text: string, path: string): { source: YamlSource; problems: ConfigProblem[] } {
    const lines = new LineCounter();
    const document = parseDocument(text, {
      lineCounter: lines,
      prettyErrors: false,
      stringKeys: true,
      // Warnings (unknown tags) are taken from the document below; they must not go to the console.
      logLevel: 'error',
    });
    const problems = [...document.errors, ...document.warnings].map(({ code, message, pos }) => ({
      text: PLAIN_WORDS[code] ?? message,
      offset: pos[0],
    }));
    visit(document, {
      Scalar: (key, node) => {
        // It would vanish on the way to plain objects, and what it says with it.
        if (key === 'key' && node.value === '__proto__') {
          problems.push({ text: 'unknown key "__proto__"', offset: node.range?.[0] ?? 0 });
        }
      },
    });
    return { source: new YamlSource(document, lines, path), problems };
  }

  /** Replaces the text of every string value (never of a key), in place. */
  mapStrings(replace: (text: string, offset: number) => string): void {
    visit(this.#document, {
      Scalar: (key, node) => {
        if (key !== 'key' && typeof node.value === 'string') {
          node.value = replace(node.value, node.range?.[0] ?? 0);
        }
      },
    });
  }

  /**
   * The plain value.
   *
   * @throws ReferenceError if aliases would multiply it beyond reason.
   */
  toValue(): unknown {
    return this.#document.toJS({ maxAliasCount: MAX_ALIAS_COUNT });
  }

  /** Offset of the node at `path`, of the key that leads to it, or of its nearest parent. */
  offsetOf(path: readonly PropertyKey[], at: 'key' | 'value' = 'value'): number {
    let node: Node | null | undefined = this.#document.contents;
    let offset = node?.range?.[0] ?? 0;
    for (const [index, segment] of path.entries()) {
      const child: { key?: Node; value?: Node | null } | undefined = this.#childOf(node, segment);
      if (child === undefined) return offset;
      const wanted: Node | null | undefined =
        at === 'key' && index === path.length - 1 ? (child.key ?? child.value) : (child.value ?? child.key);
      offset = wanted?.range?.[0] ?? offset;
      node = child.value;
    }
    return offset;
  }

  /** `FILE:LINE:COLUMN`, both counted from 1. */
  placeAt(offset: number): string {
    const { line, col } = this.#lines.linePos(offset);
    return `${this.#path}:${line}:${col}`;
  }

  #childOf(
    parent: Node | null | undefined,
    segment: PropertyKey,
  ): { key?: Node; value?: Node | null } | undefined {
    const node = isAlias(parent) ? parent.resolve(this.#document) : parent;
    if (isSeq<Node>(node)) {
      const value = node.items[Number(segment)];
      return value === undefined ? undefined : { value };
    }
    if (!isMap<Node, Node>(node)) return undefined;
    const pair = node.items.find(({ key }) => isScalar(key) && String(key.value) === String(segment));
    return pair === undefined ? undefined : { key: pair.key, value: pair.value };
  }
}
