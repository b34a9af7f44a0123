import { connect } from 'node:net';

/** An answer as it came over the connection. */
export interface BareAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: { readonly code?: string; readonly correlationId?: string; readonly status?: number };
}

/** What a server says before its answer, such as `100 Continue`. */
const INTERIM = /^HTTP\/1\.1 1\d\d [^\r]*\r\n\r\n/;

/** Sends raw bytes and reads until the server closes the connection. Whatever it answers last is the answer. */
export function bareAnswer(port: number, bytes: string | Buffer): Promise<BareAnswer> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1');
    let text = '';
    socket.setEncoding('latin1').on('data', (chunk: string) => (text += chunk));
    socket.on('error', reject);
    socket.on('close', () => {
      const [head = '', body = ''] = text.replace(INTERIM, '').split('\r\n\r\n');
      const [line = '', ...rows] = head.split('\r\n');
      const headers = Object.fromEntries(
        rows.map((row) => [row.split(': ')[0]?.toLowerCase() ?? '', row.slice(row.indexOf(': ') + 2)]),
      );
      resolve({
        status: Number(line.split(' ')[1]),
        headers,
        body: body.startsWith('{') && !('transfer-encoding' in headers) ? (JSON.parse(body) as object) : {},
      });
    });
    socket.write(typeof bytes === 'string' ? Buffer.from(bytes, 'latin1') : bytes);
  });
}
