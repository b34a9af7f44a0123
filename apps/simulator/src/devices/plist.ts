/** What property lists of commands and answers hold. Dates and bytes are text here: no device of ours looks at them. */
export type Plist = string | number | boolean | Plist[] | { [key: string]: Plist };

export type PlistDict = { [key: string]: Plist };

const HEAD = '<?xml version="1.0" encoding="UTF-8"?>\n<plist version="1.0">';

const escaped = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');

/** A member that is text or a number, as text; '' for any other. */
export const textOf = (value: Plist | undefined): string =>
  typeof value === 'string' || typeof value === 'number' ? String(value) : '';

export const toPlist = (value: Plist): string => `${HEAD}${element(value)}</plist>`;

function element(value: Plist): string {
  if (typeof value === 'string') return `<string>${escaped(value)}</string>`;
  if (typeof value === 'boolean') return value ? '<true/>' : '<false/>';
  if (typeof value === 'number') return `<integer>${value}</integer>`;
  if (Array.isArray(value)) return `<array>${value.map(element).join('')}</array>`;
  const members = Object.entries(value).map(
    ([key, member]) => `<key>${escaped(key)}</key>${element(member)}`,
  );
  return `<dict>${members.join('')}</dict>`;
}

/**
 * The dictionary that a property list in XML holds; null for anything else. Written apart from the product's own reader,
 * so that a mistake in one of them shows.
 */
export function fromPlist(xml: string): PlistDict | null {
  const tokens = xml
    .replace(/<\?[\s\S]*?\?>|<!DOCTYPE[^>]*>|<!--[\s\S]*?-->/g, '')
    .match(/<[^>]+>|[^<]+/g)
    ?.filter((token) => token.trim() !== '');
  if (!tokens || !/^<plist\b/.test(tokens[0] ?? '')) return null;
  const rest = tokens.slice(1);
  try {
    const value = valueFrom(rest);
    return typeof value === 'object' && !Array.isArray(value) ? value : null;
  } catch {
    return null;
  }
}

function valueFrom(tokens: string[]): Plist {
  const tag = tokens.shift();
  switch (tag) {
    case '<true/>':
      return true;
    case '<false/>':
      return false;
    case '<dict/>':
      return {};
    case '<array/>':
      return [];
    case '<string/>':
    case '<data/>':
      return '';
    case '<array>': {
      const items: Plist[] = [];
      while (tokens[0] !== '</array>') items.push(valueFrom(tokens));
      tokens.shift();
      return items;
    }
    case '<dict>': {
      const members: [string, Plist][] = [];
      while (tokens[0] !== '</dict>') {
        if (tokens[0] !== '<key>') throw new Error('no key');
        members.push([textFrom(tokens, 'key'), valueFrom(tokens)]);
      }
      tokens.shift();
      return Object.fromEntries(members);
    }
    default: {
      const name = /^<(string|integer|real|date|data)>$/.exec(tag ?? '')?.[1];
      if (name === undefined) throw new Error('no value');
      tokens.unshift(`<${name}>`);
      const text = textFrom(tokens, name);
      return name === 'integer' || name === 'real' ? Number(text) : text;
    }
  }
}

/** The text of an element that begins here. */
function textFrom(tokens: string[], name: string): string {
  tokens.shift();
  const text = tokens[0] === `</${name}>` ? '' : (tokens.shift() ?? '');
  if (tokens.shift() !== `</${name}>`) throw new Error('not closed');
  return text
    .replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>')
    .replaceAll('&quot;', '"')
    .replaceAll('&apos;', "'")
    .replaceAll('&amp;', '&');
}
