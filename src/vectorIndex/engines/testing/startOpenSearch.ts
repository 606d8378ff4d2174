import { execFile } from 'node:child_process';
import { readdir, readFile } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { freePort, type StartedProcess, startProcess } from './process.js';

const FILES = fileURLToPath(new URL('../../../../scripts/integration/opensearch/', import.meta.url));
const run = promisify(execFile);

/**
 * A node of OpenSearch with the k-NN plugin, from Maven, which keeps what it downloads.
 *
 * @returns why there is none
 */
export async function startOpenSearch(
  folder: string,
): Promise<(StartedProcess & { readonly url: string }) | string> {
  const [classpath, plugin] = [join(folder, 'classpath'), join(folder, 'knn')];
  const maven = (...args: string[]) => run('mvn', ['-q', '-B', '-f', join(FILES, 'pom.xml'), ...args]);
  try {
    await maven('dependency:build-classpath', '-DincludeTypes=jar', `-Dmdep.outputFile=${classpath}`);
    await maven(
      'dependency:unpack-dependencies',
      '-DincludeArtifactIds=opensearch-knn',
      `-DoutputDirectory=${plugin}`,
      `-Dmdep.unpack.excludes=META-INF/**`,
      `-DmarkersDirectory=${join(folder, 'markers')}`,
    );
  } catch (error) {
    const [first] = (error instanceof Error ? error.message : String(error)).split('\n');
    return `OpenSearch needs Java 17, Maven and its repository (${first.slice(0, 100)})`;
  }
  const jars = (await readdir(plugin)).filter((name) => name.endsWith('.jar'));
  const all = [(await readFile(classpath, 'utf8')).trim(), ...jars.map((name) => join(plugin, name))];
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const node = await startProcess(
    'java',
    ['-Xmx1g', '-cp', all.join(delimiter), join(FILES, 'Node.java'), join(folder, 'node'), `${port}`],
    {
      isReady: async () => (await fetch(`${url}/_cluster/health?wait_for_status=yellow`)).ok,
      seconds: 180,
    },
  );
  return typeof node === 'string' ? `OpenSearch does not start: ${node}` : { ...node, url };
}
