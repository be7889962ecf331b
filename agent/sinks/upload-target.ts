/** Where batches go, taken apart so that its secrets stay here: only its origin is printed. */
import { FloodgateError } from '../errors.ts';

export class UploadTarget {
  /** Scheme, host and port: all that is ever printed of the target. */
  readonly origin: string;
  readonly isTls: boolean;
  /** User and password in the clear, to somewhere else. */
  readonly showsCredentials: boolean;
  readonly #url: URL;
  readonly #authorization: string | undefined;

  /** @param text may hold credentials: no message repeats it. @throws FloodgateError `upload-url`. */
  constructor(text: string) {
    const url = URL.parse(text);
    if (url === null || !['http:', 'https:'].includes(url.protocol) || url.hostname === '') {
      throw badUrl('--upload is no URL that begins with http:// or https://');
    }
    this.isTls = url.protocol === 'https:';
    this.origin = url.origin;
    if (url.username !== '' || url.password !== '') {
      const credentials = `${decode(url.username)}:${decode(url.password)}`;
      this.#authorization = `Basic ${Buffer.from(credentials, 'utf8').toString('base64')}`;
    }
    this.showsCredentials = this.#authorization !== undefined && !this.isTls && !isLoopback(url.hostname);
    url.username = '';
    url.password = '';
    url.hash = '';
    this.#url = url;
  }

  /** For the one who sends. */
  request(): { url: URL; authorization: string | undefined } {
    return { url: this.#url, authorization: this.#authorization };
  }
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw badUrl('user or password in --upload hold a % that is no escape; it is written %25');
  }
}

function isLoopback(hostname: string): boolean {
  return hostname === 'localhost' || hostname === '[::1]' || /^127\.\d+\.\d+\.\d+$/.test(hostname);
}

function badUrl(message: string): FloodgateError {
  return new FloodgateError('upload-url', message, {
    hint: 'for example https://user:password@collect.example/v1/witnesses, best given as FLOODGATE_AGENT_UPLOAD',
  });
}
