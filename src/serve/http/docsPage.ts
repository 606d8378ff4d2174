/** The OpenAPI document as a page that needs nothing else: no script, no network. */
import { html, raw } from 'hono/html';
import type * as z from 'zod';
import { problemsOf } from './openapi.js';
import { type Operation, operations } from './operations.js';
import { components, PROBLEMS } from './schemas.js';

/** Markup; what a template of `html` is given is escaped unless it is markup itself. */
type Html = ReturnType<typeof html>;
type Json = { readonly [name: string]: unknown };

const STYLE = `
:root { color-scheme: light dark; --line: light-dark(#d8dce2, #3a3f47); --soft: light-dark(#f4f5f7, #22262c); }
body { font: 16px/1.5 system-ui, sans-serif; max-width: 62rem; margin: 2rem auto; padding: 0 1rem; }
h2 { border-top: 1px solid var(--line); padding-top: 1.2rem; margin-top: 2rem; font-size: 1.15rem; }
code, pre { font: 0.9em ui-monospace, monospace; background: var(--soft); border-radius: 4px; }
code { padding: 0.1em 0.3em; } pre { padding: 0.8rem; overflow-x: auto; }
table { border-collapse: collapse; width: 100%; font-size: 0.92rem; margin: 0.5rem 0; }
th, td { text-align: left; vertical-align: top; padding: 0.35rem 0.6rem; border-bottom: 1px solid var(--line); }
.scroll { overflow-x: auto; } nav a { margin-right: 0.9rem; white-space: nowrap; }
`;

/**
 * @param document what `openApi` returns
 * @param mount the path of the app that the service is part of
 */
export function docsPage(document: Json, mount = ''): Html {
  const schemas = (document.components as { schemas: Record<string, Json> }).schemas;
  const list = Object.entries(operations) as [string, Operation][];
  const links = list.map(([id, { path }]) => html`<a href="#${id}"><code>${path}</code></a> `);
  return html`<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>r4t HTTP service</title><style>${raw(STYLE)}</style></head><body>
<h1>r4t HTTP service</h1>
<p>Machine-readable: <a href="${mount}/openapi.json">${mount}/openapi.json</a> (OpenAPI 3.1). Where keys are set, send
<code>Authorization: Bearer &lt;key&gt;</code> or <code>X-API-Key: &lt;key&gt;</code>.</p>
<nav>${links}</nav>
${list.map(([id, operation]) => operationSection(id, operation))}
<h2 id="problems">Problems</h2>
<p>Every error is <code>application/problem+json</code> (<a href="#schema-Problem">Problem</a>).</p>
${table(
  ['type', 'status', 'meaning'],
  Object.entries(PROBLEMS).map(([code, { status, title }]) => [
    html`<code id="${code}">${mount}/docs#${code}</code>`,
    String(status),
    title,
  ]),
)}
${Object.entries(schemas).map(
  ([name, schema]) => html`<h2 id="schema-${name}">${name}</h2>${schemaSection(schema)}`,
)}
</body></html>`;
}

const ACCESS = { open: 'No key needed.', read: 'Any key.', full: 'Full keys only.' } as const;

function operationSection(id: string, operation: Operation): Html {
  const { method, path, summary, description = '', access, body, response } = operation;
  const problems = problemsOf(operation).map((code) => html`<a href="#${code}">${code}</a>`);
  return html`<h2 id="${id}"><code>${method.toUpperCase()} ${path}</code> ${summary}</h2>
<p>${inline(description)} ${ACCESS[access]}</p>${body && html`<p>Body: ${link(body.schema)}</p>`}
<p>Answer ${response.status}: ${response.schema ? link(response.schema) : response.contentType}</p>
<p>Problems: ${joined(problems, ', ')}</p>`;
}

function link(schema: z.ZodType): Html {
  const id = components.get(schema)?.id ?? '';
  return html`<a href="#schema-${id}">${id}</a>`;
}

/** The properties of a schema, those of inner objects indented below. */
function schemaSection(schema: Json): Html {
  const { description, properties } = schema as { description?: string; properties?: Record<string, Json> };
  const text = description !== undefined && html`<p>${inline(description)}</p>`;
  if (!properties) return html`${text}<p>${typeOf(schema)}</p>`;
  return html`${text}${table(['field', 'type', ''], propertyRows(schema, ''))}`;
}

function propertyRows(schema: Json, prefix: string): Content[][] {
  const { properties = {}, required = [] } = schema as {
    properties?: Record<string, Json>;
    required?: string[];
  };
  return Object.entries(properties).flatMap(([name, property]) => {
    const inner = (property.items ?? property) as Json;
    const path = `${prefix}${name}${property.items ? '[]' : ''}`;
    const optional = required.includes(name) ? '' : ' (optional)';
    const own = [html`<code>${path}</code>`, html`${typeOf(property)}${optional}`, inline(textOf(property))];
    return [own, ...propertyRows(inner, `${path}.`)];
  });
}

function textOf({ description = '', examples }: Json): string {
  const example = (examples as unknown[] | undefined)
    ?.map((value) => `\`${JSON.stringify(value)}\``)
    .join(', ');
  return example === undefined ? String(description) : `${description} For example ${example}.`;
}

/** A schema's type and bounds in a few words. */
function typeOf(schema: Json): Html {
  const { $ref, anyOf, type, items, prefixItems, minimum, maximum, maxItems, maxLength } = schema;
  if (typeof $ref === 'string') {
    const name = $ref.slice($ref.lastIndexOf('/') + 1);
    return html`<a href="#schema-${name}">${name}</a>`;
  }
  if (Array.isArray(anyOf))
    return joined(
      anyOf.map((one) => typeOf(one as Json)),
      ' or ',
    );
  if (schema.enum)
    return joined(
      (schema.enum as unknown[]).map((value) => html`<code>${String(value)}</code>`),
      ' ',
    );
  if (prefixItems) return html`[${joined((prefixItems as Json[]).map(typeOf), ', ')}]`;
  if (type === 'array') {
    return html`list of ${typeOf((items ?? {}) as Json)}${maxItems !== undefined && `, at most ${maxItems}`}`;
  }
  const range =
    minimum !== undefined && maximum !== undefined && Math.abs(maximum as number) < Number.MAX_SAFE_INTEGER
      ? `, ${minimum} to ${(maximum as number).toLocaleString('en')}`
      : '';
  const length =
    maxLength === undefined ? '' : `, at most ${(maxLength as number).toLocaleString('en')} characters`;
  return html`${String(type ?? 'any')}${range}${length}`;
}

type Content = Html | string;

function table(head: readonly string[], rows: readonly (readonly Content[])[]): Html {
  const names = head.map((name) => html`<th>${name}</th>`);
  const body = rows.map((row) => html`<tr>${row.map((cell) => html`<td>${cell}</td>`)}</tr>`);
  return html`<div class="scroll"><table><thead><tr>${names}</tr></thead><tbody>${body}</tbody></table></div>`;
}

const joined = (parts: readonly Html[], separator: string): Html =>
  html`${parts.map((part, i) => html`${i > 0 && separator}${part}`)}`;

/** Text with `code` between backticks. */
const inline = (text: string): Html =>
  html`${text.split(/`([^`]+)`/).map((part, i) => (i % 2 === 0 ? part : html`<code>${part}</code>`))}`;
