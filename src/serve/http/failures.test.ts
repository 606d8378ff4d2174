import { expect, it } from 'vitest';
import { IndexError } from '../../errors.js';
import { problemFrom } from './failures.js';

it('tells of a search engine that is gone, but not where it was', () => {
  const problem = problemFrom(new IndexError('milvus://10.0.0.1:19530/shop: ECONNREFUSED'));
  expect(problem).toMatchObject({ status: 503, retryAfter: 1, cause: { name: 'IndexError' } });
  expect(problem.message).not.toContain('10.0.0.1');
});
