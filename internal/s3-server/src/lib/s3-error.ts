import { element, xmlDocument } from './xml.ts';

/** An answer that is an error, as S3 words it. */
export class S3Error extends Error {
  override readonly name = 'S3Error';
  readonly status: number;
  readonly code: string;
  /** Further elements of the answer: `ServerTime`, `Token-0`, `StringToSign`... */
  readonly details: Readonly<Record<string, string>>;

  constructor(status: number, code: string, message: string, details: Readonly<Record<string, string>> = {}) {
    super(message);
    this.status = status;
    this.code = code;
    this.details = details;
  }

  /** The body of the answer. */
  toXml(requestId: string): string {
    const details = Object.entries(this.details).map(([name, text]) => element(name, text));
    return xmlDocument(
      'Error',
      [
        element('Code', this.code),
        element('Message', this.message),
        ...details,
        element('RequestId', requestId),
      ].join(''),
    );
  }
}
