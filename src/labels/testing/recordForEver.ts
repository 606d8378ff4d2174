/** A process of its own that records judgments until it is killed, and tells each that is on disk. */
import { LabelFolder } from '../labelFolder.js';

const folder = new LabelFolder(process.argv[2]);
for (let i = 0; ; i++) {
  const item = `${process.pid}-${i}`;
  await folder.record([{ id: item, query: 'camping', item, verdict: 'up' }]);
  process.stdout.write(`${item}\n`);
}
