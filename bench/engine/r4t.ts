import { type Parameters, Trainer } from '../../src/engine/index.js';
import { lossOf } from './graph.js';
import { contenderArguments, measure } from './measure.js';
import { BATCH, INPUT, inputData, LEARNING_RATE, ROWS, startValues, targetData } from './model.js';

const { size, seconds } = contenderArguments();
const start = startValues(size);
const loss = lossOf(size);
const parameters: Parameters = new Map(start.map(({ name, shape, data }) => [name, { data, dims: shape }]));
const trainer = await Trainer.create({ loss, parameters });
const dims = [BATCH, ROWS, INPUT];
const batch = { x: { data: inputData(), dims }, target: { data: targetData(), dims } };
await measure(async () => (await trainer.train(batch, { learningRate: LEARNING_RATE })).loss, seconds);
