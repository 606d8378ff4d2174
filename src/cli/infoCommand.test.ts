import { beforeAll, describe, expect, it } from 'vitest';
import { tempFolder } from '../catalog/testing/tempFolder.js';
import { RunFolder } from '../run/runFolder.js';
import { runCli, writeShop } from './testing/shop.js';

const temp = tempFolder();
const run = temp.path('run');
beforeAll(async () => {
  const { catalog, config } = writeShop(temp);
  await runCli(['compile', catalog, '--config', config, '--out', run, '--stage', 'encode']);
});

/** The line of `r4t info` that says what `auto` is, of a run whose stage noted this. */
async function autoLine(choice?: object): Promise<string | undefined> {
  if (choice) await (await RunFolder.open(run)).finishStage('choose', { seconds: 1, ...choice });
  const { stdout } = await runCli(['info', run]);
  return stdout.split('\n').find((line) => line.startsWith('auto'));
}

describe('auto', () => {
  const choice = {
    metric: 'alphaNdcgAtK',
    queries: 46,
    values: { plain: 0.1351, classifier: 0.369, diffusion: 0.3984 },
    settings: {},
    chosen: 'diffusion',
    unclear: [],
  };

  it.each([
    [undefined, 'plain (no methods are compared yet: compile to the end)'],
    [{ queries: 0 }, 'plain (there are no validation queries to compare methods on)'],
    [
      choice,
      'diffusion (alpha-nDCG@3 0.398 on 46 validation queries; best baseline classifier 0.369, plain 0.135)',
    ],
    [
      { ...choice, queries: 1, unclear: ['plain', 'classifier'] },
      'diffusion (alpha-nDCG@3 0.398 on 1 validation query; best baseline classifier 0.369, plain 0.135; too few to be sure that it is better than plain and classifier)',
    ],
    [
      { ...choice, chosen: 'classifier', metric: 'reward' },
      'classifier (reward 0.369 on 46 validation queries; plain 0.135)',
    ],
    [
      { ...choice, values: { plain: 0.5, diffusion: 0.2 }, chosen: 'plain' },
      'plain (alpha-nDCG@3 0.500 on 46 validation queries; no method is better)',
    ],
  ])('is told with what it is better than: %j', async (noted, expected) => {
    expect(await autoLine(noted)).toBe(`auto      ${expected}`);
  });

  it('is there for programs', async () => {
    await autoLine({ ...choice, unclear: ['classifier'] });
    const { stdout } = await runCli(['info', run, '--json']);
    expect(JSON.parse(stdout)).toMatchObject({
      auto: {
        method: 'diffusion',
        value: 0.3984,
        plain: 0.1351,
        bestBaseline: { method: 'classifier', value: 0.369 },
        unclear: ['classifier'],
      },
    });
  });

  it('can be asked for by name', async () => {
    await autoLine({ ...choice, chosen: 'mmr', values: { plain: 0.1, mmr: 0.2 } });
    for (const method of [[], ['--method', 'auto']]) {
      const { stdout } = await runCli(['search', run, 'camping gear', ...method, '--threads', '1']);
      expect(stdout).toContain('items by mmr in ');
    }
  });
});
