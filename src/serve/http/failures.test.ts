import { expect, it } from 'vitest';
import { IndexError, WriteError } from '../../errors.js';
import { problemFrom } from './failures.js';

it('tells of a search engine that is gone, but not where it was', () => {
  const problem = problemFrom(new IndexError('milvus://10.0.0.1:19530/shop: ECONNREFUSED'));
  expect(problem).toMatchObject({ status: 503, retryAfter: 1, cause: { name: 'IndexError' } });
  expect(problem.message).not.toContain('10.0.0.1');
});

it('tells of a disk that is full, but not which file was to be written', () => {
  const problem = problemFrom(new WriteError('/srv/shop/journal.jsonl: the disk is full'));
  expect(problem).toMatchObject({ status: 503, retryAfter: 60, cause: { name: 'WriteError' } });
  expect(problem.message).not.toContain('/srv');
});
