/**
 * What goes over the wire. These schemas validate requests, document them (OpenAPI) and give the client its types.
 */
export * from './schemas/filter.js';
export * from './schemas/info.js';
export * from './schemas/items.js';
export * from './schemas/labels.js';
export * from './schemas/problem.js';
export * from './schemas/search.js';
export * from './schemas/shared.js';
