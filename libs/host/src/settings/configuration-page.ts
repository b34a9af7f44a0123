import { allSettings } from './configuration.js';

const TITLES: Readonly<Record<string, string>> = {
  http: 'HTTP',
  expectAbove: 'Orders that take many licences away',
  servers: 'Servers',
  data: 'Data',
  owner: 'Owner key',
  mdm: 'Mark on our locations',
  nanoMdm: 'MDM server',
  log: 'Log',
  apple: 'Apple',
  timings: 'Timings of the licence path',
  reactor: 'Reactions',
  planner: 'Planning of calls',
  due: 'Due work',
  views: 'Read models',
};

const INTRODUCTION = `# Configuration

Every setting is an environment variable, read once at start. All problems are reported together, each with the name of its variable. An empty variable counts as absent. Names ending in \`_MS\` are milliseconds.`;

/** The documentation of all settings, made from their table. */
export function configurationPage(): string {
  const groups = new Map<string, string[][]>();
  for (const { group, setting } of allSettings()) {
    const { variable, fileVariable, fallback, kind, meaning } = setting;
    const rows = groups.get(group) ?? [];
    groups.set(group, rows);
    const file = fileVariable === undefined ? '' : ` \`${fileVariable}\` names a file with it instead.`;
    rows.push([`\`${variable}\``, fallback === null ? 'none' : `\`${fallback}\``, kind, meaning + file]);
  }
  const parts = [...groups].map(([group, rows]) => `## ${TITLES[group] ?? group}\n\n${tableOf(rows)}`);
  return `${[INTRODUCTION, ...parts].join('\n\n')}\n`;
}

function tableOf(rows: readonly string[][]): string {
  const all = [['variable', 'default', 'value', 'meaning'], ...rows];
  const widths = [0, 1, 2, 3].map((column) => Math.max(...all.map((row) => row[column]?.length ?? 0)));
  const line = (row: readonly string[]): string =>
    `| ${row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(' | ')} |`;
  const rule = `| ${widths.map((width) => '-'.repeat(width)).join(' | ')} |`;
  const [head = [], ...body] = all;
  return [line(head), rule, ...body.map(line)].join('\n');
}
