/** The judge that a run's config names, opened when it is first asked for. */
import { join } from 'node:path';
import type { RuntimeOptions } from '../engine/index.js';
import type { RunControl } from '../progress.js';
import type { Judge } from '../reward/judge/judge.js';
import type { JudgeSetting } from '../reward/judge/judgeSetting.js';
import { openJudge } from '../reward/judge/openJudge.js';
import type { Config } from '../run/config.js';
import type { RunFolder } from '../run/runFolder.js';
import type { Workspace } from '../run/workspace.js';

export interface RunJudgeOptions extends RunControl {
  readonly run: RunFolder;
  readonly config: Config;
  readonly workspace: Pick<Workspace, 'items' | 'vectors' | 'index' | 'lexicon'>;
  readonly runtime: RuntimeOptions;
  /** Queries that it may be asked about. */
  readonly queries: readonly string[];
}

/** Answers that cost something; outside the stages' folders, so that starting anew pays for nothing again. */
const ANSWERS = ['judge', 'answers.jsonl'];

export class RunJudge {
  readonly setting: JudgeSetting;
  #opened?: Promise<Judge>;

  constructor(private readonly options: RunJudgeOptions) {
    const { reward } = options.config;
    this.setting = ('judge' in reward ? reward.judge : undefined) ?? 'hybrid';
  }

  /**
   * The same one, whoever asks.
   *
   * @throws InputError if its module, model, package or API key is missing
   */
  open(): Promise<Judge> {
    const { run, workspace, ...others } = this.options;
    const { items, vectors, index, lexicon } = workspace;
    this.#opened ??= openJudge(this.setting, {
      ...others,
      items,
      vectors,
      index,
      lexicon,
      folder: run.folder,
      answers: join(run.folder, ...ANSWERS),
    });
    return this.#opened;
  }

  async release(): Promise<void> {
    // One that could not be opened holds nothing.
    const judge = await this.#opened?.catch(() => undefined);
    await judge?.release();
  }
}
