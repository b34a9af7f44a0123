import { ESLint, Linter } from 'eslint';

/** What `npm run lint` would say of a file with one of its rules, as far as that needs no types. */
export async function lintErrors(path: string, source: string, rule: string): Promise<string[]> {
  const { languageOptions, rules, plugins } = (await new ESLint().calculateConfigForFile(
    path,
  )) as Linter.Config;
  const parser = languageOptions?.['parser'] as Linter.Parser;
  const config: Linter.Config[] = [
    {
      files: ['**/*.ts'],
      plugins: plugins ?? {},
      languageOptions: { parser },
      rules: { [rule]: rules?.[rule] ?? 'off' },
    },
  ];
  return new Linter().verify(source, config, path).map(({ message }) => message);
}
