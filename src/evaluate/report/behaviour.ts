/**
 * The page's script: sorts tables and shows sets query by query. Plain JavaScript for the browser, as text because the
 * report is one file. Texts from the catalog reach the page by `textContent` only.
 */
export const BEHAVIOUR = `
'use strict';
const find = (selector, root = document) => root.querySelector(selector);
const findAll = (selector, root = document) => [...root.querySelectorAll(selector)];
const make = (tag, className, text) => {
  const element = document.createElement(tag);
  if (className) element.className = className;
  if (text !== undefined) { element.textContent = text; element.dir = 'auto'; }
  return element;
};

// Tables: a click on a heading sorts, another turns the order round. Cells without a figure stay last.
for (const button of findAll('th > button')) {
  button.addEventListener('click', () => {
    const heading = button.parentElement;
    const body = heading.closest('table').tBodies[0];
    const before = heading.getAttribute('aria-sort');
    const first = heading.dataset.first || 'descending';
    const order = before === null ? first : before === 'ascending' ? 'descending' : 'ascending';
    for (const other of heading.parentElement.children) other.removeAttribute('aria-sort');
    heading.setAttribute('aria-sort', order);
    const key = (row) => row.cells[heading.cellIndex].dataset.value;
    const sign = order === 'ascending' ? 1 : -1;
    const rows = [...body.rows].sort((a, b) => {
      const [x, y] = [key(a), key(b)];
      if (x === undefined || y === undefined) return (x === undefined) - (y === undefined);
      return sign * (x - y);
    });
    body.append(...rows);
  });
}

// Sets, query by query.
const source = find('#payload');
if (source) {
  const data = JSON.parse(source.textContent);
  const list = find('#query-list');
  const search = find('#query-search');
  const chips = findAll('#method-chips input');
  const withPictures = data.pictures.length > 0;
  const buttons = data.queries.map((query, number) => {
    const button = make('button', '', query.text);
    button.type = 'button';
    button.addEventListener('click', () => select(number));
    const entry = make('li');
    entry.append(button);
    list.append(entry);
    return button;
  });
  let selected = -1;

  function select(number) {
    if (selected >= 0) buttons[selected].removeAttribute('aria-current');
    selected = number;
    const button = buttons[number];
    button.setAttribute('aria-current', 'true');
    const [top, bottom] = [button.offsetTop, button.offsetTop + button.offsetHeight];
    if (top < list.scrollTop || bottom > list.scrollTop + list.clientHeight) list.scrollTop = top - 40;
    render();
  }

  function render() {
    const query = data.queries[selected];
    find('#query-title').textContent = query.text;
    const reference = find('#query-reference');
    reference.hidden = query.reference.length === 0;
    find('summary', reference).textContent = 'Reference set, ' + query.reference.length + (query.reference.length === 1 ? ' item' : ' items');
    find('ul', reference).replaceChildren(...query.reference.map((title) => make('li', '', title)));
    const sets = chips.filter((chip) => chip.checked).map((chip) => setOf(query, Number(chip.value), chip));
    find('#query-sets').replaceChildren(...(sets.length > 0 ? sets : [make('p', 'nothing', 'Choose a method above.')]));
  }

  function setOf(query, method, chip) {
    const set = query.sets[method];
    const article = make('article', 'set');
    const heading = make('h4');
    heading.append(find('svg', chip.parentElement).cloneNode(true), data.methods[method].name);
    article.append(heading);
    if (!set) {
      article.append(make('p', 'nothing', 'No set for this query.'));
      return article;
    }
    const figures = make('dl', 'figures');
    data.metrics.forEach((name, i) => {
      const value = set.figures[i];
      const bar = make('dd', 'bar');
      bar.style.setProperty('--share', Math.max(0, Math.min(1, value || 0)));
      bar.append(make('span', '', value === null ? '–' : value.toFixed(2)));
      figures.append(make('dt', '', name), bar);
    });
    const items = make('ol', 'items');
    items.append(...set.items.map((item) => cardOf(query, set, item)));
    article.append(figures, items);
    return article;
  }

  function cardOf(query, set, [row, direction, relevant]) {
    const [title, picture] = data.items[row];
    const card = make('li', relevant ? 'card relevant' : 'card');
    if (picture >= 0) {
      const image = make('img');
      image.src = data.pictures[picture];
      image.alt = '';
      card.append(image);
    } else if (withPictures) card.append(make('span', 'no-picture'));
    const words = make('div', 'words');
    const name = make('span', 'title', title);
    name.title = title;
    words.append(name);
    const via = set.subQueries[direction];
    if (via !== undefined && via !== query.text) words.append(make('span', 'via', via));
    if (relevant) words.append(make('span', 'hit', '✓ relevant'));
    card.append(words);
    return card;
  }

  function filter() {
    const wanted = search.value.trim().toLowerCase();
    let count = 0;
    buttons.forEach((button, number) => {
      const shown = data.queries[number].text.toLowerCase().includes(wanted);
      button.parentElement.hidden = !shown;
      if (shown) count++;
    });
    find('#query-count').textContent = count + ' of ' + buttons.length;
  }

  search.addEventListener('input', filter);
  search.addEventListener('keydown', (event) => {
    const first = buttons.findIndex((button) => !button.parentElement.hidden);
    if (first < 0 || (event.key !== 'Enter' && event.key !== 'ArrowDown')) return;
    event.preventDefault();
    if (event.key === 'Enter') select(first);
    else buttons[first].focus();
  });
  list.addEventListener('keydown', (event) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (!step) return;
    event.preventDefault();
    let next = buttons.indexOf(document.activeElement) + step;
    while (buttons[next] && buttons[next].parentElement.hidden) next += step;
    if (buttons[next]) { buttons[next].focus(); select(next); } else if (next < 0) search.focus();
  });
  for (const chip of chips) chip.addEventListener('change', render);
  for (const link of findAll('[data-query]')) {
    link.addEventListener('click', () => {
      search.value = '';
      filter();
      select(Number(link.dataset.query));
      find('#query-title').focus();
    });
  }
  filter();
  find('#explorer').hidden = false;
  select(0);
}
`;
