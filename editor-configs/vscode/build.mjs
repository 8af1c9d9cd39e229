// Makes all that is packed into the .vsix: the extension, the page of the chat, the server's wheel.
import { execFileSync } from 'node:child_process';
import { copyFileSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { build } from 'esbuild';

const root = new URL('../..', import.meta.url).pathname;
const shared = {
  bundle: true,
  minify: true,
  legalComments: 'none',
  logLevel: 'warning',
  metafile: true,
};

rmSync('dist', { recursive: true, force: true });
const built = await Promise.all([
  build({
    ...shared,
    entryPoints: { extension: 'src/extension.ts' },
    outdir: 'dist',
    platform: 'node',
    format: 'cjs',
    outExtension: { '.js': '.cjs' },
    target: 'node20',
    external: ['vscode'],
    // Left to itself, esbuild takes the modules of some packages in a form that it cannot bundle.
    mainFields: ['module', 'main'],
  }),
  build({
    ...shared,
    entryPoints: { page: 'src/page/page.ts' },
    outdir: 'dist',
    platform: 'browser',
    format: 'iife',
    target: 'es2022',
  }),
]);
writeFileSync('dist/NOTICES.txt', notices(built));
copyFileSync(`${root}/LICENSE`, 'LICENSE');
execFileSync('python3', ['-m', 'pip', 'wheel', '-q', '--no-deps', '-w', 'dist', root], {
  stdio: 'inherit',
});

/** Return the licences of all packages that are bundled. */
function notices(results) {
  const inputs = results.flatMap(({ metafile }) => Object.keys(metafile.inputs));
  const folders = inputs.map((input) => /^.*node_modules\/(@[^/]+\/)?[^/]+/.exec(input)?.[0]);
  return [...new Set(folders)]
    .filter(Boolean)
    .sort()
    .map((folder) => {
      const { name, version } = JSON.parse(readFileSync(`${folder}/package.json`));
      const licences = readdirSync(folder).filter((file) => /^licen[cs]e/i.test(file));
      const texts = licences.map((file) => readFileSync(`${folder}/${file}`, 'utf8'));
      return [`${name} ${version}`, ...texts].join('\n\n');
    })
    .join('\n\n');
}
