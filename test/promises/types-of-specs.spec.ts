import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { checkedFiles, typeErrors } from '@seatbook/test-support/type-check';

const specs = (): string[] =>
  ['apps', 'libs', 'test'].flatMap((folder) =>
    readdirSync(folder, { recursive: true, encoding: 'utf8' })
      .filter((path) => path.endsWith('.spec.ts') && !path.includes('node_modules'))
      .map((path) => join(process.cwd(), folder, path)),
  );

describe('a type error in a spec', () => {
  it('is an error of npm run types, wherever the spec is', () => {
    const checked = new Set(checkedFiles());
    expect(specs().filter((path) => !checked.has(path))).toEqual([]);
    const errors = typeErrors({
      'libs/kernel/src/right.spec.ts': `it('adds', () => expect(1 + 1).toBe(2));`,
      'libs/kernel/src/wrong.spec.ts': `const two: number = 'two';`,
    });
    expect(errors).toEqual([
      `libs/kernel/src/wrong.spec.ts: Type 'string' is not assignable to type 'number'.`,
    ]);
  });

  it('is found by npm run lint, and by the build', () => {
    const { scripts } = JSON.parse(readFileSync('package.json', 'utf8')) as {
      scripts: Record<string, string>;
    };
    expect(scripts['types']).toBe('tsc -p tsconfig.specs.json');
    expect(scripts['lint']).toContain('node test/lint.js &&');
    const folder = mkdtempSync(join(tmpdir(), 'wrong-'));
    writeFileSync(join(folder, 'wrong.ts'), `export const two: number = 'two';`);
    writeFileSync(join(folder, 'tsconfig.json'), '{"files":["wrong.ts"],"compilerOptions":{"types":[]}}');
    const lint = [join('test', 'lint.js'), join(folder, 'tsconfig.json')];
    const { status, stderr } = spawnSync(process.execPath, lint, { encoding: 'utf8' });
    rmSync(folder, { recursive: true });
    expect([status, stderr]).toEqual([1, expect.stringContaining(`Type 'string' is not assignable`)]);
    expect(readFileSync('.ci/run', 'utf8')).toContain('npm run --silent lint');
  });
});
