import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import type { HttpReply, HttpRequest, HttpServer } from '../http/exchange.js';
import { FixedAnswer } from '../http/fixed-answer.js';

/** What the page loads of Swagger UI. Its package has much more, which nobody needs to be served. */
const SWAGGER_UI: Readonly<Record<string, string>> = {
  'swagger-ui.css': 'text/css; charset=utf-8',
  'swagger-ui-bundle.js': 'text/javascript; charset=utf-8',
  'favicon-32x32.png': 'image/png',
};

const PAGE = `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<title>Seatbook: API</title>
<link rel="icon" href="/docs/favicon-32x32.png">
<link rel="stylesheet" href="/docs/swagger-ui.css">
<div id="swagger-ui"></div>
<script src="/docs/swagger-ui-bundle.js"></script>
<script src="/docs/page.js"></script>
</html>
`;

/** A file of its own, so that no script of the page is inline. */
const SCRIPT = `window.ui = SwaggerUIBundle({ url: '/docs/json', dom_id: '#swagger-ui', deepLinking: true });\n`;

/** Browsers keep what belongs to the page for a day. */
const KEPT = 'public, max-age=86400';

/** The document of the API as a page for people: Swagger UI, which reads it from /docs/json. */
export function serveApiPage(server: HttpServer): void {
  const folder = dirname(createRequire(import.meta.url).resolve('swagger-ui-dist/package.json'));
  const serve = (path: string, answer: FixedAnswer): void => {
    server.get(path, async (request: HttpRequest, reply: HttpReply) => answer.send(request, reply));
  };
  const page = new FixedAnswer('text/html; charset=utf-8', PAGE);
  for (const path of ['/docs', '/docs/']) serve(path, page);
  serve('/docs/page.js', new FixedAnswer('text/javascript; charset=utf-8', SCRIPT));
  for (const [name, type] of Object.entries(SWAGGER_UI))
    serve(`/docs/${name}`, new FixedAnswer(type, readFileSync(join(folder, name)), KEPT));
}
