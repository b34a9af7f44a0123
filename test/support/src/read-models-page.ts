import ts from 'typescript';
import type { Document, ModelRef } from '@seatbook/kernel';
import { queryModels, workModels } from '@seatbook/licensing';
import { dueModel, timesModel } from '@seatbook/runtime';
import { collectionName, indexNameOf } from '@seatbook/store-mongodb';

const INTRODUCTION = `# Read models in MongoDB

What dashboards may read with their own tools. Each read model is a collection named \`{model}@{version}\`; a model that was dropped and built again goes on as \`{model}@{version}.{generation}\`, and \`modelCheckpoints\` has the generation that counts. Read with a secondary or with the primary, never write: what is written here by others is lost with the next event.

A document is plain: its fields are those of the table, and beside them stand ours.

| field       | value                | meaning                                                                                                   |
| ----------- | -------------------- | --------------------------------------------------------------------------------------------------------- |
| \`_id\`       | text                 | The key of the document.                                                                                  |
| \`_live\`     | \`true\`               | Every document that exists. **Ask for \`{ _live: true }\`**: what was deleted is kept for a day without it. |
| \`_position\` | position in the log  | The last event that touched the document.                                                                 |
| \`_deleted\`  | \`true\`               | The document was deleted, and only its key is left.                                                       |
| \`_json\`     | text, usually absent | The whole document as JSON, where MongoDB cannot hold it field by field.                                  |

Moments are milliseconds since 1970 (UTC) as numbers; \`new Date(value)\` in the shell shows one. Positions only grow; they are compared with each other and mean nothing else. How far a model is: \`db.modelCheckpoints.find()\`, \`position\`. An index holds live documents only and ends with \`_id\`.

A new version of a model is built beside the old one; the collection of the old version is dropped at a start that finds it unchanged for a day while the new one went on. The other collections are Seatbook's own and may change at any time: \`modelCheckpoints\`, \`runnerCheckpoints\`, \`parkedWork\`, \`leases\`, \`logAnchors\`, \`snapshots\`, \`snapshotChunks\`, \`secrets\`, \`sealingKey\` and \`persons\`, which alone holds personal data. A person who is forgotten is gone from \`persons\` at once; from the server's oplog and from backups only when those have run out.`;

/** Every read model, by the name that its module exports it under. */
const models: Readonly<Record<string, ModelRef>> = { ...queryModels, ...workModels, dueModel, timesModel };

/** docs/read-models.md, made from the declarations of the models and the types of their documents. Takes some seconds. */
export function readModelsPage(): string {
  const documents = documentTypes();
  const sections = Object.entries(models).map(([name, model]) => {
    const described = documents.get(name);
    if (!described) throw new Error(`the documents of ${name} have no type that can be found`);
    return sectionOf(model, described);
  });
  return `${[INTRODUCTION, ...sections].join('\n\n')}\n`;
}

function sectionOf(model: ModelRef<Document>, tables: readonly DocumentTable[]): string {
  const indexes = model.indexes.map((index) => [`\`${indexNameOf(index)}\``, code([...index.fields, '_id'])]);
  const key = model.key ? ` Its \`_id\` is made of ${code(Object.keys(model.key))}, joined by \`|\`.` : '';
  return [
    `## ${model.name}`,
    `Collection \`${collectionName(model)}\`.${key}`,
    ...tables.flatMap(({ about, rows }) => [
      ...(about === '' ? [] : [about]),
      tableOf(['field', 'value', 'meaning'], rows),
    ]),
    tableOf(['index', 'fields'], indexes),
  ].join('\n\n');
}

/** One kind of document of a model. */
interface DocumentTable {
  readonly about: string;
  readonly rows: readonly (readonly string[])[];
}

/** The kinds of documents of each model, as the compiler knows them. */
function documentTypes(): ReadonlyMap<string, readonly DocumentTable[]> {
  const { options } = ts.parseJsonConfigFileContent(
    ts.readConfigFile('tsconfig.specs.json', (path) => ts.sys.readFile(path)).config,
    ts.sys,
    '.',
  );
  const roots = ['libs/licensing/src/index.ts', 'libs/runtime/src/index.ts'];
  const program = ts.createProgram(roots, { ...options, incremental: false });
  const checker = program.getTypeChecker();
  const exported = new Map<string, ts.Type>();
  for (const root of roots) {
    const module = checker.getSymbolAtLocation(program.getSourceFile(root) as ts.SourceFile) as ts.Symbol;
    for (const found of checker.getExportsOfModule(module)) {
      const symbol = found.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(found) : found;
      if (symbol.flags & ts.SymbolFlags.Variable) exported.set(found.name, checker.getTypeOfSymbol(symbol));
    }
  }
  for (const group of ['queryModels', 'workModels'])
    for (const model of exported.get(group)?.getProperties() ?? [])
      exported.set(model.name, checker.getTypeOfSymbol(model));
  return new Map(
    Object.keys(models).flatMap((name): [string, readonly DocumentTable[]][] => {
      const of = exported
        .get(name)
        ?.getProperties()
        .find((property) => property.name.startsWith('__@of'));
      return of ? [[name, tablesOf(checker, checker.getNonNullableType(checker.getTypeOfSymbol(of)))]] : [];
    }),
  );
}

function tablesOf(checker: ts.TypeChecker, type: ts.Type): readonly DocumentTable[] {
  const tables = (type.isUnion() ? type.types : [type]).map((kind) => ({
    about: commentOf(checker, kind.aliasSymbol ?? kind.getSymbol()),
    rows: kind
      .getProperties()
      .map((field) => [
        `\`${field.name}\``,
        valueOf(checker, checker.getTypeOfSymbol(field), declaredAs(field)),
        commentOf(checker, field),
      ]),
  }));
  // The compiler's own order of a union changes with code that has nothing to do with it.
  return tables.sort((one, other) => (one.about < other.about ? -1 : 1));
}

const commentOf = (checker: ts.TypeChecker, symbol: ts.Symbol | undefined): string =>
  ts
    .displayPartsToString(symbol?.getDocumentationComment(checker))
    .replace(/\s+/g, ' ')
    .replaceAll('|', '\\|')
    .trim();

/** A field's type as it is written: `Instant` says more than `number`. */
const declaredAs = (field: ts.Symbol): string => {
  const [declaration] = field.declarations ?? [];
  return declaration && ts.isPropertySignature(declaration) ? (declaration.type?.getText() ?? '') : '';
};

/** What a field holds, with its unit, in the words of people who do not know our types. */
function valueOf(checker: ts.TypeChecker, type: ts.Type, declared: string): string {
  const parts = type.isUnion() ? type.types : [type];
  const empty = parts.some(({ flags }) => flags & (ts.TypeFlags.Null | ts.TypeFlags.Undefined));
  const values = parts.filter(({ flags }) => !(flags & (ts.TypeFlags.Null | ts.TypeFlags.Undefined)));
  const absent = parts.some(({ flags }) => flags & ts.TypeFlags.Undefined) ? ', or absent' : '';
  return `${withUnit(checker, values, declared)}${absent === '' && empty ? ', or null' : absent}`;
}

function withUnit(checker: ts.TypeChecker, types: readonly ts.Type[], declared: string): string {
  if (/\bInstant\b/.test(declared)) return 'moment, ms since 1970';
  if (/\bMilliseconds\b/.test(declared)) return 'ms';
  if (/\bPosition\b/.test(declared)) return 'position in the log';
  if (types.every(({ flags }) => flags & ts.TypeFlags.BooleanLike)) return 'boolean';
  if (types.every((type) => type.isLiteral()))
    return code(types.map((type) => checker.typeToString(type)).sort());
  const kinds = types.map((type) => kindOf(checker, type));
  return [...new Set(kinds)].join(' or ');
}

function kindOf(checker: ts.TypeChecker, type: ts.Type): string {
  if (type.flags & ts.TypeFlags.StringLike) return 'text';
  if (type.flags & ts.TypeFlags.NumberLike) return 'number';
  if (checker.isArrayType(type)) {
    const [item] = checker.getTypeArguments(type as ts.TypeReference);
    return `list of ${item ? valueOf(checker, item, '') : 'values'}`;
  }
  return `document of ${code(type.getProperties().map(({ name }) => name))}`;
}

const code = (names: readonly string[]): string =>
  names.map((name) => `\`${name.replaceAll('"', '')}\``).join(', ');

function tableOf(head: readonly string[], body: readonly (readonly string[])[]): string {
  const widths = head.map((cell, column) =>
    Math.max(cell.length, 3, ...body.map((row) => row[column]?.length ?? 0)),
  );
  const line = (row: readonly string[]): string =>
    `| ${row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(' | ')} |`;
  const rule = `| ${widths.map((width) => '-'.repeat(width)).join(' | ')} |`;
  return [line(head), rule, ...body.map(line)].join('\n');
}
