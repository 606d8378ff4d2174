import type { Agreement } from '../evaluate/judge/agreement.js';
import type { Judgement, JudgeReport } from '../evaluate/judge/judge.js';
import { QUESTIONS, type Question } from '../evaluate/judge/questions.js';
import { METHODS } from '../evaluate/results.js';
import { formatTable } from '../evaluate/table.js';

/** A judging as tables: one for each judge, and how far two agree. */
export function judgeTables({ judges, agreement }: Judgement): string {
  const tables = judges.map(scores);
  return [...tables, ...(agreement ? [agreementTable(agreement)] : [])].join('\n\n');
}

function scores({ model, methods, unanswered }: JudgeReport): string {
  const rows = METHODS.flatMap((method) => (methods[method] ? [{ method, ...methods[method] }] : []));
  type Row = (typeof rows)[number];
  const table = formatTable<Row>(rows, [
    { title: 'method', value: ({ method }) => method },
    ...[...QUESTIONS, 'average' as const].map((question) => ({
      title: question,
      value: (row: Row) => {
        if (row[question] === undefined) return undefined;
        const { mean, low, high } = row[question].scaled;
        return `${mean.toFixed(1)} [${low.toFixed(1)}, ${high.toFixed(1)}]`;
      },
    })),
    { title: 'sets', value: (row) => Math.max(...QUESTIONS.map((q) => row[q]?.sets ?? 0)), digits: 0 },
  ]);
  const lost =
    unanswered.length === 0 ? '' : `\n${unanswered.length} questions got no answer of the right form`;
  return `${model}: 20 x the score of 1 to 5, with its 95% interval over queries\n${table}${lost}`;
}

function agreementTable(agreement: Partial<Record<Question, Agreement>>): string {
  const rows = QUESTIONS.flatMap((question) =>
    agreement[question] ? [{ question, ...agreement[question] }] : [],
  );
  return formatTable(rows, [
    { title: 'agreement', value: ({ question }) => question },
    { title: 'rated', value: ({ n }) => n, digits: 0 },
    { title: 'equal', value: ({ exact }) => exact },
    { title: 'kappa', value: ({ kappa }) => kappa },
    { title: 'Spearman', value: ({ spearman }) => spearman },
    { title: 'alpha', value: ({ alpha }) => alpha },
  ]);
}
