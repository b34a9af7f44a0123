import { join, relative, sep } from 'node:path';
import ts from 'typescript';

const CONFIGURATION = 'tsconfig.specs.json';

/** What `npm run types` checks: the files and options of tsconfig.specs.json. */
function configuration(planted: readonly string[] = []): ts.ParsedCommandLine {
  const host: ts.ParseConfigFileHost = {
    ...ts.sys,
    readDirectory: (...asked) => [...ts.sys.readDirectory(...asked), ...planted],
    onUnRecoverableConfigFileDiagnostic: ({ messageText }) => {
      throw new Error(ts.flattenDiagnosticMessageText(messageText, '\n'));
    },
  };
  const parsed = ts.getParsedCommandLineOfConfigFile(CONFIGURATION, {}, host);
  if (!parsed) throw new Error(`${CONFIGURATION} cannot be read`);
  return parsed;
}

/** Absolute paths of all files that `npm run types` checks. */
export const checkedFiles = (): readonly string[] => configuration().fileNames;

/**
 * What `npm run types` would say if files were there, or were changed. Takes some seconds, so ask about many at once.
 *
 * @param changes texts by their path from the root of the repository
 * @param folders whose files, specs excepted, are checked as well because they may rest on what is changed
 * @returns `path: message` for each error
 */
export function typeErrors(
  changes: Readonly<Record<string, string>>,
  folders: readonly string[] = [],
): readonly string[] {
  const root = process.cwd();
  const changed = new Map(Object.entries(changes).map(([path, text]) => [join(root, path), text]));
  const { fileNames, options } = configuration([...changed.keys()]);
  for (const path of changed.keys()) {
    if (!fileNames.includes(path)) throw new Error(`${path} would not be checked`);
  }
  const within = folders.map((folder) => join(root, folder, sep));
  const checked = [
    ...new Set(
      fileNames.filter(
        (path) =>
          changed.has(path) || (!path.endsWith('.spec.ts') && within.some((start) => path.startsWith(start))),
      ),
    ),
  ];
  const host = ts.createCompilerHost(options, true);
  const onDisk = { ...host };
  host.fileExists = (path) => changed.has(path) || onDisk.fileExists(path);
  host.readFile = (path) => changed.get(path) ?? onDisk.readFile(path);
  const program = ts.createProgram(checked, { ...options, incremental: false }, host);
  return checked.flatMap((path) =>
    ts
      .getPreEmitDiagnostics(program, program.getSourceFile(path))
      .map(
        ({ messageText }) => `${relative(root, path)}: ${ts.flattenDiagnosticMessageText(messageText, '\n')}`,
      ),
  );
}
