import { readFileSync } from 'node:fs';
import { ERROR_CODES, Refusal, type ErrorCode } from '@seatbook/kernel';
import type { HttpReply, HttpRequest, HttpServer } from '../http/exchange.js';
import { statusOf } from '../http/problem.js';

const GLOSSARY = new URL('../../../../docs/glossary.md', import.meta.url);

const STYLE =
  'body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem}table{border-collapse:collapse}td,th{border:1px solid #ccc;padding:.3rem .6rem;text-align:left;vertical-align:top}code{background:#eee;padding:0 .2rem}';

/** Pages for people beside the document of the API: one for each error code, and the glossary. */
export function servePages(server: HttpServer): void {
  const glossary = page('Glossary', tablesOf(readFileSync(GLOSSARY, 'utf8')));
  server.get('/docs/glossary', async (_request: HttpRequest, reply: HttpReply) => html(reply, glossary));
  server.get('/docs/errors', async (_request: HttpRequest, reply: HttpReply) => html(reply, listOfCodes()));
  server.get('/docs/errors/:code', async (request: HttpRequest, reply: HttpReply) => {
    const { code } = request.params as { code: string };
    if (!isCode(code)) throw new Refusal('NOT_FOUND_CODE', 'there is no such code; all are at /docs/errors');
    return html(reply, pageOf(code));
  });
}

const html = (reply: HttpReply, text: string): HttpReply => reply.type('text/html; charset=utf-8').send(text);

const isCode = (text: string): text is ErrorCode => Object.hasOwn(ERROR_CODES, text);

function listOfCodes(): string {
  const rows = (Object.keys(ERROR_CODES) as ErrorCode[]).map(
    (code) =>
      `<tr><td>${statusOf(code)}</td><td><a href="/docs/errors/${code}">${code}</a></td><td>${marked(ERROR_CODES[code].means)}</td></tr>`,
  );
  return page(
    'Error codes',
    `<table><tr><th>Status</th><th>Code</th><th>Meaning</th></tr>${rows.join('')}</table>`,
  );
}

function pageOf(code: ErrorCode): string {
  const { means, advice } = ERROR_CODES[code];
  return page(
    code,
    `<p>Status ${statusOf(code)}</p><h2>What has happened</h2><p>${marked(means)}</p><h2>What to do</h2><p>${marked(advice)}</p>`,
  );
}

const page = (title: string, content: string): string =>
  `<!doctype html><html lang="en"><meta charset="utf-8"><title>Seatbook: ${escaped(title)}</title><style>${STYLE}</style>` +
  `<p><a href="/docs">API</a> · <a href="/docs/errors">Error codes</a> · <a href="/docs/glossary">Glossary</a></p><h1>${escaped(title)}</h1>${content}</html>\n`;

const escaped = (text: string): string =>
  text.replace(/&/g, '&amp;').replace(/</g, '&lt;').replace(/>/g, '&gt;').replace(/"/g, '&quot;');

/** Text with `code` and _emphasis_, as the glossary and the codes are written. */
const marked = (text: string): string =>
  escaped(text)
    .replace(/`([^`]+)`/g, '<code>$1</code>')
    .replace(/\b_([^_]+)_\b/g, '<em>$1</em>');

/** Headings, sentences and tables are all that the glossary has. */
function tablesOf(markdown: string): string {
  const blocks = markdown.split(/\n{2,}/).slice(1);
  return blocks
    .map((block) => {
      if (block.startsWith('## ')) return `<h2>${marked(block.slice(3).trim())}</h2>`;
      if (!block.startsWith('|')) return `<p>${marked(block)}</p>`;
      const rows = block.split('\n').filter((line) => line.startsWith('|') && !/^\|[\s|:-]+$/.test(line));
      return `<table>${rows.map(rowOf).join('')}</table>`;
    })
    .join('\n');
}

function rowOf(line: string, index: number): string {
  const cell = index === 0 ? 'th' : 'td';
  const cells = line.split('|').slice(1, -1);
  return `<tr>${cells.map((text) => `<${cell}>${marked(text.trim())}</${cell}>`).join('')}</tr>`;
}
