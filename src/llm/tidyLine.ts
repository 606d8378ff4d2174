/** A line that a language model wrote, without white space at will, a number or bullet before it, quotes and a full stop. */
export const tidyLine = (line: string): string =>
  line
    .replace(/\s+/g, ' ')
    .trim()
    .replace(/^(?:\d+[.)]|[-*•])\s+/, '')
    .replace(/^["'“”]+|["'“”.]+$/g, '');
