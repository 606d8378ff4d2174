/** What `tokenizer.json` and `tokenizer_config.json` hold, as far as it is read or written here. */

export interface AddedToken {
  readonly id: number;
  readonly content: string;
  readonly special: boolean;
  readonly normalized?: boolean;
  readonly lstrip?: boolean;
  readonly rstrip?: boolean;
  readonly single_word?: boolean;
}

/** A step of a pipeline, such as a normaliser; its other fields depend on the type. */
export interface Step {
  readonly type: string;
  readonly [field: string]: unknown;
}

export interface TokenizerModel extends Step {
  readonly vocab: Readonly<Record<string, number>>;
  /** In the order of their ranks, as "a b" or [a, b]. */
  readonly merges: readonly (string | readonly [string, string])[];
  readonly byte_fallback?: boolean;
  readonly ignore_merges?: boolean;
  readonly unk_token?: string | null;
}

export interface TokenizerJson {
  readonly version?: string;
  readonly added_tokens: readonly AddedToken[];
  readonly normalizer: Step | null;
  readonly pre_tokenizer: Step | null;
  readonly post_processor: Step | null;
  readonly decoder: Step | null;
  readonly model: TokenizerModel;
}

/** A token by its text, or an object with it. */
type TokenText = string | { readonly content: string } | null;

export interface TokenizerConfig {
  readonly bos_token?: TokenText;
  readonly eos_token?: TokenText;
  readonly unk_token?: TokenText;
  readonly pad_token?: TokenText;
  readonly add_bos_token?: boolean;
  readonly chat_template?: string | readonly { readonly name: string; readonly template: string }[];
  readonly [field: string]: unknown;
}

export interface TokenizerFiles {
  readonly json: TokenizerJson;
  readonly config: TokenizerConfig;
}

export type NamedToken = 'bos_token' | 'eos_token' | 'unk_token' | 'pad_token';

/** The text of a named token, such as the one that begins a text. */
export function namedToken(config: TokenizerConfig, name: NamedToken): string | undefined {
  const token = config[name];
  return typeof token === 'string' ? token : (token?.content ?? undefined);
}

/** The one chat template, or the default of several. */
export function chatTemplate({ chat_template: template }: TokenizerConfig): string | undefined {
  if (typeof template === 'string' || template === undefined) return template;
  return template.find(({ name }) => name === 'default')?.template;
}

/** A step and those it consists of, in order. */
export function stepsOf(step: Step | null | undefined): Step[] {
  if (!step) return [];
  const inner = step.pretokenizers ?? step.normalizers ?? step.processors ?? step.decoders;
  return Array.isArray(inner) ? (inner as Step[]).flatMap(stepsOf) : [step];
}

/** Whether the tokenizer puts the beginning's token before a text of its own accord. */
export function addsBeginning({ json, config }: TokenizerFiles): boolean {
  const token = namedToken(config, 'bos_token');
  if (token === undefined) return false;
  if (typeof config.add_bos_token === 'boolean') return config.add_bos_token;
  return stepsOf(json.post_processor).some((step) => {
    const first = Array.isArray(step.single)
      ? (step.single[0] as { SpecialToken?: { id?: string } })
      : undefined;
    return first?.SpecialToken?.id === token;
  });
}
