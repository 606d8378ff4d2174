import { join } from 'node:path';
import { InputError } from '../../errors.js';
import { readJson, removeTemporaries, writeFileAtomic, writeJson } from '../../files.js';
import type { ReportData } from '../results.js';
import { reportMarkdown } from './markdown.js';
import { reportPage } from './page.js';
import { inlinePictures } from './pictures.js';
import { meaningful, reportSchema, resultsFile } from './schema.js';

/** The files of a report, in its folder. */
const REPORT_FILES = {
  results: 'results.json',
  data: 'report.json',
  markdown: 'report.md',
  page: 'report.html',
} as const;

/**
 * Writes an evaluation into a folder: `results.json` (the figures for other programs), `report.json` (everything, see
 * {@link readReport}), `report.md` (the tables) and `report.html` (a page that opens without network).
 *
 * @returns the data as written, without figures that say nothing
 * @throws R4tError if the folder cannot be written
 */
export async function writeReport(folder: string, data: ReportData): Promise<ReportData> {
  const shown = meaningful(data);
  await writeJson(join(folder, REPORT_FILES.results), resultsFile(shown.results));
  // Not indented: thousands of sets would be three times as large.
  await writeFileAtomic(join(folder, REPORT_FILES.data), `${JSON.stringify(shown)}\n`);
  await writeFileAtomic(join(folder, REPORT_FILES.markdown), reportMarkdown(shown));
  const page = reportPage(shown, await inlinePictures(shown.queries));
  await writeFileAtomic(join(folder, REPORT_FILES.page), page);
  await removeTemporaries(folder);
  return shown;
}

/**
 * What {@link writeReport} wrote.
 *
 * @throws InputError if the folder holds no report, or a damaged one
 */
export async function readReport(folder: string): Promise<ReportData> {
  const file = join(folder, REPORT_FILES.data);
  const result = reportSchema.safeParse(await readJson(file));
  if (result.success) return result.data;
  const { path, message } = result.error.issues[0];
  throw new InputError(`is not a report of r4t, or is damaged (${message})`, {
    file,
    field: path.length > 0 ? path.join('.') : undefined,
  });
}
