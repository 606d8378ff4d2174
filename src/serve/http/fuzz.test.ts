/** Whatever is sent, the answer is a result or says what is wrong with the request; never an internal error. */
import fc from 'fast-check';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { tempFolder } from '../../catalog/testing/tempFolder.js';
import { METHOD_NAMES as METHODS } from '../../retrieve/methodNames.js';
import { compileTiny, serveTiny, type TinyService } from '../testing/tinyRun.js';
import { problemSchema } from './schemas.js';

const temp = tempFolder();
let service: TinyService;
let internal: unknown;

beforeAll(async () => {
  service = await serveTiny(await compileTiny(temp), {
    onAccess({ err }) {
      internal ??= err;
    },
  });
});
afterAll(() => service.host.close());

const PATHS = ['/v1/search', '/v1/fanout', '/v1/items', '/v1/labels'];

async function expectAnswerOrProblem(path: string, body: string): Promise<void> {
  const response = await service.post(path, body);
  const text = await response.text();
  if (internal !== undefined) throw internal;
  const isFine = response.status === 200 || response.status === 202;
  if (!isFine) {
    expect(response.status, text).toBeGreaterThanOrEqual(400);
    expect(response.status, text).toBeLessThan(500);
    const problem = problemSchema.parse(JSON.parse(text));
    expect(problem.status).toBe(response.status);
    if (problem.status === 400) expect(problem.errors?.length, text).toBeGreaterThan(0);
  }
}

/** Mostly what is meant, sometimes anything. */
const almost = <T>(usual: fc.Arbitrary<T>) =>
  fc.oneof(
    { weight: 8, arbitrary: usual as fc.Arbitrary<unknown> },
    { weight: 1, arbitrary: fc.jsonValue() },
  );

const text = fc.oneof(fc.string(), fc.string({ unit: 'grapheme' }), fc.constantFrom('red tent', 'lamp'));
const value = almost(fc.oneof(text, fc.double(), fc.boolean(), fc.array(text)));
const filter = fc.oneof(
  fc.constantFrom(
    'color=red|blue',
    'price<20',
    'price 10..30',
    'color IN (red, blue) AND NOT category IS MISSING',
    'title~t',
    'category!=lamp',
    '=',
    'x<<',
  ),
  text,
  fc.record({
    field: almost(fc.constantFrom('color', 'price', 'title', '__proto__', 'constructor')),
    op: almost(fc.constantFrom('=', '!=', '<', '<=', '>', '>=', '~', 'in', 'between', 'missing')),
    value,
  }),
  fc.letrec((tie) => ({
    node: fc.oneof(
      { maxDepth: 4 },
      fc.constantFrom('color=red', 'price IS MISSING'),
      fc.record({ and: almost(fc.array(tie('node'), { maxLength: 3 })) }),
      fc.record({ or: almost(fc.array(tie('node'), { maxLength: 3 })) }),
      fc.record({ not: tie('node') }),
    ),
  })).node,
);
const settings = {
  query: almost(text),
  queries: almost(fc.array(text, { maxLength: 4 })),
  k: almost(fc.integer({ min: -1, max: 102 })),
  filter: almost(fc.array(filter, { maxLength: 3 })),
  method: almost(fc.constantFrom(...METHODS)),
  methods: almost(fc.array(fc.constantFrom(...METHODS), { maxLength: 3 })),
  steps: almost(fc.integer({ min: 0, max: 6 })),
  seed: almost(fc.nat()),
  directions: almost(fc.boolean()),
};
const item = fc.record(
  {
    id: almost(fc.oneof(text, fc.integer())),
    title: almost(text),
    image: value,
    category: value,
    extra: value,
  },
  { requiredKeys: [] },
);
const change = fc.record(
  { upsert: almost(fc.array(item, { maxLength: 4 })), delete: almost(fc.array(text, { maxLength: 4 })) },
  { requiredKeys: [] },
);

const judgment = fc.record(
  {
    id: almost(text),
    query: almost(text),
    item: almost(text),
    items: almost(fc.array(text, { maxLength: 3 })),
    verdict: almost(fc.constantFrom('up', 'down', 'none')),
    method: almost(fc.constantFrom(...METHODS)),
    sets: almost(fc.array(fc.record({ method: fc.constantFrom(...METHODS), items: fc.array(text) }))),
    better: almost(fc.constantFrom(...METHODS, 'equal')),
  },
  { requiredKeys: [] },
);
const label = fc.record({ judgments: almost(fc.array(judgment, { maxLength: 3 })) });

it('any text', async () => {
  const body = fc.oneof(fc.string(), fc.json());
  await fc.assert(fc.asyncProperty(fc.constantFrom(...PATHS), body, expectAnswerOrProblem), { numRuns: 150 });
});

it('bodies that are almost right', async () => {
  const body = fc.oneof(fc.record(settings, { requiredKeys: [] }), fc.record({ query: text }), change, label);
  const sent = body.map((b) => JSON.stringify(b));
  await fc.assert(fc.asyncProperty(fc.constantFrom(...PATHS), sent, expectAnswerOrProblem), { numRuns: 250 });
});

it('nesting without end', async () => {
  const deep = `${'['.repeat(100_000)}${']'.repeat(100_000)}`;
  for (const body of [
    deep,
    `{"query":${deep}}`,
    `{"upsert":[{"id":1,"title":${deep}}]}`,
    `{"upsert":${deep}}`,
    `{"query":"a","filter":${'{"not":'.repeat(50_000)}1${'}'.repeat(50_000)}}`,
    `{"query":"a","filter":"${'('.repeat(9000)}"}`,
  ]) {
    for (const path of PATHS) await expectAnswerOrProblem(path, body);
  }
});
