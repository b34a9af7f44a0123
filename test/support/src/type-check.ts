import { join } from 'node:path';
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
 * What `npm run types` would say about files if they were there. Takes some seconds, so ask about many at once.
 *
 * @param sources by their path from the root of the repository
 * @returns the errors of each file, in the order of the sources
 */
export function typeErrors(sources: Readonly<Record<string, string>>): readonly (readonly string[])[] {
  const planted = new Map(
    Object.entries(sources).map(([path, source]) => [join(process.cwd(), path), source]),
  );
  const { fileNames, options } = configuration([...planted.keys()]);
  const host = ts.createCompilerHost(options, true);
  const onDisk = { ...host };
  host.fileExists = (name) => planted.has(name) || onDisk.fileExists(name);
  host.readFile = (name) => planted.get(name) ?? onDisk.readFile(name);
  const program = ts.createProgram([...planted.keys()], { ...options, incremental: false }, host);
  return [...planted.keys()].map((path) => {
    if (!fileNames.includes(path)) throw new Error(`${path} would not be checked`);
    return ts
      .getPreEmitDiagnostics(program, program.getSourceFile(path))
      .map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, '\n'));
  });
}
