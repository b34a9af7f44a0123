import helmet from '@fastify/helmet';
import type { HttpServer } from './exchange.js';

/** For answers to what never became a request: the framework writes none of its headers there. */
export const BARE_SECURITY_HEADERS: Readonly<Record<string, string>> = {
  'content-security-policy': "default-src 'none'",
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'SAMEORIGIN',
  'referrer-policy': 'no-referrer',
  'cache-control': 'no-store',
};

/** Security headers on every answer; to be registered before whatever may refuse a request. */
export async function setSecurityHeaders(server: HttpServer): Promise<void> {
  await server.register(helmet, {
    // The pages have inline styles, and no inline script.
    contentSecurityPolicy: {
      directives: {
        defaultSrc: ["'self'"],
        scriptSrc: ["'self'"],
        styleSrc: ["'self'", "'unsafe-inline'"],
        imgSrc: ["'self'", 'data:'],
        // TLS is up to the reverse proxy in front of us; so is HSTS.
        upgradeInsecureRequests: null,
      },
    },
    strictTransportSecurity: false,
  });
}
