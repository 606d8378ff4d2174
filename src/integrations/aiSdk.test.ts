import { generateText, stepCountIs } from 'ai';
import { MockLanguageModelV3 } from 'ai/test';
import { describe, expect, it } from 'vitest';
import { setSearchTool } from './aiSdk.js';
import { tinySources } from './testing/sources.js';

const sources = tinySources();

const usage = {
  inputTokens: { total: 1, noCache: 1, cacheRead: 0, cacheWrite: 0 },
  outputTokens: { total: 1, text: 1, reasoning: 0 },
};

/** A model that calls the tool, once for each input, and then says that it is done. */
function modelCalling(...inputs: object[]): MockLanguageModelV3 {
  let step = 0;
  return new MockLanguageModelV3({
    doGenerate: async () => {
      const input = inputs[step++];
      const [content, unified] = input
        ? ([
            { type: 'tool-call', toolCallId: `${step}`, toolName: 'search', input: JSON.stringify(input) },
            'tool-calls',
          ] as const)
        : ([{ type: 'text', text: 'done' }, 'stop'] as const);
      return { content: [content], finishReason: { unified, raw: undefined }, usage, warnings: [] };
    },
  });
}

describe.each(['library', 'client'] as const)('over the %s', (name) => {
  it('is called by a model, which gets the set', async () => {
    const model = modelCalling({ query: 'camping', k: 3, filter: 'color IN (red, blue)' });
    const tools = { search: await setSearchTool(sources[name], { filter: 'price>0', method: 'plain' }) };
    const { text, steps } = await generateText({ model, tools, prompt: 'tents?', stopWhen: stepCountIs(3) });
    expect(text).toBe('done');
    const [{ output }] = steps[0].toolResults;
    const filter = ['price>0', 'color IN (red, blue)'];
    const { items } = await sources.library.search('camping', { k: 3, filter, method: 'plain' });
    expect(output).toEqual({
      items: items.map(({ id, title, category, why, metadata: fields }) => ({
        id,
        title,
        category,
        why,
        fields,
      })),
    });
    // The second prompt has the result.
    expect(JSON.stringify(model.doGenerateCalls[1].prompt)).toContain(items[0].id);
  });

  it('tells the model the grammar and the fields', async () => {
    const model = modelCalling();
    const tools = { search: await setSearchTool(sources[name], { catalog: 'our shop', k: 5 }) };
    await generateText({ model, tools, prompt: 'tents?' });
    const [tool] = model.doGenerateCalls[0].tools ?? [];
    expect(tool).toMatchObject({
      type: 'function',
      name: 'search',
      description: expect.stringContaining('our shop'),
    });
    const schema = JSON.stringify(tool);
    expect(schema).toContain('color (text): red, blue, green, golden');
    expect(schema).toContain('price (number) from 0 to 40');
    expect(schema).toContain('Items wanted (5).');
  });

  it('answers a wrong filter with one line, and the model tries again', async () => {
    const model = modelCalling(
      { query: 'tents', filter: 'colour=red' },
      { query: 'tents', filter: 'color=red' },
    );
    const tools = { search: await setSearchTool(sources[name], { k: 2 }) };
    const { steps } = await generateText({ model, tools, prompt: 'tents?', stopWhen: stepCountIs(3) });
    const [problem] = steps[0].content.filter(({ type }) => type === 'tool-error');
    expect(String((problem as { error: unknown }).error)).toContain('did you mean color?');
    expect(JSON.stringify(model.doGenerateCalls[1].prompt)).toContain('did you mean color?');
    expect((steps[1].toolResults[0].output as { items: unknown[] }).items).toHaveLength(2);
  });

  it('says why there is nothing', async () => {
    const model = modelCalling({ query: 'tents', filter: 'price>10 AND price<20' });
    const tools = { search: await setSearchTool(sources[name]) };
    const { steps } = await generateText({ model, tools, prompt: 'tents?', stopWhen: stepCountIs(2) });
    expect(steps[0].toolResults[0].output).toEqual({ items: [], note: 'no item passes the filter' });
  });
});
