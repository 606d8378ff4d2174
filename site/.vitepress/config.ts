/** The documentation as a site: pages of `docs/`, and the API reference that TypeDoc makes of the code. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { type DefaultTheme, defineConfig } from 'vitepress';
import llmstxt from 'vitepress-plugin-llms';

const apiSidebar = new URL('../pages/api/typedoc-sidebar.json', import.meta.url);
const api = existsSync(apiSidebar)
  ? (JSON.parse(readFileSync(apiSidebar, 'utf8')) as DefaultTheme.SidebarItem[])
  : [];

const pages = (...names: (readonly [string, string])[]): DefaultTheme.SidebarItem[] =>
  names.map(([text, name]) => ({ text, link: `/${name}` }));

const guide: DefaultTheme.SidebarItem[] = [
  {
    text: 'Begin',
    items: pages(
      ['How it works', 'how-it-works'],
      ['Your first catalog', 'first-catalog'],
      ['Sets from your order history', 'order-history'],
      ['From your LLM', 'from-your-llm'],
      ['In production', 'production'],
      ['In the browser', 'explorer'],
    ),
  },
  {
    text: 'Use',
    items: pages(
      ['Command line', 'cli'],
      ['Configuration', 'config'],
      ['Library', 'library'],
      ['HTTP service', 'http'],
      ['Filters', 'filters'],
      ['Data', 'data'],
      ['Policies', 'policies'],
      ['In a browser or an edge worker', 'web'],
      ['Extending', 'extend'],
    ),
  },
  {
    text: 'Understand',
    items: pages(
      ['Concepts', 'concepts'],
      ['The paper', 'paper'],
      ['Evaluating', 'evaluate'],
      ['LLM judge', 'judge'],
      ['Results', 'results'],
      ['Reliability', 'reliability'],
      ['Design notes', 'design'],
    ),
  },
];

/** Pages that no group names, by their headings, so that none is lost. */
function others(): DefaultTheme.SidebarItem[] {
  const folder = new URL('../pages/', import.meta.url);
  const named = new Set(guide.flatMap(({ items = [] }) => items.map(({ link }) => link)));
  const items = readdirSync(folder)
    .filter((file) => file.endsWith('.md') && file !== 'index.md')
    .map((file) => ({
      text: /^# (.+)$/m.exec(readFileSync(new URL(file, folder), 'utf8'))?.[1] ?? file,
      link: `/${file.slice(0, -3)}`,
    }))
    .filter(({ link }) => !named.has(link));
  return items.length > 0 ? [{ text: 'More', items }] : [];
}

const sidebar = [...guide, ...others()];

export default defineConfig({
  title: 'r4t',
  description: 'Compiles what you know of good sets into a fast set retriever over your own catalog.',
  srcDir: 'pages',
  outDir: 'dist',
  base: process.env.DOCS_BASE ?? '/',
  cleanUrls: true,
  vite: {
    plugins: [
      // The API reference is for looking up, and longer than all else.
      llmstxt({ ignoreFiles: ['api/**'], sidebar, domain: process.env.DOCS_DOMAIN }),
    ],
    build: { chunkSizeWarningLimit: 2000 },
  },
  themeConfig: {
    search: { provider: 'local' },
    outline: [2, 3],
    nav: [
      { text: 'Guide', link: '/how-it-works' },
      { text: 'API', link: '/api/' },
      { text: 'llms.txt', link: '/llms.txt', target: '_blank' },
    ],
    // Apart: a list of some hundred names is no use on a page that is read.
    sidebar: { '/api/': [{ text: 'API', link: '/api/', items: api }], '/': sidebar },
  },
});
