const opaque = /[A-Za-z0-9+/=_-]{6,}/g;

/**
 * Makes foreign text safe to show: parts of the given secrets, and anything as long as a token, are removed, control
 * characters become blanks, and it is cut to 300 characters.
 */
export function redacted(text: string, secrets: readonly string[]): string {
  const hidden = secrets
    .flatMap((secret) => [secret, ...innerTexts(secret)])
    .filter((secret) => secret !== '');
  let shown = text.slice(0, 4_000);
  for (const secret of hidden) shown = shown.split(secret).join('[redacted]');
  return shown
    .replace(opaque, (run) =>
      run.length >= 40 || hidden.some((secret) => secret.includes(run)) ? '[redacted]' : run,
    )
    .replace(/[\p{Cc}\p{Cf}\u2028\u2029]+/gu, ' ')
    .slice(0, 300)
    .trim();
}

// The opaque part inside of a content token is as secret as the whole of it.
function innerTexts(secret: string): string[] {
  const inner = /"token"\s*:\s*"([^"]+)"/.exec(Buffer.from(secret, 'base64').toString('utf8'))?.[1];
  return inner === undefined ? [] : [inner];
}
